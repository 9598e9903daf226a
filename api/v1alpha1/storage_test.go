package v1alpha1_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// What GitOps tools apply is what they must find again: no default is written into
// spec. Before the first visit kstatus must not take the resource for finished.
func TestStoredSpecIsTheSpecThatWasSent(t *testing.T) {
	for sentence, c := range map[string]struct{ kind, spec string }{
		"the least method":            {"PhoneAuthenticationMethod", adaMobile},
		"the least method, by Secret": {"PhoneAuthenticationMethod", from("ada-phones", "mobile")},
		"the least tenant":            {"EntraTenant", credential("managedIdentity: {}")},
		"a tenant with empty parts":   {"EntraTenant", tenantWith("access: [], limits: {}")},
		"a tenant with a rule":        {"EntraTenant", users("*@contoso.com")},
	} {
		t.Run(sentence, func(t *testing.T) {
			sent := object(t, c.kind, "stored", c.spec)
			stored := sent.DeepCopy()
			store(t, stored)
			if diff := cmp.Diff(sent.Object["spec"], stored.Object["spec"]); diff != "" {
				t.Errorf("spec (-sent +stored):\n%s", diff)
			}
			if diff := cmp.Diff(map[string]any{"observedGeneration": int64(-1)}, stored.Object["status"]); diff != "" {
				t.Errorf("status before the first visit (-want +got):\n%s", diff)
			}
			result, err := status.Compute(stored)
			if err != nil || result.Status != status.InProgressStatus {
				t.Errorf("kstatus says %v, %v; want %s", result, err, status.InProgressStatus)
			}
		})
	}
}

func TestMethodsAreSelectedByField(t *testing.T) {
	for name, spec := range map[string]string{
		"ada-mobile":         adaMobile,
		"ada-office":         numbered("office", "+1 2065550100"),
		"ada-mobile-contoso": in("contoso"),
		"ben-mobile":         mobileOf("ben@contoso.com"),
	} {
		store(t, object(t, "PhoneAuthenticationMethod", name, spec))
	}
	for sentence, c := range map[string]struct {
		fields client.MatchingFields
		want   []string
	}{
		"by user":       {client.MatchingFields{"spec.user": "ben@contoso.com"}, []string{"ben-mobile"}},
		"by phone type": {client.MatchingFields{"spec.phoneType": "office"}, []string{"ada-office"}},
		"by tenant":     {client.MatchingFields{"spec.tenantRef.name": "contoso"}, []string{"ada-mobile-contoso"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("PhoneAuthenticationMethodList"))
			if err := k8s(t).List(t.Context(), list, client.InNamespace("default"), c.fields); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range list.Items {
				got = append(got, o.GetName())
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("selected (-want +got):\n%s", diff)
			}
		})
	}
}
