package testenv

import (
	"testing"
	"time"
)

// A question is asked again after a fifth of the time that it has been asked for, within these bounds: whoever waits
// for seconds does not take the machine's time from what is waited for.
const (
	soonest = 20 * time.Millisecond
	latest  = time.Second
)

// Eventually asks again until nil, and ends the test with what was answered last if that takes longer than patience.
func Eventually(t testing.TB, patience time.Duration, what string, ask func() error) {
	t.Helper()
	began := time.Now()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-time.After(min(max(time.Since(began)/5, soonest), latest)):
		case <-deadline.C:
			t.Fatalf("%s: %v", what, err)
		}
	}
}
