package cli

import (
	"encoding/json"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

func refused(o *v1alpha1.PhoneAuthenticationMethod) {
	o.Status.MaskedNumber = "+1 ********00"
	o.Status.Conditions = []v1Condition{
		readyFalse(v1alpha1.ReasonNotPermitted, "No access rule of EntraTenant seen covers this user."),
		{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonNotPermitted, LastTransitionTime: metav1.Now()},
	}
}

func ofTenant(name string) func(*v1alpha1.PhoneAuthenticationMethod) {
	return func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.TenantRef = &v1alpha1.TenantReference{Name: name} }
}

// seen creates an EntraTenant that an operator has worked on.
func (w *world) seen(name, id string) {
	w.t.Helper()
	o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.EntraTenantSpec{
		TenantID: id, Credential: v1alpha1.Credential{ManagedIdentity: &v1alpha1.ManagedIdentityCredential{}}}}
	must(w.t, w.Create(w.t.Context(), o))
	o.Status = v1alpha1.EntraTenantStatus{
		Users: 2, Methods: v1alpha1.MethodCounts{Total: 2, Stalled: 1},
		Pace:            v1alpha1.RequestPace{AuthenticationRequestsPerMinute: 30, DriftPass: &metav1.Duration{Duration: 240e9}},
		RecentDeletions: []v1alpha1.DeletionCount{{Minute: metav1.Now(), Namespace: "people", Count: 12}},
		Conditions:      []v1Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, LastTransitionTime: metav1.Now()}},
	}
	must(w.t, w.Status().Update(w.t.Context(), o))
}

func TestStatus(t *testing.T) {
	w := newWorld(t, "status")
	w.seen("seen", "21111111-2222-3333-4444-555555555555")
	w.method("ada", ofTenant("seen"), refused)
	w.method("ben", ofTenant("seen"))
	out, _ := w.works("status")
	mustSay(t, out, "30/min", "4m of 60m", "12 of 100", "2 methods in namespace status: 0 ready, 1 stalled",
		"NotPermitted", "No access rule of EntraTenant seen covers this user.")

	out, _ = w.works("status", "--tenant=seen")
	mustSay(t, out, "2 methods in namespace status for EntraTenant seen: ")
	if out, _, err := w.run("status", "-A", "--tenant=sean"); err == nil || !strings.Contains(err.Error(), "there is no EntraTenant sean") {
		t.Errorf("a tenant that there is not: %v\n%s", err, out)
	}
	out, _ = w.works("status", "-A", "--tenant=seen", "-o", "json")
	var g glance
	must(t, json.Unmarshal([]byte(out), &g))
	if g.Methods.Total != 2 || len(g.Tenants) != 1 || g.Tenants[0].DeletionsLastHour != 12 || len(g.Oldest) != 2 {
		t.Errorf("got %+v", g)
	}
}

func TestStatusOfAnEmptyNamespace(t *testing.T) {
	w := newWorld(t, "empty")
	w.seen("status-of-empty", "31111111-2222-3333-4444-555555555555")
	out, _ := w.works("status")
	mustSay(t, out, "0 methods in namespace empty", "status-of-empty") // before the first resource: whether its tenant works
}

// TestWhoMayNotReadTenants has the rights that the operator ships for people of a namespace.
func TestWhoMayNotReadTenants(t *testing.T) {
	w := newWorld(t, "people")
	w.method("ada", refused)
	w.actsAs("viewer", []rbacv1.PolicyRule{{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"phoneauthenticationmethods"}, Verbs: []string{"get", "list"}}}, nil)

	out, _ := w.works("status")
	mustSay(t, out, "you may not read EntraTenants", "1 method in namespace people")
	out, _ = w.works("explain", "ada")
	mustSay(t, out, "EntraTenant default works. You may not read it.", "access rule")
	out, stderr, err := w.run("suspend", "ada")
	if err == nil || out != "" {
		t.Errorf("suspended without the right to: %s", out)
	}
	mustSay(t, stderr, "people/ada failed: ", "forbidden")
}

func TestExplain(t *testing.T) {
	w := newWorld(t, "explain")
	w.method("ada", refused)
	out, _ := w.works("explain", "pam/ada")
	mustSay(t, out, "the mobile of ada@contoso.com  +1 ********00", "Ready=False, NotPermitted", "Who acts: an administrator. Add a rule")

	out, _ = w.works("explain", "ada@contoso.com", "-o", "yaml")
	mustSay(t, out, "reason: NotPermitted", "step: access rule")

	// However the user is spelled, who won is shown beside who did not.
	w.method("winner", refused, func(o *v1alpha1.PhoneAuthenticationMethod) { o.Status.UserID = "0f1c0000-0000-4000-8000-000000000001" })
	w.method("by-id", refused, func(o *v1alpha1.PhoneAuthenticationMethod) { o.Status.UserID = "0f1c0000-0000-4000-8000-000000000001" })
	out, _ = w.works("explain", "WINNER@contoso.com", "-o", "yaml")
	mustSay(t, out, "name: winner", "name: by-id")
	out, _ = w.works("explain", "0F1C0000-0000-4000-8000-000000000001", "-o", "yaml")
	mustSay(t, out, "name: winner", "name: by-id")
	if _, _, err := w.run("explain", "0f1c0000-0000-4000-8000-00000000dead"); err == nil {
		t.Error("a user of whom there is nothing was explained")
	}

	if _, _, err := w.run("explain", "nobody@contoso.com"); err == nil {
		t.Error("nobody was explained")
	}
	w.method("ben")
	out, _ = w.works("explain", "ben")
	mustSay(t, out, "NotReconciled", "No operator has looked at this resource.", "See whether the operator runs")
}
