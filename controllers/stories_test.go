package controllers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

const (
	mobile    = v1alpha1.PhoneTypeMobile
	alternate = v1alpha1.PhoneTypeAlternateMobile
	office    = v1alpha1.PhoneTypeOffice

	yes = metav1.ConditionTrue
	no  = metav1.ConditionFalse
)

func TestThreePhonesAppliedInTheWrongOrder(t *testing.T) {
	s := newStory(t)
	u := s.user()
	s.apply(s.pam("alt", u.UPN, alternate, "+1 2065550102"))
	s.reaches("alt", v1alpha1.ConditionSynced, no, v1alpha1.ReasonWaitingForMobile)
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

func TestAnEditIsOneUpdate(t *testing.T) {
	s := newStory(t)
	u := s.user()
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.ready("mobile")
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber = "+1 2065550109" })
	s.ready("mobile")
	s.has(u, "mobile +1 2065550109")
	if w := fmt.Sprint(s.writes(u)); w != "[POST PATCH]" {
		t.Errorf("writes to Graph: %v", w)
	}
}

func TestAnotherWritingOfTheNumberIsNoWrite(t *testing.T) {
	s := newStory(t)
	u := s.user()
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.ready("mobile")
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber = "+12065550101" })
	s.ready("mobile")
	if w := fmt.Sprint(s.writes(u)); w != "[POST]" {
		t.Errorf("writes to Graph: %v", w)
	}
}

func TestBothMobilesDeletedTogetherGoInGraphsOrder(t *testing.T) {
	s := newStory(t)
	u := s.user()
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"), s.pam("alt", u.UPN, alternate, "+1 2065550102"))
	s.ready("mobile", "alt")
	s.remove("mobile", "alt")
	s.gone("mobile", "alt")
	s.has(u)
}

func TestAMobileWaitsForItsAlternateMobile(t *testing.T) {
	s := newStory(t)
	u := s.user()
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"), s.pam("alt", u.UPN, alternate, "+1 2065550102"))
	s.ready("mobile", "alt")
	s.remove("mobile")
	s.reaches("mobile", v1alpha1.ConditionSynced, no, v1alpha1.ReasonWaitingForAlternateMobile)
	s.has(u, "mobile +1 2065550101", "alternateMobile +1 2065550102")
	s.remove("alt")
	s.gone("mobile", "alt")
	s.has(u)
	if w := fmt.Sprint(s.writes(u)); w != "[POST POST DELETE DELETE]" {
		t.Errorf("writes to Graph: %v", w)
	}
}

func TestOneUserSpelledThreeWaysIsOneUser(t *testing.T) {
	s := newStory(t)
	u := s.user()
	s.apply(s.pam("first", u.UPN, mobile, "+1 2065550101"))
	s.ready("first")
	s.apply(s.pam("by-id", strings.ToUpper(u.ID), mobile, "+1 2065550102"),
		s.pam("shouted", strings.ToUpper(u.UPN), mobile, "+1 2065550103"),
		s.pam("alt", u.ID, alternate, "+1 2065550104"))
	for _, name := range []string{"by-id", "shouted"} {
		o := s.reaches(name, v1alpha1.ConditionAccepted, no, v1alpha1.ReasonConflict)
		if c := o.Status.Conditions[0]; !strings.Contains(c.Message, `"first"`) {
			t.Errorf("the message does not name the winner of the same namespace: %s", c.Message)
		}
	}
	s.ready("alt")
	s.has(u, "mobile +1 2065550101", "alternateMobile +1 2065550104")
}

func TestARivalTakesOverWithOneUpdateAndNoGap(t *testing.T) {
	s := newStory(t)
	u := s.user()
	s.apply(s.pam("a", u.UPN, mobile, "+1 2065550101"))
	s.ready("a")
	s.apply(s.pam("b", u.UPN, mobile, "+1 2065550102", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.AdoptionPolicy = v1alpha1.AdoptNever
	}))
	s.reaches("b", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonConflict)
	s.remove("a")
	s.gone("a")
	s.ready("b")
	s.has(u, "mobile +1 2065550102")
	if w := fmt.Sprint(s.writes(u)); w != "[POST PATCH]" {
		t.Errorf("writes to Graph: %v", w)
	}
}

func TestAdoption(t *testing.T) {
	s := newStory(t)
	u := s.user(func(u *emulator.User) {
		u.Phones = map[string]string{"mobile": "+1 2065550101", "office": "+1 2065550102"}
	})
	expected := func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.AdoptionPolicy = v1alpha1.AdoptIfNumberMatches }
	s.apply(s.pam("mobile", u.UPN, mobile, "+12065550101", expected), s.pam("office", u.UPN, office, "+1 2065550109", expected))
	s.ready("mobile")
	s.reaches("office", v1alpha1.ConditionSynced, no, v1alpha1.ReasonAlreadyExists)
	if w := s.writes(u); len(w) != 0 {
		t.Errorf("writes to Graph: %v, want none", w)
	}
	s.edit("office", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.AdoptionPolicy = v1alpha1.AdoptAlways })
	s.ready("office")
	s.has(u, "mobile +1 2065550101", "office +1 2065550109")
	s.remove("mobile", "office")
	s.gone("mobile", "office")
	s.has(u)
}

