package controllers

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// act carries out the actions from the top. It stops at the first that Graph
// did not clearly do, without an error where another look and another plan can
// tell what to make of it: one bad number must not starve the user's others.
func (p *pass) act(ctx context.Context, decided plan.Plan) error {
	for _, a := range decided.Actions {
		if withheld, err := p.guard(ctx, a); err != nil || withheld {
			return err
		}
		c := p.claim(a.For)
		if c.failed = p.begin(ctx, a, decided.Verdicts); c.failed != nil {
			c.Withheld = plan.Unsettled // the next plan is one without it
		}
		if p.anyFailed(a.Type) {
			return nil
		}
		withheld, err := p.last(ctx, a)
		if err != nil && onlyConflicts(err) && errors.Is(err, errResourceChanged) {
			// Whoever edits one resource without pause must not hold up the user's others.
			c.failed, c.Withheld = err, plan.Unsettled
			return nil
		}
		if err != nil || withheld {
			return err
		}
		before := p.method(a.Type)
		if before != nil {
			was := *before
			before = &was
		}
		var answer *http.Response
		after, err := p.write(policy.WithCaptureResponse(ctx, &answer), a)
		kind := graph.KindOf(err)
		countWrite(p.tenant.Name, a, kind)
		entry := journal.Entry{Action: a, Before: before, After: after, At: p.Now(), Result: results[kind]}
		if err == nil {
			p.journal.Record(entry)
			p.set(a.Type, after)
			p.succeeded(a)
			if a.Verb == plan.Create {
				p.tenant.Deletions.Created(p.deletionOf(a), a.Number)
			}
			p.audit(ctx, a, requestIDOf(answer))
			continue
		}
		back := p.giveBack(ctx, a, kind)
		switch kind {
		case graph.NotFound:
			if a.Verb != plan.Delete {
				return err // the user or the method went away, or is not everywhere yet
			}
			// Gone is what was wanted, and one answer is no proof of it: the list is read.
			p.unconfirmed(ctx, entry, err)
			return back
		case graph.Refused, graph.InvalidNumber, graph.Restricted, graph.NumberNotUnique, graph.Unclear:
			p.unconfirmed(ctx, entry, err)
			return back
		default: // nothing was done
			p.forgetIntent(a)
			return errors.Join(err, back)
		}
	}
	return nil
}

// giveBack takes a deletion off the budget again that Graph certainly did not do.
func (p *pass) giveBack(ctx context.Context, a plan.Action, kind graph.Kind) error {
	if a.Verb != plan.Delete || kind == "" || kind == graph.Unclear {
		return nil
	}
	return p.tenant.Deletions.Return(ctx, p.deletionOf(a))
}

// write is the one place where Graph is changed. It returns what Graph then has.
func (p *pass) write(ctx context.Context, a plan.Action) (*plan.Method, error) {
	g, id := p.tenant.Graph, p.user.ID
	after := &plan.Method{Type: a.Type}
	if m := p.method(a.Type); m != nil {
		*after = *m
	}
	switch a.Verb {
	case plan.Create:
		m, err := g.CreatePhoneMethod(ctx, id, a.Type, a.Number)
		return &plan.Method{Type: a.Type, Number: phone.Read(a.Number.Graph()), SMS: m.SMSSignInState}, err
	case plan.Update:
		p.stale = true // Graph computes the SMS sign-in state anew and does not tell
		after.Number, after.SMS = phone.Read(a.Number.Graph()), ""
		return after, g.UpdatePhoneMethod(ctx, id, a.Type, a.Number)
	case plan.Delete:
		return nil, g.DeletePhoneMethod(ctx, id, a.Type)
	case plan.EnableSMS:
		p.stale = true
		after.SMS = phone.Ready
		return after, g.EnableSMSSignIn(ctx, id)
	case plan.DisableSMS:
		p.stale = true
		after.SMS = phone.NotEnabled
		return after, g.DisableSMSSignIn(ctx, id)
	case plan.None:
	}
	return after, nil
}

// unconfirmed enters a write into the journal that Graph refused or that may have been done
// all the same. It is read again before anything else is decided.
func (p *pass) unconfirmed(ctx context.Context, e journal.Entry, err error) {
	a := e.Action
	log.FromContext(ctx).V(1).Info("Graph did not confirm the write", "action", a.Verb.String(),
		"phoneType", a.Type, "resource", a.For, "answer", err.Error())
	e.RequestID, e.Request, e.Lost = idOf(err), p.claim(a.For).request(), lostAs(err)
	if _, refused := refusedAs[e.Result]; refused {
		p.forgetIntent(a)
	}
	p.journal.Record(e)
	p.stale = true
}

// succeeded notes on the claim what a write that worked makes of it.
func (p *pass) succeeded(a plan.Action) {
	c := p.claim(a.For)
	if c == nil {
		return
	}
	if a.Verb == plan.Create || a.Verb == plan.Update {
		c.Holder, c.Last, c.Was, c.Changed = true, a.Number.Masked(), a.Number, true
		c.made = c.made || a.Verb == plan.Create
	}
	p.announce(c, a)
}

// forgetIntent notes of a create that was certainly not done that nothing in Graph is due
// to it: what its status remembers must not make a phone of another client its own.
func (p *pass) forgetIntent(a plan.Action) {
	if c := p.claim(a.For); a.Verb == plan.Create && c.fresh && !p.journal.CreateMayLand(a.Type, p.Now()) {
		c.Creating = ""
	}
}

func (p *pass) anyFailed(t phone.Type) bool {
	return slices.ContainsFunc(p.claims, func(c *claim) bool { return c.Type == t && c.failed != nil && c.Withheld == plan.Unsettled })
}

func (p *pass) observing() bool { return p.tenant.Spec.ModeOrDefault() == v1alpha1.ModeObserve }
