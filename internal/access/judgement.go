package access

import "github.com/entraops/phone-operator/api/v1alpha1"

// Judgement is what the rules allow to one Request. The zero value allows nothing.
type Judgement struct {
	actions actions // what the rules that match in everything allow together
	// Mismatch is what a refusal may say: how far the rules went. It is Nothing where
	// a rule matched; an action that is still not allowed is then in no such rule.
	Mismatch Mismatch
}

// Permitted reports whether anything at all is allowed.
func (j Judgement) Permitted() bool { return j.actions != 0 }

// Allows reports whether a is allowed.
func (j Judgement) Allows(a v1alpha1.Action) bool { return j.actions&bit(a) != 0 }

// Mismatch is the part that kept a request from being allowed, in the order in
// which a rule is read. Of several rules the one that went furthest counts.
//
// From User on it speaks of rules for the request's own namespace alone, so it
// can be shown there: it does not tell which users other namespaces may manage,
// nor whether they may manage this one.
type Mismatch int

// The parts of a rule, in order.
const (
	NoRules      Mismatch = iota // the tenant has no access rules
	Namespace                    // no rule is for this namespace
	User                         // those that are name other users
	PhoneType                    // those for this user name other phone types
	NumberSource                 // those for this phone want the number in a Secret, or in one for this user
	Nothing                      // a rule matched
)

// actions is a set of v1alpha1.Action. An action it does not know is in no set.
type actions uint8

const allActions actions = 1<<3 - 1

// actionsOf is the set of a rule's list; an empty list means all.
func actionsOf(list []v1alpha1.Action) actions {
	if len(list) == 0 {
		return allActions
	}
	var set actions
	for _, a := range list {
		set |= bit(a)
	}
	return set
}

func bit(a v1alpha1.Action) actions {
	switch a {
	case v1alpha1.ActionCreate:
		return 1 << 0
	case v1alpha1.ActionUpdate:
		return 1 << 1
	case v1alpha1.ActionDelete:
		return 1 << 2
	}
	return 0
}
