package main

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// unmet are the kinds of faults, acts, blows and answers that the run has not had.
func (w *world) unmet() []string {
	expected := []string{}
	for _, together := range weathers(nil) {
		for _, f := range together {
			expected = append(expected, "fault: "+f.Name)
		}
	}
	for _, c := range clocks {
		expected = append(expected, "clock: "+c.name)
	}
	for _, a := range acts {
		expected = append(expected, "act: "+a.name)
	}
	for _, e := range edicts {
		expected = append(expected, "edict: "+e.name)
	}
	for _, b := range blows {
		expected = append(expected, "blow: "+b.name)
	}
	for _, a := range attacks {
		expected = append(expected, "attack: "+a.name)
	}
	for _, p := range plots {
		expected = append(expected, "told: "+p.reason)
	}
	slices.Sort(expected)
	return slices.DeleteFunc(slices.Compact(expected), w.ledger.met)
}

// met says whether something of a kind has happened.
func (l *ledger) met(kind string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[kind] > 0
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
		l.counts["told: "+c.Reason]++
		l.note(r.user, "%s: told %s", r.ref, c.Reason)
	}
}
