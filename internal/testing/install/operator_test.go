package install

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/internal/leash"
)

func TestWhoWaitsForAnOperatorThatEndsByItselfIsToldWhatItSaid(t *testing.T) {
	log := filepath.Join(t.TempDir(), "operator.log")
	p, err := leash.Logged(log, nil, "/bin/sh", "-c", "echo cannot go on; exit 4")
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	err = (&Operator{Process: p, Log: log, Probes: "127.0.0.1:0"}).Ready(t.Context())
	if err == nil || !strings.Contains(err.Error(), "ended by itself: exit status 4\ncannot go on") {
		t.Errorf("got %v", err)
	}
}
