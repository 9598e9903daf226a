package main

import (
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// asExpected is a world in which nothing is wrong.
func asExpected() world {
	w := world{log: `{"msg":"created","user":"0f1c0000-0000-4000-8000-000000000001","number":"+1 ********00"}`}
	for _, p := range expectedPhones {
		w.phones = append(w.phones, phone{User: p.user, Phone: emulator.Phone{
			ID: "id of " + p.phoneType, Type: p.phoneType, Number: p.number, SMSSignInState: "notEnabled"}})
	}
	for _, m := range []struct{ name, user, phoneType, reason string }{
		{"ada-alternate-mobile", "ada@contoso.com", "alternateMobile", "Ready"},
		{"ada-mobile", "ada@contoso.com", "mobile", "Ready"},
		{"ben-office", "ben@contoso.com", "office", "Ready"},
		{"conflict-ada-mobile", "ADA@contoso.com", "mobile", "Conflict"},
		{"cora-mobile", "cora@contoso.com", "mobile", "Ready"},
		{"erin-mobile", "erin@contoso.com", "mobile", "InvalidNumber"},
		{"kim-mobile", "kim@contoso.com", "mobile", "Ready"},
	} {
		method := v1alpha1.PhoneAuthenticationMethod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: m.name},
			Spec:       v1alpha1.PhoneAuthenticationMethodSpec{User: m.user, PhoneType: v1alpha1.PhoneType(m.phoneType)},
		}
		method.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: m.reason}}
		if m.reason == v1alpha1.ReasonReady {
			method.Status.ID, method.Status.SMSSignInState = "id of "+m.phoneType, "notEnabled"
			w.writes = append(w.writes, write{Method: "POST", Type: m.phoneType, Status: 201})
		}
		w.methods = append(w.methods, method)
	}
	return w
}

func TestWhatIsNotAsExpectedIsSaid(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*world)
		want   string // a part of the only line; empty: no line
	}{
		"nothing": {func(*world) {}, ""},
		"a method with another reason": {
			func(w *world) { w.methods[3].Status.Conditions[0].Reason = "Pending" }, "people/conflict-ada-mobile is Pending, not Conflict",
		},
		"a method that the operator did not see": {
			func(w *world) { w.methods[5].Status.Conditions = nil }, "people/erin-mobile is nothing, not InvalidNumber",
		},
		"a method that is missing": {
			func(w *world) { w.methods = slices.Delete(w.methods, 5, 6) }, "people/erin-mobile is nothing, not InvalidNumber",
		},
		"a sample without an expectation": {func(w *world) {
			w.methods = append(w.methods, v1alpha1.PhoneAuthenticationMethod{ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: "new"}})
		}, "people/new is a method that the demo knows nothing of"},
		"another number in Graph": {
			func(w *world) { w.phones[2].Number = "+1 2065550199" }, "the office of ben@contoso.com is +1 2065550199 in Graph, not +1 2065550123x4567",
		},
		"a phone that nobody asked for": {
			func(w *world) {
				w.phones = append(w.phones, phone{User: "ben@contoso.com", Phone: emulator.Phone{Type: "mobile"}})
			}, "Graph has 7 phones, not 6",
		},
		"a status with another id than Graph": {
			func(w *world) { w.methods[6].Status.ID = "another" }, `people/kim-mobile is Ready with id "another"`,
		},
		"a status with another state of SMS sign-in": {
			func(w *world) { w.methods[6].Status.SMSSignInState = "" }, `people/kim-mobile says smsSignInState ""`,
		},
		"a write that Graph refused": {func(w *world) { w.writes[0].Status = 400 }, "Graph answered a POST with 400"},
		"a write that was cut off":   {func(w *world) { w.writes[0].Status = 0 }, "Graph answered a POST with 0"},
		"a change instead of a new phone": {
			func(w *world) { w.writes[0].Method, w.writes[0].Status = "PATCH", 204 }, "a PATCH was sent",
		},
		"a phone written twice": {
			func(w *world) { w.writes = append(w.writes, w.writes[0]) }, "6 writes were sent for 5 new phones",
		},
		"a number in the log":        {func(w *world) { w.log += "+1 2065550100" }, "the operator's log has the number of ada@contoso.com"},
		"its national part":          {func(w *world) { w.log += "2079460100" }, "the operator's log has the number of cora@contoso.com"},
		"a number written otherwise": {func(w *world) { w.log += "+1 (206) 555-0123" }, "the operator's log has the number of ben@contoso.com"},
	} {
		t.Run(name, func(t *testing.T) {
			w := asExpected()
			tc.change(&w)
			got := w.wrong()
			switch {
			case tc.want == "":
				if len(got) > 0 {
					t.Errorf("said: %q", got)
				}
			case len(got) != 1 || !strings.Contains(got[0], tc.want):
				t.Errorf("said: %q, want one line with %q", got, tc.want)
			}
		})
	}
}
