package controllers_test

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// TestKstatusAgreesAtEachStage takes a resource through its life and has the
// library that Flux and others use say at each stage what it makes of it.
func TestKstatusAgreesAtEachStage(t *testing.T) {
	s := newStory(t)
	u := s.user(func(u *emulator.User) { u.Phones = map[string]string{"office": "+1 2065550109"} })
	w, err := s.watch(t)
	must(t, err)

	s.apply(s.pam("alt", u.UPN, alternate, "+1 2065550102"))
	s.kstatus("alt", status.InProgressStatus)
	s.apply(s.pam("mobile", u.UPN, mobile, "+1 2065550101"))
	s.kstatus("mobile", status.CurrentStatus)
	s.kstatus("alt", status.CurrentStatus)
	s.apply(s.pam("rival", u.ID, mobile, "+1 2065550103"), s.pam("office", u.UPN, office, "+1 2065550104"))
	s.kstatus("rival", status.FailedStatus)
	s.kstatus("office", status.FailedStatus)
	s.edit("office", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.AdoptionPolicy = v1alpha1.AdoptAlways })
	s.kstatus("office", status.CurrentStatus)
	s.edit("office", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = true })
	s.kstatus("office", status.CurrentStatus)
	s.remove("mobile")
	s.kstatus("mobile", status.TerminatingStatus)
	s.remove("alt")
	s.gone("alt")

	// At no moment may a resource look finished before it was: not before the
	// first visit, not between an edit and its visit.
	for _, o := range w.all() {
		if result, err := compute(o); err != nil {
			t.Error(err)
		} else if done := result.Status == status.CurrentStatus; done && o.Status.ObservedGeneration != o.Generation {
			t.Errorf("%s at generation %d, observed %d: %s", o.Name, o.Generation, o.Status.ObservedGeneration, result.Status)
		}
	}
}

// kstatus waits until the library says that the resource is in a state.
func (s *story) kstatus(name string, want status.Status) {
	s.t.Helper()
	s.eventually(fmt.Sprintf("kstatus says %s of %s", want, name), func() error {
		o, err := s.get(name)
		if err != nil {
			return err
		}
		result, err := compute(o)
		if err != nil {
			return err
		}
		if result.Status != want {
			return fmt.Errorf("it says %s: %s", result.Status, result.Message)
		}
		return nil
	})
}

func compute(o *v1alpha1.PhoneAuthenticationMethod) (*status.Result, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, err
	}
	return status.Compute(&unstructured.Unstructured{Object: content})
}
