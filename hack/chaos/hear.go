package main

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// needRead are the reasons that no operator gives before it was told what there is.
var needRead = []string{
	v1alpha1.ReasonReady, v1alpha1.ReasonAlreadyExists, v1alpha1.ReasonDriftDetected, v1alpha1.ReasonSMSSignInNotAsAsked,
}

// hear notes what the operator says of a resource: whom it bound it to, and each reason once.
func (l *ledger) hear(o *v1alpha1.PhoneAuthenticationMethod) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.resources[o.Namespace+"/"+o.Name]
	if r == nil {
		return
	}
	if r.bound == nil {
		r.bound = l.users[o.Status.UserID]
	}
	l.judgeTold(o, r)
	if c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady); c != nil && c.Reason != r.told {
		r.told = c.Reason
		r.verdict = r.verdict || slices.Contains(needRead, c.Reason)
		l.counts["told: "+c.Reason]++
		l.note(r.user, "%s: told %s", r.ref, c.Reason)
	}
}
