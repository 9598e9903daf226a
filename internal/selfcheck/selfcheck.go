// Package selfcheck finds out whether an installation of the operator works, under the operator's own identity and with no
// right that it does not have anyway: whether the API server serves the kinds and grants the rights, whether a replica
// leads, whether the webhook is heard, whether the tenants are ready. It changes nothing. It leaves out what only an
// administrator may see, such as Deployments and policies.
package selfcheck

import (
	"context"
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// Check is one question about the installation. found is a sentence that says what is in order; the error says what is
// not, and what to do. It is asked again until it succeeds, as an installation takes a moment to come up.
type Check func(ctx context.Context) (found string, err error)

// period is how long a check that failed waits for the next attempt.
const period = time.Second

// Run asks until all checks succeed or patience is over, at least once each, and writes a line for each. It reports whether
// all succeeded.
func Run(ctx context.Context, w io.Writer, patience time.Duration, checks ...Check) (ok bool, err error) {
	lines := make([]string, len(checks))
	passed := make([]bool, len(checks))
	attempt := func(ctx context.Context) bool {
		all := true
		for i, check := range checks {
			if passed[i] {
				continue
			}
			found, err := check(ctx)
			passed[i], lines[i] = err == nil, "ok    "+found
			if err != nil {
				lines[i] = "WRONG " + err.Error()
			}
			all = all && passed[i]
		}
		return all
	}
	if ok = attempt(ctx); !ok {
		// The last attempt is not cut off: its lines would then be about a context.
		until := time.Now().Add(patience)
		err := wait.PollUntilContextCancel(ctx, period, false, func(ctx context.Context) (bool, error) {
			if !time.Now().Before(until) {
				return true, nil
			}
			ok = attempt(ctx)
			return ok, nil
		})
		if err != nil {
			return false, err
		}
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return false, err
		}
	}
	return ok, nil
}
