package phonemethod

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

func TestWhatIsNewOfAResource(t *testing.T) {
	generation := func(n int64) func(*pam) { return func(o *pam) { o.Generation = n } }
	carriedThrough := func(n int64) func(*pam) {
		return func(o *pam) {
			meta.SetStatusCondition(&o.Status.Conditions, metav1.Condition{
				Type: v1alpha1.ConditionSynced, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced, ObservedGeneration: n,
			})
		}
	}
	seen := func(n int64) func(*pam) { return func(o *pam) { o.Status.ObservedGeneration = n } }
	asked := func(o *pam) { o.Annotations = map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: "now"} }
	served := func(o *pam) { o.Status.LastHandledRequest = "now" }
	for name, tc := range map[string]struct {
		resource        []func(*pam)
		changed, edited bool
	}{
		"a new one is no edit":                       {[]func(*pam){generation(1)}, true, false},
		"a new one that was seen, and not done":      {[]func(*pam){generation(1), seen(1)}, true, false},
		"one that is done":                           {[]func(*pam){generation(1), carriedThrough(1)}, false, false},
		"an edit":                                    {[]func(*pam){generation(2), carriedThrough(1)}, true, true},
		"an edit that was seen, and not done":        {[]func(*pam){generation(2), seen(2), carriedThrough(1)}, true, true},
		"an edit before anything was done":           {[]func(*pam){generation(2)}, true, true},
		"an edit that is done":                       {[]func(*pam){generation(2), carriedThrough(2)}, false, false},
		"a request":                                  {[]func(*pam){generation(2), carriedThrough(2), asked}, true, false},
		"a request that was served":                  {[]func(*pam){generation(2), carriedThrough(2), asked, served}, false, false},
		"an edit and a request that was served once": {[]func(*pam){generation(3), carriedThrough(2), asked, served}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := resourceOf(aResource("a", "ada@contoso.com", tc.resource...))
			if c.Changed != tc.changed || c.Edited != tc.edited {
				t.Errorf("changed %v, edited %v", c.Changed, c.Edited)
			}
		})
	}
}

// aResource is one that says this of itself.
func aResource(name, user string, change ...func(*pam)) *pam {
	o := &pam{
		ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: name},
		Spec:       v1alpha1.PhoneAuthenticationMethodSpec{User: user, PhoneType: mobileType},
	}
	for _, c := range change {
		c(o)
	}
	return o
}

func having(condition string, status metav1.ConditionStatus, reason string) func(*pam) {
	return func(o *pam) {
		meta.SetStatusCondition(&o.Status.Conditions, metav1.Condition{Type: condition, Status: status, Reason: reason})
	}
}
