package phonemethod

import (
	"context"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/throttle"
)

// converge is the stage that brings Graph to what the resources say, and says so.
func (r *Reconciler) converge(ctx context.Context, s snapshot) (snapshot, outcome) {
	if !s.isUrgent() {
		ctx = graph.WithLowPriority(ctx)
	}
	u, o := phones{snapshot: s}, outcome{}
	for again := range 2 { // the second time with what was deleted in the very moment as terminating
		var decided plan.Plan
		var err error
		if u, decided, err = r.planAndExecute(ctx, u); err != nil {
			s, failed := r.concludeFailure(ctx, u.snapshot, err, decided.Verdicts)
			return s, u.outcome.and(o).and(failed)
		}
		if again > 0 {
			logLeftBehind(ctx, u.snapshot, decided)
		}
		var told outcome
		u, told = r.publishVerdicts(ctx, u, decided)
		if o = o.and(told); told.err != nil || !u.any(func(c resource) bool { return c.vanished }) {
			break
		}
	}
	return u.with(nil), u.outcome.and(o)
}

// rounds bounds the plans of one reconcile. A user has three phones: a hand-over, a refusal for
// each and SMS sign-in after it come to fewer.
const rounds = 10

// planAndExecute plans and executes until a plan has nothing left to do, and returns that plan; in
// mode Observe it returns the first one and executes nothing. The journal is kept however it ends, and so are the numbers
// that were written or found: another one is a person's after that.
func (r *Reconciler) planAndExecute(ctx context.Context, u phones) (phones, plan.Plan, error) {
	u, decided, err := r.planned(ctx, r.openJournal(u))
	r.keepJournal(u.key, u.journal, u.now)
	for _, c := range u.resources {
		r.rememberInSync(u, c)
	}
	return u.requeueAfter(u.journal.UntilLanded(u.now)), decided, err
}

func (r *Reconciler) planned(ctx context.Context, u phones) (phones, plan.Plan, error) {
	s, o := blind(u.snapshot, r.suspicionOf)
	u.snapshot, u.outcome = s, u.outcome.and(o)
	u, protected, err := r.protectBeforeComparison(ctx, u)
	if err != nil {
		return u, plan.Plan{}, err
	}
	if protected && !u.any(resource.hasPhone) {
		return u, plan.Compute(u.claims(), nil), nil // nothing of what the user has is asked
	}
	if u, err = r.observeOrCreate(ctx, u); err != nil {
		return u, plan.Plan{}, err
	}
	for range rounds {
		decided := plan.Compute(u.claims(), u.methods)
		if len(decided.Actions) == 0 {
			return u, decided, nil
		}
		if u.isObserving() {
			return r.foresee(ctx, u, decided)
		}
		if u, err = r.execute(ctx, u, decided); err != nil {
			return u, decided, err
		}
		if !u.stale {
			u = holdUnseen(u) // of what was just deleted
			continue
		}
		if u, err = r.observe(ctx, u); err != nil {
			return u, decided, err
		}
	}
	return u.requeueAfter(time.Second), plan.Compute(u.claims(), u.methods), nil
}

// foresee returns what Enforce would come to: nothing is written to the phones of a protected
// user, and that is found out without writing.
func (r *Reconciler) foresee(ctx context.Context, u phones, decided plan.Plan) (phones, plan.Plan, error) {
	u, protected, err := r.checkProtection(ctx, u)
	if err != nil || !protected {
		return u, decided, err
	}
	u = u.protect()
	return u, plan.Compute(u.claims(), u.methods), nil
}

