package v1alpha1_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// The Go types carry every field to the API server and back.
func TestStatusIsStoredWhole(t *testing.T) {
	now := metav1.NewTime(time.Now().Truncate(time.Second))
	ready := []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady,
		Message: "Graph holds the number.", ObservedGeneration: 1, LastTransitionTime: now,
	}}

	method := &v1alpha1.PhoneAuthenticationMethod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "whole"},
		Spec: v1alpha1.PhoneAuthenticationMethodSpec{
			User: "ada@contoso.com", PhoneType: v1alpha1.PhoneTypeMobile, PhoneNumber: "+1 2065550100",
		},
	}
	store(t, method)
	method.Status = v1alpha1.PhoneAuthenticationMethodStatus{
		ObservedGeneration: 1,
		ID:                 "3179e48a-750b-4051-897c-87b9720928f7",
		SMSSignInState:     "ready",
		UserID:             "0f1c2d3e-4a5b-6c7d-8e9f-000000000001",
		MaskedNumber:       "+1 ********00",
		LastHandledRequest: "now",
		Conditions:         ready,
	}
	wantMethod := method.Status.DeepCopy()
	if err := k8s(t).Status().Update(t.Context(), method); err != nil {
		t.Fatal(err)
	}
	var gotMethod v1alpha1.PhoneAuthenticationMethod
	if err := k8s(t).Get(t.Context(), client.ObjectKeyFromObject(method), &gotMethod); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantMethod, &gotMethod.Status); diff != "" {
		t.Errorf("status of the method (-want +got):\n%s", diff)
	}

	tenant := &v1alpha1.EntraTenant{
		ObjectMeta: metav1.ObjectMeta{Name: "whole"},
		Spec: v1alpha1.EntraTenantSpec{
			TenantID:   "11111111-2222-3333-4444-555555555555",
			Credential: v1alpha1.Credential{ManagedIdentity: &v1alpha1.ManagedIdentityCredential{}},
		},
	}
	store(t, tenant)
	tenant.Status = v1alpha1.EntraTenantStatus{
		ObservedGeneration: 1,
		Users:              2,
		Methods:            v1alpha1.MethodCounts{Total: 3, Ready: 2, Stalled: 1},
		PendingChanges:     1,
		RecentDeletions:    []v1alpha1.DeletionCount{{Minute: now, Namespace: "people", Count: 1}},
		Conditions:         ready,
	}
	wantTenant := tenant.Status.DeepCopy()
	if err := k8s(t).Status().Update(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	var gotTenant v1alpha1.EntraTenant
	if err := k8s(t).Get(t.Context(), client.ObjectKeyFromObject(tenant), &gotTenant); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantTenant, &gotTenant.Status); diff != "" {
		t.Errorf("status of the tenant (-want +got):\n%s", diff)
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