func TestOrphanAndNeverMade(t *testing.T) {
	s := newStory(t)
	u := s.user(func(u *emulator.User) { u.Phones = map[string]string{"office": "+1 2065550102"} })
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.DeletionPolicy = v1alpha1.DeletionOrphan
	}), s.pam("office", u.UPN, office, "+1 2065550109"))
	s.ready("mobile")
	s.reaches("office", v1alpha1.ConditionSynced, no, v1alpha1.ReasonAlreadyExists)
	s.remove("mobile", "office")
	s.gone("mobile", "office")
	s.has(u, "mobile +1 2065550101", "office +1 2065550102")
}

func TestDriftIsCorrectedOrReported(t *testing.T) {
	s := newStory(t)
	u := s.user()
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"), s.pam("office", u.UPN, office, "+1 2065550102",
		func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.DriftPolicy = v1alpha1.DriftReport }))
	s.ready("mobile", "office")
	must(t, s.graph.SetPhone(u.ID, "mobile", "+1 2065550190"))
	must(t, s.graph.SetPhone(u.ID, "office", "+1 2065550191"))
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.ReconcileRequestedAtAnnotation, "now")
	})
	s.reaches("office", v1alpha1.ConditionSynced, no, v1alpha1.ReasonDriftDetected)
	s.has(u, "mobile +1 2065550101", "office +1 2065550191")
	s.eventually("the request is handled", func() error {
		o, err := s.get("mobile")
		if err == nil && o.Status.LastHandledRequest != "now" {
			err = fmt.Errorf("last handled request %q", o.Status.LastHandledRequest)
		}
		return err
	})
}

func TestANumberInASecret(t *testing.T) {
	s := newStory(t)
	u := s.user()
	s.apply(s.pam("mobile", u.UPN, mobile, "", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.PhoneNumberFrom = &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: "phones", Key: "m"}}
	}))
	s.reaches("mobile", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonNumberSourceNotFound)
	phones := secret(s.namespace, "phones", "m", "not a number")
	s.apply(phones)
	s.reaches("mobile", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonInvalidNumber)
	phones.Data["m"] = []byte("+1 2065550101\n")
	must(t, s.Update(t.Context(), phones))
	s.ready("mobile")
	phones.Data["m"] = []byte("+1 2065550102")
	must(t, s.Update(t.Context(), phones))
	s.has(u, "mobile +1 2065550102")
	must(t, s.Delete(t.Context(), phones))
	s.reaches("mobile", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonNumberSourceNotFound)
	s.remove("mobile")
	s.gone("mobile")
	s.has(u)
}

func TestSuspend(t *testing.T) {
	s := newStory(t)
	u := s.user()
	suspend := func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = true }
	s.apply(s.pam("asleep", u.UPN, office, "+1 2065550101", suspend), s.pam("mobile", u.UPN, mobile, "+1 2065550102"))
	if o := s.reaches("asleep", v1alpha1.ConditionSuspended, yes, v1alpha1.ReasonSuspended); len(o.Status.Conditions) != 1 {
		t.Errorf("a resource that was never reconciled says %v", o.Status.Conditions)
	}
	s.ready("mobile")
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.Suspend = true
		o.Spec.PhoneNumber = "+1 2065550103"
	})
	s.reaches("mobile", v1alpha1.ConditionSuspended, yes, v1alpha1.ReasonSuspended)
	s.remove("mobile")
	s.gone("mobile")
	s.has(u, "mobile +1 2065550102")
}

func TestSMSSignIn(t *testing.T) {
	s := newStory(t)
	u := s.user(func(u *emulator.User) { u.SMSSignIn = true })
	other := s.user(func(u *emulator.User) { u.SMSSignIn = true })
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550141", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.SMSSignIn = v1alpha1.SMSSignInDisabled
	}))
	s.ready("mobile")
	if o, _ := s.get("mobile"); o.Status.SMSSignInState != "notEnabled" {
		t.Errorf("smsSignInState %q", o.Status.SMSSignInState)
	}
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.SMSSignIn = v1alpha1.SMSSignInEnabled })
	s.ready("mobile")
	if o, _ := s.get("mobile"); o.Status.SMSSignInState != "ready" {
		t.Errorf("smsSignInState %q", o.Status.SMSSignInState)
	}
	// Graph answers 409 and saves the number all the same.
	s.apply(s.pam("shared", other.UPN, mobile, "+1 2065550141"))
	s.ready("shared")
	if o, _ := s.get("shared"); o.Status.SMSSignInState != "phoneNumberNotUnique" {
		t.Errorf("smsSignInState %q", o.Status.SMSSignInState)
	}
	s.edit("shared", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.SMSSignIn = v1alpha1.SMSSignInEnabled })
	s.reaches("shared", v1alpha1.ConditionReady, no, v1alpha1.ReasonSMSSignInNotAsAsked)
	s.reaches("shared", v1alpha1.ConditionSynced, yes, v1alpha1.ReasonSynced)
}

