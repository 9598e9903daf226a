package main

import (
	"github.com/go-logr/logr"
	"github.com/go-logr/zapr"
	uberzap "go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// loudest is the highest verbosity that is logged. From 8 on client-go logs the
// bodies of its requests, and a resource may hold a phone number.
const loudest = zapcore.Level(-7)

// newLogger makes the logger that the flags describe, with two differences: it
// keeps personal data out at every --zap-log-level, and it drops no line of a
// busy second, since the lines about changes in Graph are the audit log.
func newLogger(o zap.Options) logr.Logger {
	if o.Level != nil {
		o.Level = capped{o.Level}
	}
	var whole zapcore.Core // before it is sampled
	o.ZapOpts = append(o.ZapOpts, uberzap.WrapCore(func(c zapcore.Core) zapcore.Core { whole = c; return c }))
	raw := zap.NewRaw(zap.UseFlagOptions(&o))
	return zapr.NewLogger(raw.WithOptions(uberzap.WrapCore(func(zapcore.Core) zapcore.Core { return whole })))
}

type capped struct{ zapcore.LevelEnabler }

func (c capped) Enabled(l zapcore.Level) bool { return l >= loudest && c.LevelEnabler.Enabled(l) }
