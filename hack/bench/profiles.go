package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/entraops/phone-operator/internal/testing/install"
)

// profiled measures something, and keeps profiles of the operator: of the CPU in the midst of it, of the heap at its end.
func (b *bench) profiled(ctx context.Context, name string, measure func() error) error {
	if b.profiles == "" {
		return measure()
	}
	midst, stop := context.WithCancel(ctx)
	cpu := make(chan error, 1)
	go func() {
		if sleep(midst, profileAfter) != nil {
			cpu <- nil // over before it began
			return
		}
		cpu <- b.profile(ctx, fmt.Sprintf("profile?seconds=%.0f", profileFor.Seconds()), name+".cpu.pprof")
	}()
	err := measure()
	stop()
	if err == nil {
		err = b.profile(ctx, "heap", name+".heap.pprof")
	}
	if failed := <-cpu; err == nil {
		err = failed
	}
	return err
}

// A profile of the CPU is taken when what is measured is on its way, and for so long.
const profileAfter, profileFor = 1 * time.Second, 20 * time.Second

// profile fetches one profile into a file.
func (b *bench) profile(ctx context.Context, what, file string) error {
	text, err := install.Get(ctx, "http://"+b.operator.Profiles+"/debug/pprof/"+what)
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	if err := os.MkdirAll(b.profiles, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.profiles, file), text, 0o600)
}
