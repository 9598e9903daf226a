package main

import (
	"testing"
	"time"
)

// A short life of the same kind as `make chaos`, always with the same seed.
func TestChaos(t *testing.T) {
	err := run(t.Context(), t.Output(), options{
		seed: 4, users: 40, duration: 25 * time.Second, pace: 1500 * time.Millisecond, blows: 3 * time.Second,
		patience: 4 * time.Minute, quiet: 8 * time.Second,
	})
	if err != nil {
		t.Error(err)
	}
}
