package v1alpha1_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testenv"
)

// table asks the API server for what kubectl get prints.
func table(t *testing.T, path string) metav1.Table {
	t.Helper()
	c, err := discovery.NewDiscoveryClientForConfig(testenv.Shared(t).Config())
	if err != nil {
		t.Fatal(err)
	}
	body, err := c.RESTClient().Get().AbsPath("/apis/"+v1alpha1.GroupVersion.String()+path).
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").Do(t.Context()).Raw()
	if err != nil {
		t.Fatal(err)
	}
	var answer metav1.Table
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// cells are the first row's cells by column; a column of kubectl get -o wide has
// " (wide)" at its end. The age is left out.
func cells(t *testing.T, answer metav1.Table) map[string]any {
	t.Helper()
	if len(answer.Rows) != 1 {
		t.Fatalf("%d rows, want 1", len(answer.Rows))
	}
	found := map[string]any{}
	for i, column := range answer.ColumnDefinitions {
		name := column.Name
		if column.Priority > 0 {
			name += " (wide)"
		}
		found[name] = answer.Rows[0].Cells[i]
	}
	if found["Age"] == nil {
		t.Error("no Age")
	}
	delete(found, "Age")
	return found
}

var conflict = []metav1.Condition{{
	Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonConflict,
	LastTransitionTime: metav1.Now(),
}}

func TestColumnsOfMethods(t *testing.T) {
	method := &v1alpha1.PhoneAuthenticationMethod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "ada-mobile"},
		Spec: v1alpha1.PhoneAuthenticationMethodSpec{
			User: "ada@contoso.com", PhoneType: v1alpha1.PhoneTypeMobile, PhoneNumber: "+1 2065550100",
			TenantRef: &v1alpha1.TenantReference{Name: "contoso"},
		},
	}
	store(t, method)
	method.Status = v1alpha1.PhoneAuthenticationMethodStatus{
		ObservedGeneration: 1, ID: "3179e48a", SMSSignInState: "notEnabled", MaskedNumber: "+1 ********00", Conditions: conflict,
	}
	if err := k8s(t).Status().Update(t.Context(), method); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"Name": "ada-mobile", "User": "ada@contoso.com", "Type": "mobile", "Number": "+1 ********00", "SMS": "notEnabled",
		"Ready": "False", "Reason": "Conflict", "Id (wide)": "3179e48a", "Tenant (wide)": "contoso",
	}
	got := cells(t, table(t, "/namespaces/default/phoneauthenticationmethods"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kubectl get pam (-want +got):\n%s", diff)
	}
}

func TestColumnsOfTenants(t *testing.T) {
	tenant := &v1alpha1.EntraTenant{
		ObjectMeta: metav1.ObjectMeta{Name: "contoso"},
		Spec: v1alpha1.EntraTenantSpec{
			TenantID:   "11111111-2222-3333-4444-555555555555",
			Credential: v1alpha1.Credential{ManagedIdentity: &v1alpha1.ManagedIdentityCredential{}},
			Mode:       v1alpha1.ModeObserve,
		},
	}
	store(t, tenant)
	tenant.Status = v1alpha1.EntraTenantStatus{ObservedGeneration: 1, Conditions: conflict}
	if err := k8s(t).Status().Update(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"Name": "contoso", "Ready": "False", "Reason": "Conflict", "Mode": "Observe", "Users": float64(0)}
	if diff := cmp.Diff(want, cells(t, table(t, "/entratenants"))); diff != "" {
		t.Errorf("kubectl get entratenants (-want +got):\n%s", diff)
	}
}

// kubectl get pam and kubectl get entra find the kinds by these names.
func TestShortNamesAndCategories(t *testing.T) {
	c, err := discovery.NewDiscoveryClientForConfig(testenv.Shared(t).Config())
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
	if err != nil {
		t.Fatal(err)
	}
	type names struct {
		Short, Categories []string
		Namespaced        bool
	}
	got := map[string]names{}
	for _, r := range list.APIResources {
		if r.Name == "phoneauthenticationmethods" || r.Name == "entratenants" {
			got[r.Name] = names{r.ShortNames, r.Categories, r.Namespaced}
		}
	}
	want := map[string]names{
		"phoneauthenticationmethods": {[]string{"pam"}, []string{"entra"}, true},
		"entratenants":               {nil, []string{"entra"}, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("discovery (-want +got):\n%s", diff)
	}
}
