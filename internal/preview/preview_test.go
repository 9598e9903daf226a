package preview

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/user"
)

func TestNumbersInTextsOfOthersAreMasked(t *testing.T) {
	for text, want := range map[string]string{
		`policy "numbers" refuses +1 2065550100`: `policy "numbers" refuses +1 ********00`,
		"(206) 555-0100 is not ours":             "(***) ***-**00 is not ours",
		"line 12, column 3":                      "line 12, column 3",
		"version v1.2.3":                         "version v1.2.3",
		"+1 206_555_0100":                        "+1 ***_***_**00",
		"+1\u00a0206\u2011555\u20110100":         "+*\u00a0***\u2011***\u2011**00",
		"\uff0b\uff11 206 | 555 | 0100":          "\uff0b* *** | *** | **00",
	} {
		if got := Masked(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// TestEveryVerbIsAnAction reads what the conditions say of each write.
func TestEveryVerbIsAnAction(t *testing.T) {
	n, err := phone.Parse("+1 2065550100")
	if err != nil {
		t.Fatal(err)
	}
	for want, v := range map[string]plan.Verdict{
		"Create": {Outcome: plan.Pending, Verb: plan.Create}, "Update": {Outcome: plan.Pending, Verb: plan.Update},
		"Delete": {Outcome: plan.Pending, Verb: plan.Delete}, "HandOver": {Outcome: plan.HandingOver},
		"EnableSMS": {Outcome: plan.Synced, Verb: plan.EnableSMS, SMS: plan.SMSPending}, "DisableSMS": {Outcome: plan.Synced, Verb: plan.DisableSMS, SMS: plan.SMSPending},
	} {
		o := &method{Spec: v1alpha1.PhoneAuthenticationMethodSpec{PhoneType: v1alpha1.PhoneTypeMobile}}
		claim := plan.Claim{Type: phone.Mobile, Number: n}
		conditions.ForVerdict(conditions.Subject{Claim: claim, Observe: true}, v).Apply(&o.Status, o.Generation)
		row := verdicts{cluster: &cluster{}}.rowOf(nil, o)
		if row.Outcome != Change || row.Action != want || strings.Contains(row.Message, "Enforce") || strings.Contains(row.Message, "Observe") {
			t.Errorf("%s: %+v", want, row)
		}
	}
}

func TestWhoMayNotWriteIsToldFromWhatIsRefused(t *testing.T) {
	resource := schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "phoneauthenticationmethods"}
	for reason, want := range map[string]bool{
		`User "system:serviceaccount:ci:ci" cannot patch resource "phoneauthenticationmethods" in API group "identity.entraops.dev" in the namespace "people"`: true,
		`admission webhook "policy.example.com" denied the request: numbers come from Secrets`:                                                                 false,
		`unable to create new content in namespace people because it is being terminated`:                                                                      false,
	} {
		if got := lacksRight(apierrors.NewForbidden(resource, "ada", errors.New(reason))); got != want {
			t.Errorf("%s: %t", reason, got)
		}
	}
}

// TestWhatAManifestLeavesOutGoes as it does when kubectl applies it, whichever way.
func TestWhatAManifestLeavesOutGoes(t *testing.T) {
	live := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{}, "spec": map[string]any{"suspend": true, "driftPolicy": "Report", "user": "ada@contoso.com"}}}
	if applied, manager := appliedAs(live); applied != "" || manager != "kubectl" {
		t.Errorf("got %q by %s", applied, manager)
	}
	live.SetAnnotations(map[string]string{corev1.LastAppliedConfigAnnotation: `{"spec":{"driftPolicy":"Report","user":"ada@contoso.com"}}`})
	applied, _ := appliedAs(live)
	patch, err := threeWay([]byte(applied), []byte(`{"spec":{"user":"ada@contoso.com"}}`), live)
	if err != nil || string(patch) != `{"spec":{"driftPolicy":null}}` {
		t.Errorf("got %s %v", patch, err)
	}
	live.SetManagedFields([]metav1.ManagedFieldsEntry{
		{Manager: "kustomize-controller", Operation: metav1.ManagedFieldsOperationApply}, {Manager: "kubectl-edit", Operation: metav1.ManagedFieldsOperationUpdate}})
	if applied, manager := appliedAs(live); applied != "" || manager != "kustomize-controller" {
		t.Errorf("got %q by %s", applied, manager)
	}
}

func TestAUserWaitsOnce(t *testing.T) {
	q := &queue{}
	ada, ben := user.Key{Tenant: "default", User: "ada"}, user.Key{Tenant: "default", User: "ben"}
	for _, key := range []user.Key{ada, ben, ada} {
		q.Add(key)
	}
	var got []user.Key
	for key, ok := q.next(); ok; key, ok = q.next() {
		if got = append(got, key); len(got) == 1 {
			q.Add(ada) // once more, while it is looked at
		}
	}
	if len(got) != 3 || got[0] != ada || got[1] != ben || got[2] != ada {
		t.Errorf("got %v", got)
	}
}
