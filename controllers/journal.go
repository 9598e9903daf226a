package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/user"
)

// results are what the journal calls Graph's answers to a write. Of other kinds nothing was done.
var results = map[graph.Kind]journal.Result{
	"": journal.Acknowledged, graph.Unclear: journal.Unclear, graph.NumberNotUnique: journal.NumberNotUnique,
	graph.NotFound: journal.NotFound, graph.Refused: journal.Refused, graph.InvalidNumber: journal.InvalidNumber,
	graph.Restricted: journal.Restricted,
}

// refusedAs are the kinds of the results that are refusals.
var refusedAs = map[journal.Result]graph.Kind{
	journal.Refused: graph.Refused, journal.InvalidNumber: graph.InvalidNumber, journal.Restricted: graph.Restricted,
}

// journalOf returns the user's journal, or a new one of this process. Only the worker that has
// the user's key touches it.
func (r *Reconciler) journalOf(key user.Key) journal.Journal {
	if j, ok := r.journals.Get(key); ok {
		return j.(journal.Journal)
	}
	return journal.New(r.started)
}

// beginJournal tells the journal what the resources ask for, and what an operator before this
// one may have been sending when it was killed: of a user for whom there is something to do,
// and who had something to do with it.
func (p *pass) beginJournal() {
	requests := map[string]string{}
	for _, c := range p.claims {
		requests[c.Ref] = c.request()
	}
	p.journal.Begin(p.tenant.Spec.ResyncPeriodOrDefault(), p.planned(), requests)
	for _, c := range p.claims {
		w := c.object.Status.PendingWrite
		if w == nil || w.Action != v1alpha1.PendingCreate {
			continue
		}
		if own, ok := p.intents.Get(c.object.UID); !ok || !own.(time.Time).Equal(w.Since.Time) {
			p.journal.ExpectPredecessorCreate(c.Type, p.Now())
		}
	}
	known := slices.ContainsFunc(p.claims, func(c *claim) bool { return controllerutil.ContainsFinalizer(c.object, v1alpha1.Finalizer) })
	if p.now.Sub(p.started) < journal.WriteDeadline && known && p.urgent() {
		p.journal.ExpectPredecessor()
	}
}

// keepJournal stores the journal for as long as it matters, and has the user reconciled once
// more when what may land has landed.
func (p *pass) keepJournal() {
	if wait := p.journal.UntilLanded(p.now); wait > 0 {
		p.lookAgain(wait)
	}
	if keep := p.journal.Retention(p.now); keep > 0 {
		p.journals.Set(p.key, p.journal, keep)
	} else {
		p.journals.Delete(p.key)
	}
}

// request names what the resource asks for, so that two requests can be told apart.
func (c *claim) request() string {
	return fmt.Sprintf("%d %s", c.object.Generation, requested(c.object))
}

// read replaces what is believed of Graph by what it shows now, as the journal understands it.
func (p *pass) read(ctx context.Context, shown []plan.Method) {
	view := p.journal.Read(shown, p.now)
	p.methods = view.Methods
	if view.ReadAgain > 0 {
		p.lookAgain(view.ReadAgain)
	}
	for _, e := range view.Confirmed { // an error was the answer, and the work was done
		p.succeeded(e.Action)
		p.audit(ctx, e.Action, e.RequestID)
	}
	resync := p.tenant.Spec.ResyncPeriodOrDefault()
	for _, r := range view.Replaced {
		if c := p.claim(r.Entry.Action.For); c != nil {
			p.reversals.Set(c.object.UID, p.reversalOf(c).Count(r, p.now), 2*resync)
		}
	}
	for _, c := range p.claims {
		if p.reversalOf(c).Persists(c.Claim, p.method(c.Type), resync, p.now) {
			c.Drift, c.undone = plan.ReportDrift, true
		}
	}
}

func (p *pass) reversalOf(c *claim) journal.Reversal {
	if r, ok := p.reversals.Get(c.object.UID); ok {
		return r.(journal.Reversal)
	}
	return journal.Reversal{}
}

// holdUnsettled puts the journal's holds on the claims.
func (p *pass) holdUnsettled() {
	holds, next := p.journal.Holds(p.planned(), p.now)
	for _, h := range holds {
		c := p.claim(h.Ref)
		c.Refused = h.Refused
		if h.Refused != 0 {
			c.refusedAs = refusedAs[h.Result]
		}
		switch {
		case h.Unsettled:
			c.Withheld = plan.Unsettled
		case c.Withheld == plan.Unsettled && c.failed == nil:
			c.Withheld = plan.Nothing
		}
	}
	if next > 0 {
		p.lookAgain(next)
	}
}

// holdUnseen keeps the finalizers of terminating resources whose phone may exist and not be
// visible.
func (p *pass) holdUnseen() {
	refs, next := p.journal.Unseen(p.planned(), p.methods, p.now)
	for _, ref := range refs {
		p.claim(ref).Withheld = plan.Unsettled
	}
	if next > 0 {
		p.lookAgain(next)
	}
}

// intentKept is how long it matters which operator recorded an intent.
const intentKept = 2 * journal.WriteDeadline

// pendingSettled reports whether nothing is left of a claim's pending write that could yet come
// to pass.
func (p *pass) pendingSettled(c *claim, v plan.Verdict) bool {
	settled, wait := p.journal.PendingSettled(c.Claim, v, c.object.Status.PendingWrite.Since.Time, p.now)
	if wait > 0 {
		p.lookAgain(wait)
	}
	return settled
}

// expirePendingWrite drops what a suspended resource has pending once it has landed or will
// not any more. Nothing is read for the resource by which it could be settled, and a phone
// of the same mask that somebody adds later must not be taken for its own.
func (p *pass) expirePendingWrite(c *claim) {
	w := c.object.Status.PendingWrite
	if w == nil {
		return
	}
	if wait := p.journal.UntilPendingExpires(w.Since.Time, p.now); wait > 0 {
		p.lookAgain(wait)
		return
	}
	c.object.Status.PendingWrite = nil
}

// lostAs is an answer to a write that means nothing, for not the service gave it that knows:
// "HTTP 404 UnknownError". It is empty for all others.
func lostAs(err error) string {
	failure, ok := errors.AsType[*graph.Error](err)
	if !ok || failure.Kind != graph.Unclear || failure.Status < 400 || failure.Status >= 500 {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", failure.Status, failure.Code))
}
