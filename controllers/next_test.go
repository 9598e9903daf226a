package controllers

import (
	"errors"
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/throttle"
)

func TestWhenTheUserIsLookedAtAgain(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "phoneauthenticationmethods"}, "a", errors.New("modified"))
	failed := func(k graph.Kind, status int, after time.Duration) error {
		return fmt.Errorf("list phone methods: %w", &graph.Error{Kind: k, Status: status, RetryAfter: after})
	}
	resync := new(tenant.Tenant).Spec.ResyncPeriodOrDefault()
	for name, c := range map[string]struct {
		err       error
		change    func(*pass)
		from, to  time.Duration // to: 0 is from, exactly
		low, back bool          // back: err comes back, for the queue to back off
	}{
		"a pass that came to verdicts, at the resync":  {from: resync * 9 / 10, to: resync * 11 / 10, low: true},
		"a pass that asked for another look":           {change: func(p *pass) { p.look = 7 * time.Second }, from: 7 * time.Second},
		"a tenant that is not connected wakes its own": {change: func(p *pass) { p.tenant = nil }},
		"no resource of the user is left":              {change: func(p *pass) { p.claims = nil }},
		"all of the user's resources are suspended":    {change: func(p *pass) { p.claims[0].Suspended = true }},
		"throttled, when Graph says":                   {err: failed(graph.Throttled, 429, 30*time.Second), from: 30 * time.Second, to: 36 * time.Second},
		"throttled, and it is over by now":             {err: failed(graph.Throttled, 429, 0), from: retryConflict, to: 2 * retryConflict},
		"forbidden, when somebody may have mended it":  {err: failed(graph.Forbidden, 403, 0), from: firstLook, to: firstLook * 6 / 5},
		"no credential, too":                           {err: failed(graph.CredentialFailed, 401, 0), from: firstLook, to: firstLook * 6 / 5},
		"forbidden once more":                          {err: failed(graph.Forbidden, 403, 0), change: func(p *pass) { p.mended() }, from: 2 * firstLook, to: 2 * firstLook * 6 / 5},
		"forbidden for long": {err: failed(graph.Forbidden, 403, 0), from: retryTenant, to: retryTenant * 6 / 5, change: func(p *pass) {
			for range 10 {
				p.mended()
			}
		}},
		"another user is forbidden": {err: failed(graph.Forbidden, 403, 0), from: firstLook, to: firstLook * 6 / 5, change: func(p *pass) {
			p.mended()
			p.key.User = "another"
		}},
		"Graph does not answer, when the breaker says": {err: failed(graph.Unavailable, 0, 30*time.Second), from: 30 * time.Second},
		"Graph does not answer, and there is no word":  {err: failed(graph.Unavailable, 0, 0), back: true},
		"Graph answers that it is unwell":              {err: failed(graph.Unavailable, 502, 30*time.Second), back: true},
		"a refusal":                                    {err: failed(graph.Refused, 400, 0), back: true},
		"a number that is taken":                       {err: failed(graph.NumberNotUnique, 409, 0), back: true},
		"a user that went away":                        {err: failed(graph.NotFound, 404, 0), back: true},
		"a write that may have been done":              {err: failed(graph.Unclear, 0, 0), back: true},
		"a resource was changed meanwhile, at once":    {err: fmt.Errorf("write the status: %w", conflict), from: retryConflict},
		"two resources were":                           {err: errors.Join(conflict, errors.Join(conflict)), from: retryConflict},
		"the tenant was changed meanwhile, at once":    {err: errors.Join(errTenantChanged, nil), from: retryConflict},
		"the cache is behind":                          {err: fmt.Errorf("look: %w", errBehind), from: retryConflict},
		"it is, and another cannot be written":         {err: errors.Join(errBehind, errors.New("no space")), back: true},
		"one was, and another cannot be written":       {err: errors.Join(conflict, errors.New("no space")), back: true},
		"one was, and Graph is throttled": {
			err: errors.Join(conflict, failed(graph.Throttled, 429, 30*time.Second)), from: 30 * time.Second, to: 36 * time.Second,
		},
		"anything else": {err: errors.New("no space"), back: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := passOf(plan.Claim{})
			p.tenant.Throttle = throttle.New(time.Now, nil, "")
			if c.change != nil {
				c.change(p)
			}
			next, err := p.next(t.Context(), c.err)
			if back := err != nil; back != c.back || back && !errors.Is(err, c.err) {
				t.Errorf("the queue gets %v, want that: %v", err, c.back)
			}
			if d := next.RequeueAfter; d < c.from || d > max(c.from, c.to) {
				t.Errorf("the next look is after %v, want %v to %v", d, c.from, c.to)
			}
			if low := next.Priority != nil && *next.Priority == handler.LowPriority; low != c.low {
				t.Errorf("low priority is %v, want %v", low, c.low)
			}
		})
	}
}
