package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/internal/leash"
)

func TestAProgramThatEndsByItselfEndsTheRun(t *testing.T) {
	p, err := leash.Logged(filepath.Join(t.TempDir(), "operator.log"), nil, "/bin/sh", "-c", "exit 4")
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{}
	ctx, cancel := context.WithCancelCause(t.Context())
	d.fail = cancel
	d.needs("operator", p)
	<-ctx.Done()
	if err := context.Cause(ctx); !strings.Contains(err.Error(), "the operator ended by itself: exit status 4") {
		t.Errorf("got %v", err)
	}
}
