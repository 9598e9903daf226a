package main

import (
	"bytes"
	"testing"

	"go.uber.org/zap/zapcore"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

func TestNoLineIsDroppedInABusySecond(t *testing.T) {
	var out bytes.Buffer
	log := newLogger(zap.Options{DestWriter: &out})
	for range 1000 {
		log.Info("changed Graph")
	}
	if n := bytes.Count(out.Bytes(), []byte("changed Graph")); n != 1000 {
		t.Errorf("%d of 1000 lines", n)
	}
}

func TestTheLogIsNeverLoudEnoughForBodies(t *testing.T) {
	var out bytes.Buffer
	log := newLogger(zap.Options{DestWriter: &out, Level: zapcore.Level(-100)})
	log.V(8).Info("Response Body")
	if out.Len() > 0 {
		t.Errorf("logged: %s", out.String())
	}
	if log.V(7).Info("as loud as it gets"); out.Len() == 0 {
		t.Error("nothing is logged at 7")
	}
}
