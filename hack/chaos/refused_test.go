package main

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// A resource that no rule is for is told nothing of the user, and whoever has a rule is told what there is.
func TestWhatAResourceWithoutARuleIsTold(t *testing.T) {
	type status = v1alpha1.PhoneAuthenticationMethodStatus
	ready := func(reason string) status {
		return status{Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: reason}}}
	}
	for name, tc := range map[string]struct {
		own  bool // the namespace has a rule for the user
		told status
		want string
	}{
		"that it is not permitted":           {told: ready(v1alpha1.ReasonNotPermitted)},
		"that there is a phone":              {told: ready(v1alpha1.ReasonAlreadyExists), want: "is told AlreadyExists"},
		"that somebody else has it":          {told: ready(v1alpha1.ReasonConflict), want: "is told Conflict"},
		"that the user is an administrator":  {told: ready(v1alpha1.ReasonPrivilegedUser), want: "is told PrivilegedUser"},
		"that its Secret is not there":       {told: ready(v1alpha1.ReasonNumberSourceNotFound), want: "is told NumberSourceNotFound"},
		"the id of a phone":                  {told: status{ID: "3179e48a-750b-4051-897c-87b9720928f7"}, want: "is told id"},
		"the id of a phone of its own":       {own: true, told: status{ID: "3179e48a-750b-4051-897c-87b9720928f7"}},
		"the state of SMS sign-in":           {told: status{SMSSignInState: "ready"}, want: "smsSignInState"},
		"a pending write":                    {told: status{PendingWrite: &v1alpha1.PendingWrite{}}, want: "pending write"},
		"the mask of its own number":         {told: status{MaskedNumber: "+44 ********00"}},
		"the mask of the user's number":      {told: status{MaskedNumber: "+1 ********00"}, want: "never asked for"},
		"the object id behind a name":        {told: status{UserID: "0f1c0000-0000-4000-8000-000000000001"}, want: "is told object id"},
		"the object id that it says in spec": {told: status{UserID: "0f1c0000-0000-4000-8000-000000000002"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld1(version{})
			w.a.hostile = tc.own
			r := &resource{ref: hostile + "/claim", namespace: hostile, user: w.a, phoneType: emulator.Mobile, versions: []version{{Says: oracle.Says{Number: "+442079460100"}}}}
			o := &v1alpha1.PhoneAuthenticationMethod{Status: tc.told}
			o.Spec.User = "0F1C0000-0000-4000-8000-000000000002"
			w.l.judgeTold(o, r)
			w.found(t, tc.want)
		})
	}
}
