package phonemethod

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"go.opentelemetry.io/otel/attribute"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/throttle"
	"github.com/entraops/phone-operator/internal/tracing"
)

// execute carries out the actions of a plan from the top. It stops at the first that Graph did not
// clearly do, without an error where another read and another plan can tell what to make of it:
// one bad number must not keep the user's others from being written.
func (r *Reconciler) execute(ctx context.Context, u phones, decided plan.Plan) (phones, error) {
	for _, a := range decided.Actions {
		var done bool
		var err error
		if u, done, err = r.executeAction(ctx, u, a, decided.Verdicts); err != nil || !done {
			return u, err
		}
	}
	return u, nil
}

// executeAction carries out one action: it waits for its turn at Graph, checks, records the intent, checks again, writes,
// and enters the answer into the journal.
func (r *Reconciler) executeAction(ctx context.Context, u phones, a plan.Action, verdicts map[string]plan.Verdict) (_ phones, done bool, err error) {
	if err := u.tenant.Throttle.Await(ctx, throttle.Authentication); err != nil {
		return u, false, err
	}
	u, may, err := r.mayBegin(ctx, u, a)
	if err != nil || !may {
		return u, false, err
	}
	u = r.recordIntent(ctx, u, a, verdicts)
	if u.any(func(c resource) bool { return c.Type == a.Type && c.failed != nil && c.Holds.Has(plan.Unsettled) }) {
		return u, false, nil
	}
	u, may, err = r.mayWrite(ctx, u, a)
	if onlyConflicts(err) && errors.Is(err, errResourceChanged) { // and a deletion was given back
		// Whoever edits one resource without pause must not hold up the user's others.
		return u.fail(a.For, err), false, nil
	}
	if err != nil || !may { // it was not sent
		return r.withoutIntent(u, a), false, err
	}
	entry, answered := r.send(ctx, u, a)
	u.stale = u.stale || answered.stale
	if answered.err == nil {
		return r.noteDone(ctx, u, entry, answered.requestID), true, nil
	}
	u, err = r.noteNotDone(ctx, u, entry, answered.err)
	return u, false, err
}

// answer is what Graph said to a write.
type answer struct {
	requestID string
	stale     bool // the phones must be read again
	err       error
}

// send sends the write, and returns what to enter into the journal.
func (r *Reconciler) send(ctx context.Context, u phones, a plan.Action) (journal.Entry, answer) {
	c, _ := u.resource(a.For)
	entry := journal.Entry{Action: a, Resource: string(c.object.UID), Before: u.method(a.Type), Unread: u.unread}
	var got *http.Response
	ctx, endSpan := tracing.Begin(ctx, a.Verb.String()+" "+string(a.Type), attribute.Bool("drift", a.Drift))
	after, stale, err := write(policy.WithCaptureResponse(ctx, &got), u, a)
	kind := graph.KindOf(err)
	endSpan(string(kind))
	measureWrite(u.tenant.Name, a, kind)
	entry.After, entry.At, entry.Result = after, r.Now(), results[kind]
	return entry, answer{requestIDOf(got), stale, err}
}

// noteDone enters a write that Graph acknowledged into the journal, and tells of it.
func (r *Reconciler) noteDone(ctx context.Context, u phones, entry journal.Entry, requestID string) phones {
	a := entry.Action
	u.journal.Record(entry)
	u.methods = plan.Replace(u.methods, a.Type, entry.After)
	u = u.succeeded(a)
	if a.Verb == plan.Create {
		u.tenant.Deletions.Created(deletionOf(u, a), a.Number)
	}
	if entry.Unread {
		r.noteFirstContact(u.tenant.Name, false)
	}
	r.announceWrite(u.snapshot, a)
	audit(ctx, u.snapshot, a, requestID)
	return u
}

// noteNotDone enters a write into the journal that Graph did not acknowledge. An error ends the reconcile: without one,
// another read and another plan can tell what to make of the answer.
func (r *Reconciler) noteNotDone(ctx context.Context, u phones, entry journal.Entry, err error) (phones, error) {
	a, kind := entry.Action, graph.KindOf(err)
	var returned error
	if kind != "" && kind != graph.Unclear { // Graph's answer says that nothing was done
		returned = returnDeletion(ctx, u, a)
	}
	switch kind {
	case graph.NotFound:
		if a.Verb != plan.Delete {
			return u, err // the user or the method went away, or is not everywhere yet
		}
		// Gone is what was wanted, and one answer is no proof of it: the list is read.
		return r.unconfirmed(ctx, u, entry, err), returned
	case graph.Refused, graph.InvalidNumber, graph.Restricted, graph.NumberNotUnique, graph.Unclear:
		return r.unconfirmed(ctx, u, entry, err), returned
	default: // nothing was done
		return r.withoutIntent(u, a), errors.Join(err, returned)
	}
}

// write is the one place where Graph is changed. It returns what Graph then has, and whether the
// phones must be read again.
func write(ctx context.Context, u phones, a plan.Action) (after *plan.Method, stale bool, err error) {
	g, id := u.tenant.Graph, u.user.ID
	if after = u.method(a.Type); after == nil {
		after = &plan.Method{Type: a.Type}
	}
	switch a.Verb {
	case plan.Create:
		m, err := g.CreatePhoneMethod(ctx, id, a.Type, a.Number)
		return &plan.Method{Type: a.Type, Number: phone.Read(a.Number.Graph()), SMS: m.SMSSignInState}, false, err
	case plan.Update: // Graph computes the SMS sign-in state anew and does not tell
		after.Number, after.SMS = phone.Read(a.Number.Graph()), ""
		return after, true, g.UpdatePhoneMethod(ctx, id, a.Type, a.Number)
	case plan.Delete:
		return nil, false, g.DeletePhoneMethod(ctx, id, a.Type)
	case plan.EnableSMS:
		after.SMS = phone.Ready
		return after, true, g.EnableSMSSignIn(ctx, id)
	case plan.DisableSMS:
		after.SMS = phone.NotEnabled
		return after, true, g.DisableSMSSignIn(ctx, id)
	case plan.None:
	}
	return after, false, nil
}

// unconfirmed enters a write into the journal that Graph refused or that may have been done
// all the same. It is read again before anything else is decided.
func (r *Reconciler) unconfirmed(ctx context.Context, u phones, e journal.Entry, err error) phones {
	a := e.Action
	log.FromContext(ctx).V(1).Info("Graph did not confirm the write", "action", a.Verb.String(),
		"phoneType", a.Type, "resource", a.For, "answer", err.Error())
	c, _ := u.resource(a.For)
	e.RequestID, e.Request, e.Lost = requestIDIn(err), c.request(), lostAs(err)
	if _, refused := refusedAs[e.Result]; refused && !e.Unread { // else a read must tell what it met
		u = r.withoutIntent(u, a)
	}
	u.journal.Record(e)
	u.stale = true
	return u
}

// withoutIntent drops the intent of a create that was certainly not done: what the resource's
// status recalls must not make a phone of another client its own.
func (r *Reconciler) withoutIntent(u phones, a plan.Action) phones {
	if a.Verb != plan.Create || u.journal.CreateMayLand(a.Type, r.Now()) {
		return u
	}
	return u.change(func(c resource) resource {
		if c.Ref == a.For && c.intended {
			c.Pending = ""
		}
		return c
	})
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
