package main

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Which resources may have something done for them, and what the others may be told.

// refused reports whether nothing may ever be done for a resource, as no rule is for it.
func (r *resource) refused() bool {
	return r.namespace == outsiders || r.namespace == hostile && !r.user.hostile
}

// speakers are the resources that may speak for a phone type: not gone, and of a namespace that ever had access.
func (l *ledger) speakers(a *account, phoneType string) []*resource {
	var all []*resource
	for _, r := range l.resources {
		if (r.user == a || r.heir == a) && r.phoneType == phoneType && !r.gone && !r.refused() {
			all = append(all, r)
		}
	}
	return all
}

// harmless are the reasons that tell it nothing of the user's phones: that it is refused, or that the user could not be
// asked for.
var harmless = []string{
	"", v1alpha1.ReasonNotPermitted, v1alpha1.ReasonUserNotFound, v1alpha1.ReasonTenantNotFound, v1alpha1.ReasonTenantNotReady,
	v1alpha1.ReasonThrottled, v1alpha1.ReasonForbidden, v1alpha1.ReasonGraphUnavailable,
}

// judgeTold holds the status of a refused resource against what it may know. l.mu is held.
func (l *ledger) judgeTold(o *v1alpha1.PhoneAuthenticationMethod, r *resource) {
	if !r.refused() {
		return
	}
	reason := ""
	if c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		reason = c.Reason
	}
	told := ""
	switch s := o.Status; {
	case s.ID != "" || s.SMSSignInState != "" || s.PendingWrite != nil:
		told = fmt.Sprintf("id %q, smsSignInState %q, pending write %v", s.ID, s.SMSSignInState, s.PendingWrite)
	case s.MaskedNumber != "" && !r.said(func(v version) bool { return sameMask(s.MaskedNumber, v.number) }) && r.namespace != hostile,
		s.MaskedNumber != "" && !strings.HasPrefix(s.MaskedNumber, "+44 ") && r.namespace == hostile:
		told = "a number that it never asked for: " + s.MaskedNumber
	case s.UserID != "" && !strings.EqualFold(s.UserID, o.Spec.User):
		told = "object id " + s.UserID
	case !slices.Contains(harmless, reason) && o.DeletionTimestamp == nil:
		told = reason
	}
	if told != "" && told != r.leaked {
		r.leaked = told
		l.accuse(r.user, "%s is not permitted, and is told %s", r.ref, told)
	}
}

// sameMask reports whether a mask is of a number, by country code and last digits.
func sameMask(mask, number string) bool {
	code, _, _ := strings.Cut(mask, " ")
	return strings.HasPrefix(number, code) && strings.HasSuffix(number, mask[len(mask)-2:])
}

// ofRefused judges at the end a resource that no rule is for.
func ofRefused(o *v1alpha1.PhoneAuthenticationMethod, r *resource) (out []string) {
	say := func(format string, args ...any) { out = append(out, r.ref+": "+fmt.Sprintf(format, args...)) }
	reason := reasonOf(o, v1alpha1.ConditionReady)
	switch {
	case o.DeletionTimestamp != nil:
		say("is still leaving: %s", reason)
	case o.Status.ObservedGeneration != o.Generation:
		say("generation %d is observed, %d is there", o.Status.ObservedGeneration, o.Generation)
	case reason != v1alpha1.ReasonNotPermitted && !o.Spec.Suspend:
		say("is not permitted, and says %s", reason)
	}
	return out
}

// spokenForBy reports whether a namespace ever had a resource for the phone type. l.mu is held.
func (l *ledger) spokenForBy(namespace string, a *account, phoneType string) bool {
	for _, r := range l.resources {
		if (r.user == a || r.heir == a) && r.phoneType == phoneType && r.namespace == namespace {
			return true
		}
	}
	return false
}
