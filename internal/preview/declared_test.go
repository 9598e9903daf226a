package preview

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
)

// Of rivals the one is named that has the phone, in whatever order they are read, and however they name the user.
func TestOfRivalsTheWinnerIsNamed(t *testing.T) {
	const id = "0f1c0000-0000-4000-8000-0000000000a1"
	holds := func(o *method) { o.Status.ID = "3179e48a-750b-4051-897c-87b9720928f7" }
	bound := func(o *method) { o.Status.UserID = id }
	byID := func(o *method) { o.Spec.User = id }
	suspended := func(o *method) { o.Spec.Suspend = true }
	leaving := func(o *method) { o.DeletionTimestamp = &metav1.Time{Time: time.Unix(9, 0)} }
	refused := func(o *method) {
		o.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionAccepted, Status: metav1.ConditionFalse}}
	}
	rival := func(name string, age int64, change ...func(*method)) *method {
		o := &method{ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: name, CreationTimestamp: metav1.Unix(age, 0)},
			Spec: v1alpha1.PhoneAuthenticationMethodSpec{User: "Ada@contoso.com", PhoneType: v1alpha1.PhoneTypeMobile}}
		for _, c := range change {
			c(o)
		}
		return o
	}
	for sentence, rivals := range map[string][]*method{
		"who holds it":             {rival("win", 2, bound, holds), rival("lose", 1, bound)},
		"who stays":                {rival("win", 2), rival("lose", 1, bound, holds, leaving)},
		"who may act":              {rival("win", 3), rival("lose", 1, refused), rival("lost", 2, suspended)},
		"the older":                {rival("win", 1), rival("lose", 2, bound)},
		"the first by name":        {rival("a", 1, byID), rival("b", 1)},
		"one that alone is for it": {rival("win", 1, suspended, refused, leaving)},
	} {
		want := "people/" + rivals[0].Name
		for range 2 {
			d := declared{}
			for _, o := range rivals {
				d.add(o)
			}
			if got := d.of(phone.Mobile, id, "ada@contoso.com").name; got != want {
				t.Errorf("%s: %s", sentence, got)
			}
			if got := d.of(phone.Office, id, "ada@contoso.com").name; got != "" {
				t.Errorf("%s: %s is for another phone", sentence, got)
			}
			slices.Reverse(rivals)
		}
	}
}
