package entratenant

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/tenant"
)

var isReady = having(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)

func TestGauges_ShowHowTheTenantStands(t *testing.T) {
	o := newOneTenant(t)
	deletions, ceiling := int32(7), int32(30)
	o.edit(func(s *v1alpha1.EntraTenantSpec) {
		s.Limits = &v1alpha1.Limits{DeletionsPerHour: &deletions, AuthenticationRequestsPerMinute: &ceiling}
	})
	for _, one := range []*pam{
		aResource("a", "ada@contoso.com", isReady), aResource("b", "bob@contoso.com"), aResource("c", "eve@contoso.com"),
		aResource("goes", "ada@contoso.com", isReady, func(p *pam) { p.Finalizers = []string{v1alpha1.Finalizer} }),
		aResource("d", "ada@contoso.com", func(p *pam) { p.Spec.TenantRef = &v1alpha1.TenantReference{Name: "elsewhere"} }, isReady), // whoever edits resources makes no series
	} {
		must(o.Client.Create(t.Context(), one))
	}
	must(o.Client.Delete(t.Context(), aResource("goes", "ada@contoso.com")))
	must(o.reconcile())
	last, _ := o.Tenants.Last(tenantName)
	if ok, err := last.Deletions.Take(t.Context(), deletions, tenant.Deletion{Namespace: "people", UserID: "ada"}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	want := `
		# HELP phone_operator_deletions_left Deletions that limits.deletionsPerHour still allows now.
		# TYPE phone_operator_deletions_left gauge
		phone_operator_deletions_left{tenant="NAME"} 6
		# HELP phone_operator_graph_pace_ceiling Requests a second above which the pace does not rise, by class; absent where limits set none.
		# TYPE phone_operator_graph_pace_ceiling gauge
		phone_operator_graph_pace_ceiling{class="authentication",tenant="NAME"} 0.5
		# HELP phone_operator_methods PhoneAuthenticationMethods by status (True, False, Unknown) and reason of their Ready condition; both are empty before the first reconcile.
		# TYPE phone_operator_methods gauge
		phone_operator_methods{reason="",status="",tenant="NAME"} 2
		phone_operator_methods{reason="Ready",status="True",tenant="NAME"} 2
		# HELP phone_operator_methods_deleting PhoneAuthenticationMethods that are deleted, and not gone yet.
		# TYPE phone_operator_methods_deleting gauge
		phone_operator_methods_deleting{tenant="NAME"} 1
		# HELP phone_operator_tenant_closed 1 while the users of a tenant wait: because Graph asked for a pause (throttled), or because nobody answers there (unanswered, the circuit breaker is open).
		# TYPE phone_operator_tenant_closed gauge
		phone_operator_tenant_closed{reason="throttled",tenant="NAME"} 0
		phone_operator_tenant_closed{reason="unanswered",tenant="NAME"} 0
		# HELP phone_operator_tenant_ready 1 while the EntraTenant is Ready, else 0.
		# TYPE phone_operator_tenant_ready gauge
		phone_operator_tenant_ready{tenant="NAME"} 1
	`
	err := testutil.CollectAndCompare(gauges{o.Client, o.Tenants}, strings.NewReader(strings.ReplaceAll(want, "NAME", tenantName)),
		"phone_operator_deletions_left", "phone_operator_graph_pace_ceiling", "phone_operator_methods", "phone_operator_methods_deleting",
		"phone_operator_tenant_closed", "phone_operator_tenant_ready")
	if err != nil {
		t.Error(err)
	}
}

// A replica that does not lead works for no tenant, and must not be counted beside the one that does.
func TestGauges_AreOfTenantsThatThisOperatorWorksFor(t *testing.T) {
	o := newOneTenant(t)
	must(o.Client.Create(t.Context(), aResource("a", "ada@contoso.com", isReady)))
	if n := testutil.CollectAndCount(gauges{o.Client, tenant.NewRegistry()}); n != 0 {
		t.Errorf("%d series", n)
	}
}
