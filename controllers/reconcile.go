package controllers

import (
	"context"
	"errors"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

// Reconciler makes the phone methods of one user what the resources say.
type Reconciler struct {
	Client  client.Client
	Reader  client.Reader // not cached: Secrets are fetched when needed, never kept
	Events  events.EventRecorder
	Tenants *tenant.Registry
	Now     func() time.Time

	doubted   chan<- event.TypedGenericEvent[doubt] // for the tenants; nil: nobody hears it
	directory *directory
	journals  *cache.Expiring // user.Key -> journal.Journal
	refusals  *cache.Expiring // user.Key -> time.Duration, how long to stay away after the last one
	// What is known of our own writes, by the UID of the resource.
	versions      *cache.Expiring // resourceVersion of our last one, for as long as the cache may be behind it
	numbersInSync *cache.Expiring // phone.Number that was last in sync
	reversals     *cache.Expiring // journal.Reversal, what Graph shows in place of a number that was written

	intents  *cache.Expiring // UID -> time.Time, since when, of the pending writes that this replica recorded
	absences *cache.Expiring // user.Key -> time.Time, since when the user is not found

	judged     judgements
	unwritable *unwritable
	contested  *unwritable     // resources that are changed each time that they are to be written
	suspicions *cache.Expiring // suspect -> suspicion
	visits     *visits         // when each user is to be looked at
	queue      workqueue.TypedRateLimitingInterface[user.Key]
	started    time.Time // when this replica began to work: what was before, it does not remember
}

// pass is one look at one user.
type pass struct {
	*Reconciler
	key    user.Key
	due    visit // this look, zero if it is not known when it was due
	tenant *tenant.Tenant
	user   graph.User
	names  map[string]answer // of Graph, by spelling
	claims []*claim
	// gathered are all resources that this pass began with, the refused ones too.
	gathered map[types.UID]bool
	now      time.Time
	journal  journal.Journal

	methods []plan.Method // what Graph has, as far as is known
	stale   bool          // methods must be read again before the next plan
	checked time.Time     // when Graph was asked and the user held no directory role; zero: not in this pass
	look    time.Duration // when to look again; 0 is at the resync
	refused bool          // the access rules refused a claim
	// renamable: they refused one by the name of its user, which may be another at the resync.
	renamable bool
	recalled  bool // a refusal of a moment ago was believed
	early     bool // what there is to do is not due yet
}

// Reconcile looks at one user: gather claims, observe Graph, plan, act, report. When
// ctx ends, no pass is begun any more, and one that runs has a moment to come to its end.
func (r *Reconciler) Reconcile(ctx context.Context, key user.Key) (reconcile.Result, error) {
	if err := ctx.Err(); err != nil {
		return reconcile.Result{}, err
	}
	due := r.visits.begin(key)
	ctx, end := outlive(ctx, farewell)
	defer end()
	claims, err := r.gather(ctx, nil, key.Tenant, append(slices.Clone(r.directory.spelled(key)), key.User)...)
	switch {
	case errors.Is(err, errBehind):
		if !due.at.IsZero() {
			r.visits.expect(key, due) // as if nothing had been
		}
		return reconcile.Result{RequeueAfter: retryBehind}, nil
	case err != nil || len(claims) == 0:
		return reconcile.Result{}, err
	}
	p := &pass{Reconciler: r, key: key, due: due, claims: claims, now: r.Now(), journal: r.journalOf(key), gathered: map[types.UID]bool{}}
	for _, c := range claims {
		p.gathered[c.object.UID] = true
	}
	result, err := p.next(ctx, p.run(ctx))
	if err == nil && result.RequeueAfter > 0 {
		r.visits.expect(key, visit{p.now.Add(result.RequeueAfter), result.Priority != nil})
		if p.recalled && result.RequeueAfter > judgedFor { // for that resource alone
			result = reconcile.Result{RequeueAfter: judgedFor}
		}
	}
	return result, err
}

// run is the whole line. A verdict about a claim is in its status when run
// returns; the error is what keeps the pass from coming to one.
func (p *pass) run(ctx context.Context) (err error) {
	if p.releaseUnmade(ctx); len(p.claims) == 0 {
		return nil
	}
	t, problem := p.reach(ctx)
	switch {
	case problem != nil:
		return p.reportTenant(ctx, *problem)
	case t == nil:
		return nil // not connected yet; the connection wakes its users
	}
	p.tenant = t
	if err := p.foreseeAccess(ctx); err != nil || len(p.claims) == 0 {
		return err
	}
	if p.onlyWritable(ctx); len(p.claims) == 0 {
		return nil
	}
	if p.allSuspended() {
		return p.report(ctx, plan.Compute(p.planned(), nil))
	}
	if p.notDue() {
		return nil
	}
	low := !p.mayBeUrgent()
	ctx, ticket, err := p.admit(ctx, low)
	if ticket == nil {
		return err
	}
	defer func() { ticket.Done(err) }()
	asked := ctx
	if low {
		asked = graph.WithLowPriority(ctx)
	}
	if !p.key.Bound() {
		return p.bind(asked)
	}
	if known, err := p.identify(asked); err != nil || !known {
		return err
	}
	if err := p.permit(ctx); err != nil || len(p.claims) == 0 || p.notDue() {
		return err
	}
	if p.allSuspended() {
		return p.report(ctx, plan.Compute(p.planned(), nil))
	}
	if err := p.numbers(ctx); err != nil || len(p.claims) == 0 || p.notDue() {
		return err
	}
	if !p.urgent() {
		ctx = graph.WithLowPriority(ctx)
	}
	decided, err := p.converge(ctx)
	if err != nil {
		return p.unknown(ctx, err, decided.Verdicts)
	}
	if err := p.report(ctx, decided); err != nil || !p.anyVanished() {
		return err
	}
	// Once more, with what was deleted in the very moment as what leaves.
	if decided, err = p.converge(ctx); err != nil {
		return p.unknown(ctx, err, decided.Verdicts)
	}
	p.tellLeftBehind(ctx, decided)
	return p.report(ctx, decided)
}

// rounds bounds the plans of one pass. A user has three phones: a hand-over, a
// refusal for each and SMS sign-in after it come to fewer.
const rounds = 10

// converge plans and acts until a plan has nothing left to do, and returns that
// plan; in mode Observe it returns the first one and does nothing.
func (p *pass) converge(ctx context.Context) (plan.Plan, error) {
	p.beginJournal()
	defer p.keepJournal()
	p.blind()
	if out, err := p.protectBeforeComparison(ctx); err != nil {
		return plan.Plan{}, err
	} else if out && !p.ours() {
		return plan.Compute(p.planned(), nil), nil // nothing of what the user has is asked
	}
	if err := p.observe(ctx); err != nil {
		return plan.Plan{}, err
	}
	for range rounds {
		decided := plan.Compute(p.planned(), p.methods)
		if len(decided.Actions) == 0 {
			return decided, nil
		}
		if p.observing() {
			return p.foresee(ctx, decided)
		}
		if err := p.act(ctx, decided); err != nil {
			return decided, err
		}
		if !p.stale {
			p.holdUnseen() // of what was just deleted
			continue
		}
		if err := p.observe(ctx); err != nil {
			return decided, err
		}
	}
	p.lookAgain(time.Second)
	return plan.Compute(p.planned(), p.methods), nil
}

// foresee returns what Enforce would come to: nothing is written to the phones of
// a privileged user, and that is found out without writing.
func (p *pass) foresee(ctx context.Context, decided plan.Plan) (plan.Plan, error) {
	privileged, err := p.privileged(ctx)
	if err != nil || !privileged {
		return decided, err
	}
	p.withhold(plan.PrivilegedUser)
	return plan.Compute(p.planned(), p.methods), nil
}

// protectBeforeComparison asks whether the user is protected before a phone is compared with
// a number that it never was in sync with: the outcome would tell what a protected user has.
func (p *pass) protectBeforeComparison(ctx context.Context) (bool, error) {
	edited := func(c *claim) bool {
		return c.Holder && !c.Leaving && !c.Suspended && c.Barred == plan.NotBarred && c.edited()
	}
	if !plan.Adopts(p.planned()) && !slices.ContainsFunc(p.claims, edited) {
		return false, nil
	}
	out, err := p.privileged(ctx)
	if !out {
		return false, err
	}
	p.withhold(plan.PrivilegedUser)
	for _, c := range p.claims {
		c.Blind = c.Blind || edited(c) && c.Was != c.Number
	}
	return true, err
}

// ours reports whether a phone of the user is, or may be, a claim's already.
func (p *pass) ours() bool {
	return slices.ContainsFunc(p.claims, func(c *claim) bool { return c.Holder || c.Creating != "" })
}

// notDue reports whether nothing brings this look forward but claims that are not
// permitted: the others ask for nothing, and their time has not come.
func (p *pass) notDue() bool {
	p.early = p.due.at.After(p.now) && !slices.ContainsFunc(p.claims, func(c *claim) bool { return awaited(c.object) || wasRefused(c.object) })
	return p.early
}

func (p *pass) planned() []plan.Claim {
	claims := make([]plan.Claim, len(p.claims))
	for i, c := range p.claims {
		claims[i] = c.Claim
	}
	return claims
}

func (p *pass) claim(ref string) *claim {
	for _, c := range p.claims {
		if c.Ref == ref {
			return c
		}
	}
	return nil
}

func (p *pass) allSuspended() bool {
	return !slices.ContainsFunc(p.claims, func(c *claim) bool { return !c.Suspended })
}

// urgent says whether somebody waits for this pass: a spec is new, a resource
// leaves or is not ready, a reconcile was asked for. Otherwise it looks for drift.
func (p *pass) urgent() bool {
	for _, c := range p.claims {
		if c.Leaving || awaited(c.object) || !isReady(c.object) {
			return true
		}
	}
	return false
}

// mayBeUrgent is what is known of that before the rules were asked: those that they refused
// last, and that ask for nothing new, do not hurry a look.
func (p *pass) mayBeUrgent() bool {
	return slices.ContainsFunc(p.claims, func(c *claim) bool {
		return awaited(c.object) || !isReady(c.object) && !wasRefused(c.object)
	})
}

// awaited says whether somebody asked for something that was not looked at yet.
func awaited(o *v1alpha1.PhoneAuthenticationMethod) bool {
	return !o.DeletionTimestamp.IsZero() || o.Generation != o.Status.ObservedGeneration || requested(o) != o.Status.LastHandledRequest
}

// lookAgain asks for another look after d, if none is due earlier.
func (p *pass) lookAgain(d time.Duration) {
	if d = max(d, time.Second); p.look == 0 || d < p.look {
		p.look = d
	}
}
