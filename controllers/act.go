package controllers

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
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
		if err == nil {
			p.memory[a.Type] = &lastWrite{action: a, before: before, after: after, older: p.memory[a.Type].mayShow(), at: p.Now()}
			p.set(a.Type, after)
			p.deleted[a.Type] = a.Verb == plan.Delete
			p.written(a)
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
			p.failed(ctx, a, before, after, kind, err)
			return back
		case graph.Refused, graph.InvalidNumber, graph.Restricted, graph.NumberNotUnique, graph.Unclear:
			p.failed(ctx, a, before, after, kind, err)
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

// failed remembers a write that Graph refused or that may have been done all the
// same. It is read again before anything else is decided.
func (p *pass) failed(ctx context.Context, a plan.Action, before, after *plan.Method, kind graph.Kind, err error) {
	log.FromContext(ctx).V(1).Info("Graph did not confirm the write", "action", a.Verb.String(),
		"phoneType", a.Type, "resource", a.For, "answer", err.Error())
	w := &lastWrite{
		action: a, before: before, after: after, older: p.memory[a.Type].mayShow(), at: p.Now(),
		failed: kind, requestID: idOf(err), asked: p.claim(a.For).asks(),
	}
	if isRefusal(kind) {
		p.forgetIntent(a)
	}
	if last := p.memory[a.Type]; last != nil && last.failed != "" && last.is(a) {
		w.strikes, w.lost = last.strikes, last.lost
	}
	w.lost = w.lost.after(err, w.at)
	switch kind {
	case graph.Unclear:
		p.mayLand(w.at.Add(landing))
		if a.Verb == plan.Create {
			w.alone = !p.createLands(a.Type).After(w.at)
			p.mayCome(a.Type, w.at.Add(landing))
		}
	case graph.NotFound:
		w.strikes++
	case graph.InvalidNumber, graph.Restricted:
		w.strikes = strikeOut // said for certain: asked again, it is the same
	default:
		w.strikes++
		// Saved all the same, as a rule; if not by the second time, it is refused.
		if w.strikes >= strikeOut {
			w.failed = graph.Refused
		}
	}
	p.memory[a.Type] = w
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
	if c := p.claim(a.For); a.Verb == plan.Create && c.fresh && !p.createLands(a.Type).After(p.Now()) {
		c.Creating = ""
	}
}

// isRefusal reports whether Graph did not do a write, and said so of the write itself.
func isRefusal(kind graph.Kind) bool {
	return kind == graph.Refused || kind == graph.InvalidNumber || kind == graph.Restricted
}

func (p *pass) anyFailed(t phone.Type) bool {
	return slices.ContainsFunc(p.claims, func(c *claim) bool { return c.Type == t && c.failed != nil && c.Withheld == plan.Unsettled })
}

// retryAfter is how long a refusal stands.
func (p *pass) retryAfter(w *lastWrite) time.Duration {
	if w.action.Verb == plan.Delete && w.failed != graph.Restricted {
		return retryDelete
	}
	return p.tenant.Spec.ResyncPeriodOrDefault()
}

func (p *pass) observing() bool { return p.tenant.Spec.ModeOrDefault() == v1alpha1.ModeObserve }
