package webhook_test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

const lauraID = "0f1c2d3e-4a5b-6c7d-8e9f-a0b1c2d3e4f5"

func TestNumbersAreJudgedAtApply(t *testing.T) {
	s := start(t)
	for sentence, c := range map[string]struct {
		number   string
		warnings []string
		refusal  string
	}{
		"a number that is in order": {number: "+1 2065550147"},
		"one digit too few for the country": {
			number:   "+1 206555014",
			warnings: []string{"spec.phoneNumber: numbers of this country are longer: see whether a digit is missing"},
		},
		"a country code that no country has": {
			number:  "+999 5550147",
			refusal: "spec.phoneNumber: Invalid value: no country has this country code: begin with a plus sign and the country code",
		},
		"a space where the country code does not end": {
			number:  "+12 065550147",
			refusal: "spec.phoneNumber: Invalid value: the space is not where the country code ends: put it after the country code, or leave it out",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			o := pam("default", "number", "number@contoso.com")
			o.Spec.PhoneNumber = c.number
			warnings, err := s.try(t, o)
			if err := differ(c.warnings, warnings); err != nil {
				t.Error(err)
			}
			switch {
			case c.refusal == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.refusal != "" && (!apierrors.IsInvalid(err) || !strings.HasSuffix(err.Error(), c.refusal)):
				t.Errorf("the refusal is %v, want %s", err, c.refusal)
			}
		})
	}
	// Every number here ends so or goes on; the webhook logs all that it can.
	if strings.Contains(s.logs.String(), "555014") {
		t.Error("a number is in the logs")
	}
}

func TestANumberInTheNameIsAWarning(t *testing.T) {
	s := start(t)
	for name, want := range map[string][]string{
		"laura-2065550147":   {"metadata.name: the number is in it, and names are in events and logs: choose another one"},
		"laura-206-555-0147": {"metadata.name: the number is in it, and names are in events and logs: choose another one"},
		"laura-2065550146":   nil, // an employee's number may look like one
	} {
		o := pam("default", name, "laura@contoso.com")
		o.Spec.PhoneNumber = "+1 2065550147"
		warnings, err := s.try(t, o)
		must(t, err)
		if err := differ(want, warnings); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNumberInASecretIsNotJudged(t *testing.T) {
	s := start(t)
	o := pam("default", "secret", "secret@contoso.com")
	o.Spec.PhoneNumber = ""
	o.Spec.PhoneNumberFrom = &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: "not-there", Key: "mobile"}}
	if warnings, err := s.try(t, o); err != nil || warnings != nil {
		t.Errorf("warnings %q, error %v", warnings, err)
	}
}

// Whoever has a wrong number from before must be able to suspend or orphan it; a new
// number must be right.
func TestNumberFromBeforeIsNotJudgedAgain(t *testing.T) {
	s := start(t)
	edit := func(change func(*v1alpha1.PhoneAuthenticationMethod)) ([]string, error) {
		return s.heard(t, func(c client.Client) error {
			var o v1alpha1.PhoneAuthenticationMethod
			if err := c.Get(t.Context(), client.ObjectKeyFromObject(old), &o); err != nil {
				return err
			}
			change(&o)
			return c.Update(t.Context(), &o, client.DryRunAll)
		})
	}
	if warnings, err := edit(func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = true }); err != nil || warnings != nil {
		t.Errorf("suspend it: %v, warnings %q", err, warnings)
	}
	if _, err := edit(func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber = "+999 5550101" }); !apierrors.IsInvalid(err) {
		t.Errorf("another wrong number: %v", err)
	}
}

// A rename in Git is a create and then a delete, and the operator hands the phone
// over; so a second claim is a warning and no refusal.
func TestSecondClaimIsAWarning(t *testing.T) {
	s := start(t)
	namespace, elsewhere := s.namespace(t), s.namespace(t)
	laura := pam(namespace, "laura-mobile", "Laura@Contoso.com")
	laura.Finalizers = []string{"example.com/stays-a-while"}
	must(t, s.admin.Create(t.Context(), laura))

	second := func(user string, change ...func(*v1alpha1.PhoneAuthenticationMethod)) *v1alpha1.PhoneAuthenticationMethod {
		o := pam(namespace, "second", user)
		for _, c := range change {
			c(o)
		}
		return o
	}
	const conflict = "laura-mobile already claims the mobile phone of this user; a user has one, " +
		"so as long as both are there one of them is left out (Conflict)"
	hear := func(o *v1alpha1.PhoneAuthenticationMethod, want ...string) {
		t.Helper()
		// The cache learns of a change a moment later.
		s.eventually(t, "warnings", func() error {
			warnings, err := s.try(t, o)
			if err != nil {
				return err
			}
			return differ(want, warnings)
		})
	}

	hear(second("laura@contoso.com"), conflict)
	hear(second(lauraID)) // who that is only Graph knows
	laura.Status.UserID = lauraID
	must(t, s.admin.Status().Update(t.Context(), laura))
	hear(second(strings.ToUpper(lauraID)), conflict)
	hear(second("LAURA@contoso.com"), conflict)

	hear(second("lara@contoso.com"))
	hear(second("laura@contoso.com", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneType = "office" }))
	hear(second("laura@contoso.com", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Namespace = elsewhere }))
	hear(second("laura@contoso.com", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.TenantRef = &v1alpha1.TenantReference{Name: "fabrikam"}
	}), `spec.tenantRef: there is no EntraTenant "fabrikam" yet; nothing happens until there is`)

	must(t, s.admin.Delete(t.Context(), laura))
	hear(second("laura@contoso.com"))
	must(t, s.admin.Patch(t.Context(), laura, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))
}
