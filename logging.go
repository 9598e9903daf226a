package main

import (
	"go.uber.org/zap/zapcore"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// loudest is the highest verbosity that is logged. From 8 on client-go logs the
// bodies of its requests, and a resource may hold a phone number.
const loudest = zapcore.Level(-7)

// quieten keeps personal data out of the log at every --zap-log-level.
func quieten(o *zap.Options) {
	if o.Level != nil {
		o.Level = capped{o.Level}
	}
}

type capped struct{ zapcore.LevelEnabler }

func (c capped) Enabled(l zapcore.Level) bool { return l >= loudest && c.LevelEnabler.Enabled(l) }
