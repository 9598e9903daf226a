package controllers_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

const (
	mobile    = v1alpha1.PhoneTypeMobile
	alternate = v1alpha1.PhoneTypeAlternateMobile
	office    = v1alpha1.PhoneTypeOffice
)

func TestThreePhonesAppliedInTheWrongOrder(t *testing.T) {
	s := newStory(t)
	u := s.user()
	s.apply(s.pam("alt", u.UPN, alternate, "+1 2065550102"))
	s.reaches("alt", v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonWaitingForMobile)
	s.apply(s.pam("mobile", u.UPN, mobile, "+12065550101"), s.pam("office", u.UPN, office, "+1 2065550103x77"))
	s.ready("alt", "mobile", "office")
	s.has(u, "mobile +1 2065550101", "alternateMobile +1 2065550102", "office +1 2065550103x77")
	if w := s.writes(u); len(w) != 3 {
		t.Errorf("writes to Graph: %v, want one for each phone", w)
	}
	o, err := s.get("mobile")
	must(t, err)
	if o.Status.ID != "3179e48a-750b-4051-897c-87b9720928f7" || o.Status.SMSSignInState != "notAllowedByPolicy" ||
		o.Status.UserID != u.ID || o.Status.MaskedNumber != "+1 ********01" {
		t.Errorf("status: %+v", o.Status)
	}
}
