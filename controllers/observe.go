package controllers

import (
	"context"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// observe asks Graph, with one call, what the user has, and has the journal say what to
// believe of that and who must wait.
func (p *pass) observe(ctx context.Context) error {
	listed, err := p.tenant.Graph.PhoneMethods(ctx, p.user.ID)
	if err != nil {
		return err
	}
	p.stale = false
	var shown []plan.Method
	for _, m := range listed {
		shown = append(shown, plan.Method{Type: m.Type, Number: m.Number, SMS: m.SMSSignInState})
	}
	p.read(ctx, shown)
	p.holdUnsettled()
	p.holdUnseen()
	p.delayHeirs()
	return nil
}

// method returns what is believed of a type, to be changed in place; nil is none.
func (p *pass) method(t phone.Type) *plan.Method { return plan.MethodOf(p.methods, t) }

// set replaces what is believed of a type; nil is none.
func (p *pass) set(t phone.Type, m *plan.Method) { p.methods = plan.Replace(p.methods, t, m) }
