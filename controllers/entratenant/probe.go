package entratenant

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
)

var working = conditions.True(v1alpha1.ReasonReady, "The credential works and Graph answers.")

// connection is what is found out about a tenant.
type connection struct {
	ready    conditions.Condition
	least    conditions.Condition // zero: not known
	progress conditions.Progress
}

// trialTime is how long a trial may take.
const trialTime = 30 * time.Second

// trial is the last time that a connection was tried, and what came of it.
type trial struct {
	version tenant.Version
	found   connection
	at      time.Time
}

// trials are the last trials by the names of EntraTenants. The zero value has none.
type trials struct {
	mu     sync.Mutex
	byName map[string]trial
	end    map[string]context.CancelFunc // of those that run
}

func (t *trials) get(name string) trial {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byName[name]
}

func (t *trials) put(name string, last trial) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byName == nil {
		t.byName = map[string]trial{}
	}
	t.byName[name] = last
}

func (t *trials) forget(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byName, name)
}

// begin notes that a trial runs, until end is called.
func (t *trials) begin(ctx context.Context, name string) (running context.Context, end func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	running, cancel := context.WithTimeout(ctx, trialTime)
	if t.end == nil {
		t.end = map[string]context.CancelFunc{}
	}
	t.end[name] = cancel
	return running, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.end, name)
		cancel()
	}
}

// interrupt ends the trial that runs.
func (t *trials) interrupt(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if cancel, ok := t.end[name]; ok {
		cancel()
	}
}

// errOutdated ends a look at an EntraTenant that was edited meanwhile.
var errOutdated = errors.New("the EntraTenant was edited meanwhile")

// try tries a connection and remembers what came of it. It ends with errOutdated as
// soon as the EntraTenant is edited: the next look waits for it.
//
// renew is for a connection that was in use: it gets a new token first, since something
// may have been granted.
func (r *Reconciler) try(ctx context.Context, t *tenant.Tenant, renew bool) (connection, error) {
	running, end := r.trials.begin(ctx, t.Name)
	defer end()
	if r.Tenants.Outdated(t) { // before the trial could be interrupted
		return connection{}, errOutdated
	}
	found := r.probe(running, t, renew)
	if r.Tenants.Outdated(t) {
		return connection{}, errOutdated
	}
	r.trials.put(t.Name, trial{version: t.Version, found: found, at: r.Now()})
	return found, nil
}

// probe tries the connection. What an administrator must mend becomes the
// tenant's problem; bad weather does not: its users see for themselves.
func (r *Reconciler) probe(ctx context.Context, t *tenant.Tenant, renew bool) connection {
	var err error
	if renew {
		err = t.Graph.Renew(ctx)
	}
	if err == nil {
		// To look up nobody needs a token and the permission to read users; that there is no such user is a success.
		_, err = t.Graph.User(ctx, graph.Nobody)
	}
	if err == nil || graph.KindOf(err) == graph.NotFound {
		return connection{ready: working, least: r.leastPrivilege(ctx, t)}
	}
	failure, ok := errors.AsType[*graph.Error](err)
	if !ok {
		failure = &graph.Error{Kind: graph.Unavailable, Cause: "no answer"}
	}
	switch failure.Kind {
	case graph.Throttled:
		return connection{ready: conditions.Unknown(v1alpha1.ReasonThrottled, "Graph asked for a pause."), progress: conditions.InProgress}
	case graph.Forbidden, graph.Restricted, graph.TokenRefused:
		return setProblem(t, v1alpha1.ReasonForbidden, noAccess(failure))
	case graph.CredentialFailed:
		return setProblem(t, v1alpha1.ReasonCredentialRefused, noToken(failure))
	default:
		return connection{ready: conditions.Unknown(v1alpha1.ReasonGraphUnavailable, noAnswer(&t.Spec, failure)), progress: conditions.InProgress}
	}
}

func setProblem(t *tenant.Tenant, reason, message string) connection {
	t.Problem = &tenant.Problem{Reason: reason, Message: message}
	return connection{ready: conditions.False(reason, message), progress: conditions.Failed}
}
