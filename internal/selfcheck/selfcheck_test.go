package selfcheck_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/selfcheck"
)

func says(found, wrong string) selfcheck.Check {
	return func(context.Context) (string, error) {
		if wrong != "" {
			return "", errors.New(wrong)
		}
		return found, nil
	}
}

func TestRunAsksAgainWhatFailedAndNothingElse(t *testing.T) {
	var first, second int
	var out strings.Builder
	ok, err := selfcheck.Run(t.Context(), &out, time.Minute,
		func(ctx context.Context) (string, error) { first++; return says("first", "")(ctx) },
		func(ctx context.Context) (string, error) {
			if second++; second == 1 {
				return says("", "not yet")(ctx)
			}
			return says("second", "")(ctx)
		})
	if err != nil || !ok || first != 1 || second != 2 || out.String() != "ok    first\nok    second\n" {
		t.Errorf("%t, %v, after %d and %d questions:\n%s", ok, err, first, second, &out)
	}
}

func TestRunTellsWhatIsWrongWhenPatienceIsOver(t *testing.T) {
	var out strings.Builder
	ok, err := selfcheck.Run(t.Context(), &out, 0, says("", "it is broken"), says("fine", ""))
	if err != nil || ok || out.String() != "WRONG it is broken\nok    fine\n" {
		t.Errorf("%t, %v:\n%s", ok, err, &out)
	}
}