// openJournal tells the journal what the resources ask for, and what an operator before this one
// may have been sending when it was killed: of a user for whom there is something to do, and who
// had something to do with it.
func (r *Reconciler) openJournal(u phones) phones {
	requests := map[string]string{}
	for _, c := range u.resources {
		requests[c.Ref] = c.request()
	}
	u.journal.Begin(u.resyncPeriod(), u.claims(), requests)
	for _, c := range u.resources {
		w := c.object.Status.PendingWrite
		if w == nil || w.Action != v1alpha1.PendingCreate {
			continue
		}
		known, _ := r.intents.Get(c.object.UID)
		if !known.since.Equal(w.Since.Time) {
			u.journal.ExpectPredecessorCreate(c.Type, r.Now())
		}
		if known.number.IsZero() && c.Number.Masked() == w.MaskedNumber {
			known.number = c.Number // which may be edited before the next reconcile
		}
		r.intents.Set(c.object.UID, known, intentTTL)
		c.PendingNumber = known.number
		u = u.replace(c)
	}
	u.journal.ExpectRecorded(recorded(u.resources))
	known := u.any(func(c resource) bool { return controllerutil.ContainsFinalizer(c.object, v1alpha1.Finalizer) })
	if u.now.Sub(r.startedFor(u.key.Tenant)) < journal.WriteDeadline && known && u.isUrgent() {
		u.journal.ExpectPredecessor()
	}
	return u
}

// recorded are the phones of which status says that they are as spec says.
func recorded(resources []resource) []journal.Recorded {
	var phones []journal.Recorded
	for _, c := range resources {
		if !c.isInSync() || slices.ContainsFunc(phones, func(r journal.Recorded) bool { return r.Type == c.Type }) {
			continue
		}
		r := journal.Recorded{Type: c.Type, Masked: c.Last}
		if c.isReady() { // else SMS sign-in is recorded as it is not to be
			r.SMS = phone.SMSSignInState(c.object.Status.SMSSignInState)
		}
		if c.object.Spec.PhoneNumberFrom == nil || c.Was == c.Number { // else its Secret may say another one of the same mask by now
			r.Number = c.Number
		}
		phones = append(phones, r)
	}
	return phones
}

// observeOrCreate asks Graph what the user has, or leaves that out: for a user of whom nothing is
// known, most have no phone, and the requests below /authentication/ are few. Graph refuses to
// create a phone where one is; then it is asked.
func (r *Reconciler) observeOrCreate(ctx context.Context, u phones) (phones, error) {
	first := isFirstContact(u)
	if first && r.isProbablyNew(u) && onlyCreates(plan.Compute(u.claims(), nil)) {
		u.methods, u.unread = nil, true
		return u, nil
	}
	u, err := r.observe(ctx, u)
	if first && err == nil {
		r.noteFirstContact(u.tenant.Name, u.any(func(c resource) bool { return u.method(c.Type) != nil }))
	}
	return u, err
}

// observe asks Graph, with one call, what the user has, and settles what is to be believed of that.
func (r *Reconciler) observe(ctx context.Context, u phones) (phones, error) {
	if err := u.tenant.Throttle.Await(ctx, throttle.Authentication); err != nil {
		return u, err
	}
	listed, err := u.tenant.Graph.PhoneMethods(ctx, u.user.ID)
	if err != nil {
		return u, err
	}
	shown := make([]plan.Method, len(listed))
	for i, m := range listed {
		shown[i] = plan.Method{Type: m.Type, Number: m.Number, SMS: m.SMSSignInState}
	}
	u, view := settle(u, shown)
	for range view.Met {
		r.noteFirstContact(u.tenant.Name, true)
	}
	for _, e := range slices.Concat(view.Confirmed, view.Likely) { // an error was the answer, and the work was done
		r.announceWrite(u.snapshot, e.Action)
		audit(ctx, u.snapshot, e.Action, e.RequestID)
	}
	for _, replaced := range view.Replaced {
		if c, ok := resourceOfWrite(u, replaced.Entry); ok {
			r.reversals.Set(c.object.UID, r.reversalOf(c.object.UID).Count(replaced, u.now), 2*u.resyncPeriod())
		}
	}
	return reportReversals(u, r.reversalOf), nil
}

// logLeftBehind logs what could not be taken along with a resource that vanished: there is no
// resource to say it of.
func logLeftBehind(ctx context.Context, s snapshot, decided plan.Plan) {
	for _, c := range s.resources {
		if v := decided.Verdicts[c.Ref]; c.vanished && v.Owns && v.Outcome != plan.Released {
			log.FromContext(ctx).Info("a phone stays in Graph that no resource speaks for", "resource", c.Ref, "phoneType", c.Type)
		}
	}
}
