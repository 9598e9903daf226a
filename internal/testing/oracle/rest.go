// Package oracle is the executable specification of the operator's rules, as they are seen from outside: what a resource
// may say when all has come to rest, what one is told that nobody may act for, what a tenant counts, and what no write to
// Graph may do. It is written from the table of semantics, not from the plan, and shares no code with the operator.
//
// It is pure: values in, objections out, in words. Who asks collects what it cannot see, and where it cannot know, as
// when reads lag, says what is in the operator's favour.
package oracle

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// Plain writes a number so that two spellings of one number are equal: with a space or without, with an x or an X before
// the extension.
func Plain(number string) string { return strings.ToLower(strings.ReplaceAll(number, " ", "")) }

// ReasonOf is the reason of a resource's Ready condition, "" where there is none yet.
func ReasonOf(o *v1alpha1.PhoneAuthenticationMethod) string {
	if c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		return c.Reason
	}
	return ""
}

// Slot is one phone type of one user when the operator has come to rest.
type Slot struct {
	Type   string
	Phone  *emulator.Phone // what Graph has; nil: nothing
	Mobile bool            // Graph has a mobile of the user
	// Foreign says that somebody else put the phone there, or that what is known of its origin may be lost.
	Foreign    bool
	Observe    bool // the tenant is in mode Observe
	Privileged bool // Entra protects the user
	Gone       bool // the user was deleted
	Claims     []Claim
}

// Claim is a resource that speaks for a phone type, with what it does not say itself.
type Claim struct {
	*v1alpha1.PhoneAuthenticationMethod
	Number string // that it says, or has from its Secret
	Astray bool   // its name is another user's than the one it is bound to
	Nobody bool   // its name is no user's
	// Unfound says that it gives an object id whose user the operator never found: that there is none is not told to a
	// namespace whose rules do not cover everybody.
	Unfound bool
	// Patient says that the resource may be said to wait for its user: that does not change while all is at rest.
	Patient bool
	// May are the reasons that it may give, where the caller knows all; nil: what follows from the rest.
	May []string
}

// Wrong is what is not as it should be: each resource says what is true, and not two have one phone.
func (s Slot) Wrong() (wrong []string) {
	var holders, ready []string
	for _, c := range s.Claims {
		for _, what := range s.wrongOf(c) {
			wrong = append(wrong, c.Namespace+"/"+c.Name+": "+what)
		}
		if c.DeletionTimestamp == nil && c.Status.ID != "" {
			holders = append(holders, c.Name)
		}
		if c.DeletionTimestamp == nil && isReady(c.PhoneAuthenticationMethod) {
			ready = append(ready, c.Name)
		}
	}
	if len(holders) > 1 || len(ready) > 1 {
		wrong = append(wrong, fmt.Sprintf("%s has holders %v and Ready %v", s.Type, holders, ready))
	}
	return wrong
}

func (s Slot) wrongOf(c Claim) (wrong []string) {
	reason := ReasonOf(c.PhoneAuthenticationMethod)
	if c.DeletionTimestamp != nil {
		if s.Observe || s.Privileged { // there nothing is deleted, so what is held stays
			return nil
		}
		return []string{"is still leaving: " + reason}
	}
	if c.Status.ObservedGeneration != c.Generation {
		wrong = append(wrong, fmt.Sprintf("generation %d is observed, %d is there", c.Status.ObservedGeneration, c.Generation))
	}
	if unread := []string{v1alpha1.ReasonTenantNotFound, v1alpha1.ReasonTenantNotReady}; c.Status.PendingWrite != nil && !s.Gone && !slices.Contains(unread, reason) {
		wrong = append(wrong, fmt.Sprintf("has a pending write: %s", c.Status.PendingWrite.Action))
	}
	if c.May != nil && !slices.Contains(c.May, reason) {
		wrong = append(wrong, fmt.Sprintf("says %q, and could say %q", reason, c.May))
	}
	if isReady(c.PhoneAuthenticationMethod) {
		if untrue := Ready(c.PhoneAuthenticationMethod, c.Number, s.Phone); untrue != "" {
			wrong = append(wrong, untrue)
		}
	} else if c.May == nil && !s.justifies(c, reason) {
		wrong = append(wrong, fmt.Sprintf("says %q; Graph has %s, it wants %q (%s)", reason, shown(s.Phone), c.Number, c.Spec.AdoptionPolicyOrDefault()))
	}
	return wrong
}

func isReady(o *v1alpha1.PhoneAuthenticationMethod) bool {
	return meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady)
}

// Ready is what is untrue of a resource that says that Graph has just what it asks for: this number. "" is nothing.
func Ready(o *v1alpha1.PhoneAuthenticationMethod, number string, phone *emulator.Phone) string {
	switch {
	case phone == nil || Plain(phone.Number) != Plain(number):
		return fmt.Sprintf("is Ready, but Graph has %s and not %q", shown(phone), number)
	case o.Status.ID != phone.ID:
		return fmt.Sprintf("is Ready with id %q, Graph has %q", o.Status.ID, phone.ID)
	case o.Status.SMSSignInState != phone.SMSSignInState:
		return fmt.Sprintf("says smsSignInState %q, Graph says %q", o.Status.SMSSignInState, phone.SMSSignInState)
	case o.Spec.SMSSignIn == v1alpha1.SMSSignInEnabled && phone.SMSSignInState != "ready",
		o.Spec.SMSSignIn == v1alpha1.SMSSignInDisabled && phone.SMSSignInState == "ready":
		return fmt.Sprintf("is Ready, but SMS sign-in is %q", phone.SMSSignInState)
	}
	return ""
}

// justifies reports whether a reason why a resource is not Ready is true.
func (s Slot) justifies(c Claim, reason string) bool {
	has := s.Phone != nil && Plain(s.Phone.Number) == Plain(c.Number)
	switch adopt := c.Spec.AdoptionPolicyOrDefault(); reason {
	case v1alpha1.ReasonConflict:
		return slices.ContainsFunc(s.Claims, func(other Claim) bool {
			return other.PhoneAuthenticationMethod != c.PhoneAuthenticationMethod && other.DeletionTimestamp == nil
		})
	case v1alpha1.ReasonAlreadyExists:
		return s.Phone != nil && s.Foreign && (adopt == v1alpha1.AdoptNever || adopt == v1alpha1.AdoptIfNumberMatches && !has)
	case v1alpha1.ReasonDriftDetected:
		return c.Spec.DriftPolicyOrDefault() == v1alpha1.DriftReport
	case v1alpha1.ReasonWaitingForMobile:
		return s.Type == emulator.AlternateMobile && !s.Mobile
	case v1alpha1.ReasonWouldChange:
		return s.Observe
	case v1alpha1.ReasonPrivilegedUser:
		return s.Privileged
	case v1alpha1.ReasonUserNotFound:
		return (s.Gone || c.Status.UserID == "" && c.Nobody) && c.Patient
	case v1alpha1.ReasonNotPermitted:
		return s.Gone && c.Unfound
	case v1alpha1.ReasonUserChanged:
		return c.Astray
	case v1alpha1.ReasonSMSSignInNotAsAsked:
		return has && (s.Phone.SMSSignInState != "ready") == (c.Spec.SMSSignIn == v1alpha1.SMSSignInEnabled)
	}
	return false
}

func shown(p *emulator.Phone) string {
	if p == nil {
		return "nothing"
	}
	return fmt.Sprintf("%q", p.Number)
}
