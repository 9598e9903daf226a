package main

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// That there is no user of an object id is told only to who was told before that there was one.
func TestWhoMayStayNotPermittedAtTheEnd(t *testing.T) {
	const id = "0f1c0000-0000-4000-8000-000000000002"
	for name, tc := range map[string]struct {
		spelling, bound string
		gone, want      bool
	}{
		"an object id of a user who was gone before the first look": {spelling: "0F1C0000-0000-4000-8000-000000000002", gone: true, want: true},
		"an object id of a user who is there":                       {spelling: id},
		"a user who went after the first look":                      {spelling: id, bound: id, gone: true},
		"a name":                                                    {spelling: "ada@contoso.com", gone: true},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger()
			a := newAccount(id, "ada@contoso.com", &realm{})
			l.meet(a)
			l.resources["people/x"] = &resource{user: a, versions: []version{{number: "+12065550100"}}}
			o := &v1alpha1.PhoneAuthenticationMethod{ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: "x"}}
			o.Spec.User, o.Status.UserID = tc.spelling, tc.bound
			o.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNotPermitted}}
			c := circumstances{ledger: l, gone: tc.gone, has: map[string]emulator.Phone{}}
			if found := ofSlot(emulator.Mobile, []*v1alpha1.PhoneAuthenticationMethod{o}, c); (len(found) == 0) != tc.want {
				t.Errorf("found %v", found)
			}
		})
	}
}
