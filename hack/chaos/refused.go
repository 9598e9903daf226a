package main

import (
	"slices"
	"strings"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testing/oracle"
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

// judgeTold holds the status of a refused resource against what it may know. l.mu is held.
func (l *ledger) judgeTold(o *v1alpha1.PhoneAuthenticationMethod, r *resource) {
	if !r.refused() {
		return
	}
	told := oracle.Told(o, func(mask string) bool {
		if r.namespace == hostile { // the attacker's numbers are all of one country
			return strings.HasPrefix(mask, "+44 ")
		}
		return slices.ContainsFunc(r.versions, func(v version) bool { return sameMask(mask, v.Number) })
	})
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

// spokenForBy reports whether a namespace ever had a resource for the phone type. l.mu is held.
func (l *ledger) spokenForBy(namespace string, a *account, phoneType string) bool {
	for _, r := range l.resources {
		if (r.user == a || r.heir == a) && r.phoneType == phoneType && r.namespace == namespace {
			return true
		}
	}
	return false
}
