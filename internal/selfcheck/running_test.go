package selfcheck_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/selfcheck"
	"github.com/entraops/phone-operator/internal/testenv"
)

const patience = time.Minute

// differ is nil if a check found nothing wrong (fine), or what was wanted.
func differ(err error, want string, fine bool) error {
	switch {
	case fine && err != nil:
		return fmt.Errorf("want nothing wrong: %w", err)
	case !fine && (err == nil || !strings.Contains(err.Error(), want)):
		return fmt.Errorf("want %q, got: %v", want, err) //nolint:errorlint // it may be nil
	}
	return nil
}

func TestAReplicaLeadsIfItRenewsTheLease(t *testing.T) {
	c := as(t, testenv.Shared(t).Config())
	key := client.ObjectKey{Namespace: "default", Name: "leader"}
	check := selfcheck.Leads(c, key)
	step := func(want string) {
		t.Helper()
		found, err := check(t.Context())
		if err := differ(err, want, want == ""); err != nil {
			t.Error(err)
		}
		if want == "" && found != "a replica leads: pod-1" {
			t.Errorf("found %q", found)
		}
	}
	step("there is no Lease default/leader")

	l := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	create(t, c, l)
	step("nobody holds the Lease default/leader")
	renew := func(holder string, at time.Time) {
		t.Helper()
		l.Spec.HolderIdentity, l.Spec.RenewTime = &holder, new(metav1.NewMicroTime(at))
		if err := c.Update(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC) // a clock that is wrong
	renew("pod-1", long)
	step("pod-1 holds the Lease default/leader and was not seen to renew it")
	step("pod-1 holds the Lease default/leader and was not seen to renew it")
	renew("", long.Add(time.Second)) // released
	step("nobody holds the Lease")
	renew("pod-1", long.Add(2*time.Second))
	step("")
}

func TestTenantsAreReady(t *testing.T) {
	c := as(t, testenv.Shared(t).Config())
	selector, err := labels.Parse("shard=ready")
	if err != nil {
		t.Fatal(err)
	}
	check := selfcheck.TenantsReady(c, selector)
	step := func(want, wrong string) {
		t.Helper()
		found, err := check(t.Context())
		if err := differ(err, wrong, wrong == ""); err != nil {
			t.Error(err)
		}
		if found != want {
			t.Errorf("found %q, want %q", found, want)
		}
	}
	tenant(t, c, "another", "other")
	step("there is no EntraTenant for this operator yet: declare one", "")

	o := tenant(t, c, "contoso", "ready")
	step("", `EntraTenant "contoso" was not looked at yet`)
	condition := func(status metav1.ConditionStatus, reason, message string) {
		t.Helper()
		o.Status.Conditions = []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: status, Reason: reason, Message: message, ObservedGeneration: o.Generation, LastTransitionTime: metav1.Now(),
		}}
		if err := c.Status().Update(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	condition(metav1.ConditionFalse, v1alpha1.ReasonCredentialRefused, "ask for another secret")
	step("", `EntraTenant "contoso" is not Ready, CredentialRefused: ask for another secret`)
	condition(metav1.ConditionTrue, v1alpha1.ReasonReady, "")
	step("EntraTenants that are Ready: 1 of 1", "")

	o.Spec.Mode = v1alpha1.ModeObserve
	if err := c.Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	step("", `EntraTenant "contoso" was not looked at yet`)
}

// Here is no webhook; that one which answers is heard is tested where the real one runs, with the manifests.
func TestAWebhookThatIsNotHeardIsMissed(t *testing.T) {
	c := as(t, testenv.Shared(t).Config())
	selector, err := labels.Parse("shard=webhook")
	if err != nil {
		t.Fatal(err)
	}
	check := selfcheck.WebhookAnswers(c, selector)
	if found, err := check(t.Context()); err != nil || found != "the webhook was not asked: that takes an EntraTenant" {
		t.Errorf("without a tenant: %q, %v", found, err)
	}
	before := tenant(t, c, "asked", "webhook")
	_, err = check(t.Context())
	if err := differ(err, "the API server does not hear the webhook", false); err != nil {
		t.Error(err)
	}
	var after v1alpha1.EntraTenant
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(before), &after); err != nil || after.ResourceVersion != before.ResourceVersion {
		t.Errorf("the tenant was changed by the question: %v", err)
	}
}

func tenant(t *testing.T, c client.Client, name, shard string) *v1alpha1.EntraTenant {
	t.Helper()
	o := &v1alpha1.EntraTenant{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"shard": shard}},
		Spec: v1alpha1.EntraTenantSpec{
			TenantID:   "11111111-2222-3333-4444-555555555555",
			Credential: v1alpha1.Credential{ManagedIdentity: &v1alpha1.ManagedIdentityCredential{}},
		},
	}
	create(t, c, o)
	return o
}
