package testenv

import (
	"testing"
	"time"
)

// Eventually asks again until nil, and ends the test with what was answered last if that takes longer than patience.
func Eventually(t testing.TB, patience time.Duration, what string, ask func() error) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("%s: %v", what, err)
		}
	}
}
