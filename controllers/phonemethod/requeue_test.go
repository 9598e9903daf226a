package phonemethod

import (
	"errors"
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/user"
)

func failed(k graph.Kind, status int, after time.Duration) error {
	return fmt.Errorf("list phone methods: %w", &graph.Error{Kind: k, Status: status, RetryAfter: after})
}

func TestRequeue(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "phoneauthenticationmethods"}, "a", errors.New("modified"))
	const resync = time.Hour
	due := func(driftCheck bool) nextReconcile {
		return nextReconcile{at: aMoment.Add(9 * time.Minute), driftCheck: driftCheck}
	}
	for name, c := range map[string]struct {
		outcome   outcome
		due       nextReconcile
		mended    time.Duration
		from, to  time.Duration // to: 0 is from, exactly
		low, back bool          // back: err comes back, for the queue to back off
	}{
		"verdicts, at the resync":                        {outcome: outcome{resync: resync}, from: resync * 9 / 10, to: resync * 11 / 10, low: true},
		"a resource waits for something":                 {outcome: outcome{resync: resync, after: 7 * time.Second}, from: 7 * time.Second},
		"nothing to do until an edit":                    {},
		"nothing is due yet":                             {outcome: outcome{early: true}, due: due(false), from: 9 * time.Minute},
		"no drift check is due yet":                      {outcome: outcome{early: true}, due: due(true), from: 9 * time.Minute, low: true},
		"nothing is due yet, whatever was refused wants": {outcome: outcome{early: true, after: time.Second}, due: due(false), from: 9 * time.Minute},
		"throttled, when Graph says":                     {outcome: outcome{err: failed(graph.Throttled, 429, 30*time.Second)}, from: 30 * time.Second, to: 36 * time.Second},
		"throttled, when the tenant's pause ends":        {outcome: outcome{err: failed(graph.Throttled, 429, 0)}, mended: 20 * time.Second, from: 20 * time.Second, to: 24 * time.Second},
		"throttled, and it is over by now":               {outcome: outcome{err: failed(graph.Throttled, 429, 0)}, from: conflictRetry, to: 2 * conflictRetry},
		"forbidden, when somebody may have mended it":    {outcome: outcome{err: failed(graph.Forbidden, 403, 0)}, mended: firstRetry, from: firstRetry, to: firstRetry * 6 / 5},
		"no credential, too":                             {outcome: outcome{err: failed(graph.CredentialFailed, 401, 0)}, mended: firstRetry, from: firstRetry, to: firstRetry * 6 / 5},
		"a policy that protects the user, at the resync": {outcome: outcome{err: failed(graph.Restricted, 403, 0), resync: resync}, from: resync * 9 / 10, to: resync * 11 / 10, low: true},
		"Graph does not answer, when the breaker says":   {outcome: outcome{err: failed(graph.Unavailable, 0, 30*time.Second)}, from: 30 * time.Second},
		"Graph does not answer, and there is no word":    {outcome: outcome{err: failed(graph.Unavailable, 0, 0)}, back: true},
		"Graph answers that it is unwell":                {outcome: outcome{err: failed(graph.Unavailable, 502, 30*time.Second)}, back: true},
		"a refusal":                                      {outcome: outcome{err: failed(graph.Refused, 400, 0)}, back: true},
		"a number that is taken":                         {outcome: outcome{err: failed(graph.NumberNotUnique, 409, 0)}, back: true},
		"a user that went away":                          {outcome: outcome{err: failed(graph.NotFound, 404, 0)}, back: true},
		"a write that may have been done":                {outcome: outcome{err: failed(graph.Unclear, 0, 0)}, back: true},
		"a resource was changed meanwhile, at once":      {outcome: outcome{err: fmt.Errorf("write the status: %w", conflict)}, from: conflictRetry},
		"two resources were":                             {outcome: outcome{err: errors.Join(conflict, errors.Join(conflict))}, from: conflictRetry},
		"the tenant was changed meanwhile, at once":      {outcome: outcome{err: errors.Join(errTenantChanged, nil)}, from: conflictRetry},
		"the cache is behind":                            {outcome: outcome{err: fmt.Errorf("look: %w", behindError{})}, from: conflictRetry},
		"it is, and another cannot be written":           {outcome: outcome{err: errors.Join(behindError{}, errors.New("no space"))}, back: true},
		"one was, and another cannot be written":         {outcome: outcome{err: errors.Join(conflict, errors.New("no space"))}, back: true},
		"one was, and Graph is throttled": {
			outcome: outcome{err: errors.Join(conflict, failed(graph.Throttled, 429, 30*time.Second))}, from: 30 * time.Second, to: 36 * time.Second,
		},
		"anything else": {outcome: outcome{err: errors.New("no space"), after: time.Second}, back: true},
	} {
		t.Run(name, func(t *testing.T) {
			next, err := requeue(snapshot{now: aMoment, due: c.due}, c.outcome, c.mended)
			if back := err != nil; back != c.back || back && !errors.Is(err, c.outcome.err) {
				t.Errorf("the queue gets %v, want that: %v", err, c.back)
			}
			if d := next.RequeueAfter; d < c.from || d > max(c.from, c.to) {
				t.Errorf("the user is reconciled after %v, want %v to %v", d, c.from, c.to)
			}
			if low := next.Priority != nil && *next.Priority == handler.LowPriority; low != c.low {
				t.Errorf("low priority is %v, want %v", low, c.low)
			}
		})
	}
}

// Each retry comes later than the one before, up to a bound, and one user's refusals are none of
// another's.
func TestARefusedPermissionIsTriedLaterAndLater(t *testing.T) {
	m := newMemory(aMoment)
	key := user.Key{Tenant: "contoso", User: ada}
	for i, want := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 5 * time.Minute, 5 * time.Minute} {
		if got := m.countPermissionRefusal(key); got != want {
			t.Errorf("retry %d is after %v, want %v", i+1, got, want)
		}
	}
	if got := m.countPermissionRefusal(user.Key{Tenant: "contoso", User: bob}); got != firstRetry {
		t.Errorf("another user's is after %v", got)
	}
}

// What two stages come to together does not depend on their order, but for whose error it is, and
// is never later than what either asks for.
func TestOutcomesOfTwoStages(t *testing.T) {
	draw := func(t *rapid.T, name string) outcome {
		wait := rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute, time.Hour})
		return outcome{
			after: wait.Draw(t, name+" after"), aside: wait.Draw(t, name+" aside"), resync: wait.Draw(t, name+" resync"),
			early: rapid.Bool().Draw(t, name+" early"),
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "one"), draw(t, "other")
		both := a.and(b)
		if both != b.and(a) {
			t.Errorf("%+v one way, %+v the other", both, b.and(a))
		}
		for _, o := range []outcome{a, b} {
			if o.after > 0 && (both.after == 0 || both.after > o.after) || o.aside > 0 && (both.aside == 0 || both.aside > o.aside) || o.resync > 0 && both.resync == 0 {
				t.Errorf("%+v and %+v come to %+v", a, b, both)
			}
		}
		if a.and(outcome{}) != a {
			t.Errorf("nothing changed %+v", a)
		}
	})
}
