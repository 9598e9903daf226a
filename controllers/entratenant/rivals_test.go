package entratenant

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"pgregory.net/rapid"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/tenant"
)

// anyTest is a test or a check of rapid's.
type anyTest interface {
	rapid.TB
	Context() context.Context
}

// rivals are EntraTenants of one tenantID in several spellings.
type rivals struct {
	added int
	client.Client
	spec    v1alpha1.EntraTenantSpec
	manager *Reconciler
	woken   chan event.TypedGenericEvent[string]
}

func newRivals(spec v1alpha1.EntraTenantSpec) *rivals {
	scheme := runtime.NewScheme()
	must(corev1.AddToScheme(scheme))
	must(v1alpha1.AddToScheme(scheme))
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "graph"}, Data: map[string][]byte{"clientSecret": []byte("s")}}
	r := &rivals{spec: spec, woken: make(chan event.TypedGenericEvent[string], 1024)}
	r.Client = fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.EntraTenant{}).WithObjects(secret).
		WithIndex(&pam{}, index.Tenant, index.PartOfTenant).Build()
	r.restart()
	return r
}

// restart begins with nothing in memory.
func (r *rivals) restart() {
	r.manager = &Reconciler{
		Client: r, Reader: r, Events: events.NewFakeRecorder(1024), Tenants: tenant.NewRegistry(), Now: time.Now, Connected: r.woken,
		CredentialNamespaces: []string{"system"},
	}
}

// add creates an EntraTenant at a second of its own or at that of another one.
func (r *rivals) add(t anyTest, name string, second int, capitals bool) {
	r.added++
	o := &v1alpha1.EntraTenant{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(fmt.Sprint(name, r.added)), Generation: 1, CreationTimestamp: metav1.Unix(int64(1_700_000_000+second), 0)},
		Spec:       r.spec,
	}
	if capitals {
		o.Spec.TenantID = strings.ToUpper(o.Spec.TenantID)
	}
	must(r.Create(t.Context(), o))
}

func (r *rivals) remove(t anyTest, name string) {
	o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: name}}
	must(r.Get(t.Context(), client.ObjectKeyFromObject(o), o))
	o.Finalizers = nil // nothing refers to it
	must(r.Update(t.Context(), o))
	must(client.IgnoreNotFound(r.Delete(t.Context(), o)))
}

func (r *rivals) look(t anyTest, name string) {
	if _, err := r.manager.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: name}}); err != nil {
		t.Fatalf("look at %s: %v", name, err)
	}
	for len(r.woken) > 0 {
		<-r.woken
	}
}

// ready returns the names of those that say Ready.
func (r *rivals) ready(t anyTest) (names []string) {
	var all v1alpha1.EntraTenantList
	must(r.List(t.Context(), &all))
	for _, o := range all.Items {
		if meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady) {
			names = append(names, o.Name)
		}
	}
	return names
}

// used returns the names of those that users find.
func (r *rivals) used() (names []string) {
	for _, t := range r.manager.Tenants.All() {
		if t.Problem == nil {
			names = append(names, t.Name)
		}
	}
	return names
}

func (r *rivals) oneAtMost(t anyTest) {
	if ready := r.ready(t); len(ready) > 1 {
		t.Fatalf("Ready are %v", ready)
	}
	if used := r.used(); len(used) > 1 {
		t.Fatalf("used are %v", used)
	}
}

// TestOneEntraTenantSpeaksForATenantInWhateverSpelling creates and deletes EntraTenants of
// one tenantID, in one second or after each other, and looks at them in any order.
func TestOneEntraTenantSpeaksForATenantInWhateverSpelling(t *testing.T) {
	one := newOneTenant(t)
	spec := one.get().Spec
	if strings.ToUpper(spec.TenantID) == spec.TenantID {
		t.Skip("a tenantID of digits alone has one spelling")
	}
	rapid.Check(t, func(t *rapid.T) {
		r := newRivals(spec)
		exist := map[string]int{}
		all := []string{"a", "b", "c"}
		for range rapid.IntRange(4, 14).Draw(t, "steps") {
			name := rapid.SampledFrom(all).Draw(t, "name")
			_, there := exist[name]
			switch what := rapid.SampledFrom([]string{"look", "look", "look", "look", "change", "restart"}).Draw(t, "step"); {
			case what == "restart":
				r.restart()
			case what == "change" && there:
				r.remove(t, name)
				delete(exist, name)
			case what == "change":
				exist[name] = rapid.IntRange(0, 1).Draw(t, "second")
				r.add(t, name, exist[name], rapid.Bool().Draw(t, "capitals"))
			default:
				r.look(t, name)
			}
			r.oneAtMost(t)
		}
		for range 3 { // until nothing changes any more
			for _, name := range all {
				r.look(t, name)
				r.oneAtMost(t)
			}
		}
		first := ""
		for _, name := range all {
			if second, there := exist[name]; there && (first == "" || second < exist[first]) {
				first = name
			}
		}
		if got := fmt.Sprint(r.ready(t)); first != "" && got != "["+first+"]" {
			t.Fatalf("Ready are %s of %v, want %s", got, exist, first)
		}
	})
}

func TestTheYoungerOneTakesOverAtOnce(t *testing.T) {
	r := newRivals(newOneTenant(t).get().Spec)
	r.add(t, "old", 0, false)
	r.add(t, "young", 0, true)
	r.look(t, "old")
	r.look(t, "young")
	if got := fmt.Sprint(r.ready(t)); got != "[old]" {
		t.Fatalf("Ready are %s", got)
	}
	old := &v1alpha1.EntraTenant{}
	must(r.Get(t.Context(), client.ObjectKey{Name: "old"}, old))
	r.remove(t, "old")
	requests := r.manager.others(t.Context(), old)
	if len(requests) != 1 || requests[0].Name != "young" {
		t.Fatalf("its deletion wakes %v", requests)
	}
	r.look(t, "young") // before the operator looked at what is gone
	if got := fmt.Sprint(r.ready(t)); got != "[young]" {
		t.Fatalf("Ready are %s", got)
	}
}

// Two that wait for each other would be none.
func TestTheOneThatWaitsForItsTurnComesBackSoon(t *testing.T) {
	r := newRivals(newOneTenant(t).get().Spec)
	r.add(t, "b", 0, true)
	r.look(t, "b")
	r.add(t, "a", 0, false) // in the same second, and first by name
	result, err := r.manager.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: "a"}})
	if err != nil || result.RequeueAfter != retryClaim {
		t.Fatal(result, err)
	}
	if got := fmt.Sprint(r.ready(t)); got != "[b]" {
		t.Fatalf("Ready are %s", got)
	}
	r.look(t, "b")
	r.look(t, "a")
	if got := fmt.Sprint(r.ready(t)); got != "[a]" {
		t.Fatalf("Ready are %s", got)
	}
}
