package oracle_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

const wanted, other = "+12065550100", "+1 2065550101"

// claim is a resource at rest that gives a reason.
func claim(name, reason string) oracle.Claim {
	o := &v1alpha1.PhoneAuthenticationMethod{ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: name}}
	ready := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: reason}
	if reason == v1alpha1.ReasonReady {
		ready.Status = metav1.ConditionTrue
		o.Status.ID, o.Status.SMSSignInState = "id", "notEnabled"
	}
	o.Status.Conditions = []metav1.Condition{ready}
	return oracle.Claim{PhoneAuthenticationMethod: o, Number: wanted}
}

func has(number string) *emulator.Phone {
	return &emulator.Phone{ID: "id", Type: emulator.Mobile, Number: number, SMSSignInState: "notEnabled"}
}

// Each reason is true in some slots, and in others not.
func TestWhatAResourceAtRestMaySay(t *testing.T) {
	type slot = oracle.Slot
	for name, tc := range map[string]struct {
		reason string
		slot   slot
		change func(*oracle.Claim) // nil: none
		want   string              // a part of the only objection; "": none
	}{
		"Ready, and Graph has it":                                   {reason: v1alpha1.ReasonReady, slot: slot{Phone: has("+1 2065550100")}},
		"Ready, and Graph has another":                              {reason: v1alpha1.ReasonReady, slot: slot{Phone: has(other)}, want: `is Ready, but Graph has "+1 2065550101"`},
		"Ready, and Graph has nothing":                              {reason: v1alpha1.ReasonReady, want: "is Ready, but Graph has nothing"},
		"Ready with the id of another":                              {reason: v1alpha1.ReasonReady, slot: slot{Phone: has(wanted)}, change: func(c *oracle.Claim) { c.Status.ID = "another" }, want: `with id "another"`},
		"Ready with an old state of SMS":                            {reason: v1alpha1.ReasonReady, slot: slot{Phone: has(wanted)}, change: func(c *oracle.Claim) { c.Status.SMSSignInState = "ready" }, want: "says smsSignInState"},
		"Ready, and SMS is not as asked":                            {reason: v1alpha1.ReasonReady, slot: slot{Phone: has(wanted)}, change: func(c *oracle.Claim) { c.Spec.SMSSignIn = v1alpha1.SMSSignInEnabled }, want: "SMS sign-in is"},
		"that SMS is not as asked":                                  {reason: v1alpha1.ReasonSMSSignInNotAsAsked, slot: slot{Phone: has(wanted)}, change: func(c *oracle.Claim) { c.Spec.SMSSignIn = v1alpha1.SMSSignInEnabled }},
		"that SMS is not as asked, and it is":                       {reason: v1alpha1.ReasonSMSSignInNotAsAsked, slot: slot{Phone: has(wanted)}, change: func(c *oracle.Claim) { c.Spec.SMSSignIn = v1alpha1.SMSSignInDisabled }, want: "says"},
		"a conflict with nobody":                                    {reason: v1alpha1.ReasonConflict, want: `says "Conflict"`},
		"somebody's phone":                                          {reason: v1alpha1.ReasonAlreadyExists, slot: slot{Phone: has(other), Foreign: true}},
		"somebody's phone, which it may adopt":                      {reason: v1alpha1.ReasonAlreadyExists, slot: slot{Phone: has(wanted), Foreign: true}, want: "says"},
		"somebody's phone, which is ours":                           {reason: v1alpha1.ReasonAlreadyExists, slot: slot{Phone: has(other)}, want: "says"},
		"drift":                                                     {reason: v1alpha1.ReasonDriftDetected, slot: slot{Phone: has(other)}, change: func(c *oracle.Claim) { c.Spec.DriftPolicy = v1alpha1.DriftReport }},
		"drift that it is to correct":                               {reason: v1alpha1.ReasonDriftDetected, slot: slot{Phone: has(other)}, want: "says"},
		"that there is no mobile":                                   {reason: v1alpha1.ReasonWaitingForMobile, slot: slot{Type: emulator.AlternateMobile}},
		"that there is no mobile, and it is":                        {reason: v1alpha1.ReasonWaitingForMobile, slot: slot{Type: emulator.AlternateMobile, Mobile: true}, want: "says"},
		"what it would do in mode Observe":                          {reason: v1alpha1.ReasonWouldChange, slot: slot{Observe: true}},
		"what it would do in mode Enforce":                          {reason: v1alpha1.ReasonWouldChange, want: "says"},
		"that the user is protected":                                {reason: v1alpha1.ReasonPrivilegedUser, slot: slot{Privileged: true}},
		"that the user is protected, and is not":                    {reason: v1alpha1.ReasonPrivilegedUser, want: "says"},
		"that the user is gone":                                     {reason: v1alpha1.ReasonUserNotFound, slot: slot{Gone: true}, change: func(c *oracle.Claim) { c.Patient = true }},
		"that a user is gone who is there":                          {reason: v1alpha1.ReasonUserNotFound, change: func(c *oracle.Claim) { c.Patient = true }, want: "says"},
		"that its name is another's":                                {reason: v1alpha1.ReasonUserChanged, change: func(c *oracle.Claim) { c.Astray = true }},
		"that its name is another's, and is not":                    {reason: v1alpha1.ReasonUserChanged, want: "says"},
		"an object id that was nobody's before the first look":      {reason: v1alpha1.ReasonNotPermitted, slot: slot{Gone: true}, change: func(c *oracle.Claim) { c.Unfound = true }},
		"an object id that is nobody's, and was somebody's":         {reason: v1alpha1.ReasonNotPermitted, slot: slot{Gone: true}, want: "says"},
		"an object id that may be nobody's, of a user who is there": {reason: v1alpha1.ReasonNotPermitted, change: func(c *oracle.Claim) { c.Unfound = true }, want: "says"},
		"what whoever knows all allows":                             {reason: v1alpha1.ReasonRejected, change: func(c *oracle.Claim) { c.May = []string{v1alpha1.ReasonRejected} }},
		"less than that, however true":                              {reason: v1alpha1.ReasonReady, slot: slot{Phone: has(wanted)}, change: func(c *oracle.Claim) { c.May = []string{v1alpha1.ReasonRejected} }, want: `could say ["Rejected"]`},
		"nothing":                                                   {want: "says"},
		"what it said of an older spec":                             {reason: v1alpha1.ReasonReady, slot: slot{Phone: has(wanted)}, change: func(c *oracle.Claim) { c.Generation = 2 }, want: "generation 0 is observed, 2"},
		"that something is to be written":                           {reason: v1alpha1.ReasonReady, slot: slot{Phone: has(wanted)}, change: func(c *oracle.Claim) { c.Status.PendingWrite = &v1alpha1.PendingWrite{} }, want: "pending write"},
		"that it leaves":                                            {reason: v1alpha1.ReasonReady, change: func(c *oracle.Claim) { c.DeletionTimestamp = &metav1.Time{} }, want: "is still leaving"},
		"that it leaves, in mode Observe":                           {reason: v1alpha1.ReasonReady, slot: slot{Observe: true}, change: func(c *oracle.Claim) { c.DeletionTimestamp = &metav1.Time{} }},
	} {
		t.Run(name, func(t *testing.T) {
			c := claim("mobile", tc.reason)
			if tc.change != nil {
				tc.change(&c)
			}
			tc.slot.Claims = []oracle.Claim{c}
			expect(t, tc.slot.Wrong(), tc.want)
		})
	}
}

func TestTwoResourcesOfOnePhone(t *testing.T) {
	slot := oracle.Slot{Type: emulator.Mobile, Phone: has(wanted), Claims: []oracle.Claim{claim("a", v1alpha1.ReasonReady), claim("b", v1alpha1.ReasonConflict)}}
	expect(t, slot.Wrong(), "")
	slot.Claims[1] = claim("b", v1alpha1.ReasonReady)
	expect(t, slot.Wrong(), "mobile has holders [a b] and Ready [a b]")
}

func expect(t *testing.T, got []string, want string) {
	t.Helper()
	if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.Contains(got[0], want)) {
		t.Errorf("objections: %q, want one with %q", got, want)
	}
}
