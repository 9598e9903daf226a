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

// probeTimeout is how long a probe may take.
const probeTimeout = 30 * time.Second

// probeResult is the last time that a connection was tried, and what came of it.
type probeResult struct {
	version tenant.Version
	found   connection
	at      time.Time
}

// probes are the last probes by the names of EntraTenants. The zero value has none.
type probes struct {
	mu     sync.Mutex
	byName map[string]probeResult
	end    map[string]context.CancelFunc // of those that run
}

func (p *probes) get(name string) probeResult {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byName[name]
}

func (p *probes) put(name string, last probeResult) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byName == nil {
		p.byName = map[string]probeResult{}
	}
	p.byName[name] = last
}

func (p *probes) forget(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byName, name)
}

// begin notes that a probe runs, until end is called.
func (p *probes) begin(ctx context.Context, name string) (running context.Context, end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	running, cancel := context.WithTimeout(ctx, probeTimeout)
	if p.end == nil {
		p.end = map[string]context.CancelFunc{}
	}
	p.end[name] = cancel
	return running, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.end, name)
		cancel()
	}
}

// interrupt ends the probe that runs.
func (p *probes) interrupt(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cancel, ok := p.end[name]; ok {
		cancel()
	}
}

// errOutdated ends a look at an EntraTenant that was edited meanwhile.
var errOutdated = errors.New("the EntraTenant was edited meanwhile")

// probe tries a connection and remembers what came of it. It ends with errOutdated as
// soon as the EntraTenant is edited: the next look waits for it.
//
// renew is for a connection that was in use: it gets a new token first, since something
// may have been granted.
func (r *Reconciler) probe(ctx context.Context, t *tenant.Tenant, renew bool) (connection, error) {
	running, end := r.probes.begin(ctx, t.Name)
	defer end()
	if r.Tenants.Outdated(t) { // before the probe could be interrupted
		return connection{}, errOutdated
	}
	found := r.ask(running, t, renew)
	if r.Tenants.Outdated(t) {
		return connection{}, errOutdated
	}
	r.probes.put(t.Name, probeResult{version: t.Version, found: found, at: r.Now()})
	return found, nil
}

// ask asks Graph over the connection. What an administrator must mend becomes the
// tenant's problem; bad weather does not: its users see for themselves.
func (r *Reconciler) ask(ctx context.Context, t *tenant.Tenant, renew bool) connection {
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