func TestNobodyMayManageWithoutARule(t *testing.T) {
	s := newStory(t)
	u := s.user()
	ns := &corev1.Namespace{}
	must(t, s.Get(t.Context(), client.ObjectKey{Name: s.namespace}, ns))
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.ready("mobile")
	ns.Labels["managed"] = "no"
	must(t, s.Update(t.Context(), ns))
	s.reaches("mobile", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonNotPermitted)
	s.remove("mobile")
	s.gone("mobile")
	s.has(u, "mobile +1 2065550101")
}

func TestAnAdministratorsPhonesAreOutOfBounds(t *testing.T) {
	s := newStory(t)
	u := s.user(func(u *emulator.User) {
		u.Roles = []emulator.Role{{TemplateID: "62e90394-69f5-4237-9190-012177145e10", DisplayName: "Global Administrator"}}
	})
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.reaches("mobile", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonPrivilegedUser)
	s.has(u)
	if o, _ := s.get("mobile"); len(o.Finalizers) != 0 {
		t.Errorf("finalizers %v on a resource for which nothing was done", o.Finalizers)
	}
}

func TestUnknownTenantAndUser(t *testing.T) {
	s := newStory(t)
	s.apply(s.pam("nowhere", "x@contoso.com", mobile, "+1 2065550101", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.TenantRef = &v1alpha1.TenantReference{Name: "nowhere"}
	}), s.pam("nobody", "nobody-"+s.namespace+"@contoso.com", mobile, "+1 2065550101"))
	s.reaches("nowhere", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonTenantNotFound)
	s.reaches("nobody", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonUserNotFound)
	s.reaches("nobody", v1alpha1.ConditionReconciling, yes, v1alpha1.ReasonUserNotFound)
	s.remove("nowhere", "nobody")
	s.gone("nowhere", "nobody")
}

func TestARefusedNumberIsRejectedAndStarvesNobody(t *testing.T) {
	s := newStory(t)
	u := s.user()
	must(t, s.graph.AddFault(emulator.Fault{Method: "POST", Path: u.ID + "/authentication/phoneMethods$", Times: 2,
		Effect: emulator.Answer, Status: 400, Code: "badRequest"}))
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.reaches("mobile", v1alpha1.ConditionSynced, no, v1alpha1.ReasonRejected)
	s.apply(s.pam("office", u.UPN, office, "+1 2065550102"))
	s.ready("office")
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber = "+1 2065550103" })
	s.ready("mobile")
}

func TestAnErrorThatDidTheWork(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"a cut connection": {Effect: emulator.Cut, AfterWork: true},
		"a 500":            {Effect: emulator.Answer, AfterWork: true, Status: 500},
		"half an answer":   {Effect: emulator.Half},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			u := s.user()
			fault.Method, fault.Path, fault.Times = "POST", u.ID+"/authentication/phoneMethods$", 1
			must(t, s.graph.AddFault(fault))
			s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
			s.ready("mobile")
			s.has(u, "mobile +1 2065550101")
			if w := s.writes(u); !slices.Equal(w, []string{"POST"}) {
				t.Errorf("writes to Graph: %v, want the one that worked", w)
			}
		})
	}
}

func TestTheDefaultMethodIsNotDeletable(t *testing.T) {
	s := newStory(t)
	u := s.user(func(u *emulator.User) {
		u.DefaultMethod = "mobile"
		u.OtherMethods = []emulator.OtherMethod{{ID: "6f0fd9d4-2b3f-4f5e-8d2e-6f3b9f6c1f11", Type: "microsoftAuthenticatorAuthenticationMethod"}}
	})
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.ready("mobile")
	s.remove("mobile")
	s.reaches("mobile", v1alpha1.ConditionSynced, no, v1alpha1.ReasonDefaultMethod)
	s.has(u, "mobile +1 2065550101")
	must(t, s.graph.UpdateUser(u.ID, func(u *emulator.User) { u.DefaultMethod = "" }))
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.ReconcileRequestedAtAnnotation, "1")
	})
	s.gone("mobile")
	s.has(u)
}

func TestANameThatMovedOnIsNotFollowed(t *testing.T) {
	s := newStory(t)
	u := s.user()
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.ready("mobile")
	old := u.UPN
	must(t, s.graph.RenameUser(u.ID, "renamed-"+old))
	thief := s.user(func(u *emulator.User) { u.UPN = old })
	s.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber = "+1 2065550102" })
	s.reaches("mobile", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonUserChanged)
	s.has(u, "mobile +1 2065550101")
	s.has(thief)
}
