package phonemethod

import (
	"context"
	"fmt"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/throttle"
	"github.com/entraops/phone-operator/internal/user"
)

// process is one run of the operator, from its start to its death.
type process struct {
	*Reconciler
	m        *model
	informer *informer
	indexes  indexes
	work     *queue
	throttle *throttle.Throttle

	cancel context.CancelFunc // of the pass that runs
	fuse   *fuse              // nil: nothing ends it

	spoil      func(o *pam, status bool) error // see spoils; nil: nothing does
	look       func()                          // happens at the next look at one resource; nil: nothing does
	secretless string                          // a namespace whose Secrets the operator may not read
}

// fuse ends the process, or the pass, at a call to the API server or Graph.
type fuse struct {
	calls int // how many more there are before it burns out; each counts twice, on its way and on the way back
	kill  bool
}

// killed is what a kill -9 looks like from inside: nothing after it runs.
type killed struct{ at string }

// startOperator starts a new operator over the cluster and the Graph that are
// there. It remembers nothing of an earlier one.
func (m *model) startOperator() {
	p := &process{m: m, informer: &informer{seen: maps.Clone(m.cluster.pams)}, indexes: indexes{}, work: newQueue()}
	m.process = p
	must(index.Add(context.Background(), p.indexes))
	p.Reconciler = &Reconciler{
		Client:  operatorClient{process: p},
		Reader:  reader{process: p},
		Events:  recorder{m},
		Tenants: tenant.NewRegistry(),
		Now:     time.Now,
		memory:  newMemory(time.Now()),
		queue:   p.work,
	}
	p.throttle = throttle.New(time.Now, nil, "")
	p.throttle.SetCeilings(1000, 1000) // times to come back are random where a rate is not known
	m.cluster.changed = func(c change) { p.informer.pending = append(p.informer.pending, c) }
	m.pause, m.registered = time.Time{}, nil
	for _, o := range m.cluster.all() {
		p.work.add(user.KeyOf(o), 0, handler.LowPriority)
	}
	if m.tenantFirst {
		m.connectTenant()
	}
}

// tick burns the fuse.
func (p *process) tick(at string) {
	if p.fuse == nil {
		return
	}
	if p.fuse.calls--; p.fuse.calls >= 0 {
		return
	}
	kill := p.fuse.kill
	p.fuse = nil
	if kill {
		panic(killed{at})
	}
	p.m.logf("  the operator is told to stop %s", at)
	p.m.stopping = true
	p.cancel()
}

// pass has the operator work on one key.
func (m *model) pass(key user.Key) {
	p := m.process
	for p.informer.behind == 0 && len(p.informer.pending) > 0 {
		p.informer.arrive(p.Reconciler, p.work)
	}
	p.informer.behind = max(0, p.informer.behind-1)
	turn := p.work.waiting[key]
	delete(p.work.waiting, key)
	m.passes++
	newcomer, _ := m.person(eve)
	m.hidden = newcomer.HiddenFor > 0
	m.view = maps.Clone(p.informer.seen)
	result, err, died := p.reconcile(key)
	if died != nil || m.stopping {
		m.logf("  the operator dies%s, and another one starts", died)
		m.stopping = false
		seen.kills++
		m.startOperator()
		return
	}
	result = m.steady(result)
	m.logf("  pass over %.3s: %s", key.User, resultText(result, err))
	p.work.done(key, result, err, turn.priority)
	m.passed(key, err)
}

//nolint:revive,staticcheck // who died has no result and no error
func (p *process) reconcile(key user.Key) (result reconcile.Result, err error, died *killed) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case killed:
			died = &r
		default:
			panic(r)
		}
	}()
	ctx, cancel := context.WithCancel(log.IntoContext(context.Background(), p.m.logger))
	defer cancel()
	p.cancel = cancel
	result, err = p.Reconcile(ctx, key)
	return result, err, nil
}

func (k *killed) String() string {
	if k == nil {
		return ""
	}
	return " " + k.at
}

func resultText(result reconcile.Result, err error) string {
	if err != nil {
		return fmt.Sprintf("error %v", err)
	}
	return fmt.Sprintf("again after %v", result.RequeueAfter.Round(time.Second))
}

// steady takes the jitter out of a result, so that a history that is run again
// goes the same way.
func (m *model) steady(result reconcile.Result) reconcile.Result {
	resync := m.tenant.spec.ResyncPeriodOrDefault()
	for _, base := range []time.Duration{m.process.throttle.Pause(), permissionRetry, resync - resync/10, time.Second} {
		if d := result.RequeueAfter; base > 0 && d >= base && d <= base+base*21/100 {
			result.RequeueAfter = base + base/10
			break
		}
	}
	return result
}

// recorder looks through the events.
type recorder struct{ m *model }

func (r recorder) Eventf(about, _ runtime.Object, _, reason, _, note string, args ...any) {
	o := about.(*pam)
	r.m.logf("    event %s on %s", reason, ref(o))
	r.m.private("an event", fmt.Sprintf(note, args...))
}

var _ events.EventRecorder = recorder{}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
