package phonemethod

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/user"
)

// An EntraTenant that was edited wakes all its users. Who came while it could not be
// used is waited for, and must not stand behind thousands who are only looked through.
func TestATenantWakesFirstWhoIsWaitedFor(t *testing.T) {
	seen := func(o *pam) { o.Generation, o.Status.ObservedGeneration = 3, 3 }
	scheme := runtime.NewScheme()
	must(v1alpha1.AddToScheme(scheme))
	c := fake.NewClientBuilder().WithScheme(scheme).WithIndex(&pam{}, index.Tenant, index.PartOfTenant)
	for _, o := range []*pam{
		aResource("at rest", "rest@contoso.com", seen),
		aResource("new", "new@contoso.com", func(o *pam) { o.Generation = 1 }),
		aResource("edited", "edited@contoso.com", seen, func(o *pam) { o.Generation = 4 }),
		aResource("asked for", "asked@contoso.com", seen, func(o *pam) {
			o.Annotations = map[string]string{"identity.entraops.dev/reconcile-requested-at": "now"}
		}),
		aResource("leaving", "leaving@contoso.com", seen, func(o *pam) {
			o.DeletionTimestamp, o.Finalizers = &metav1.Time{Time: time.Unix(1, 0)}, []string{"one/of-the-editor"}
		}),
		aResource("one of two at rest", "two@contoso.com", seen),
		aResource("one of two that is new", "two@contoso.com", func(o *pam) { o.Generation = 1 }),
	} {
		c.WithObjects(o)
	}
	r := &Reconciler{Client: c.Build(), memory: newMemory(time.Time{})}
	synctest.Test(t, func(t *testing.T) {
		q := priorityqueue.New[user.Key]("test")
		defer q.ShutDown()
		r.wakeTenant(t.Context(), event.TypedGenericEvent[string]{Object: "default"}, q)
		got := map[string]int{}
		for synctest.Wait(); q.Len() > 0; synctest.Wait() {
			key, priority, _ := q.GetWithPriority()
			got[key.User] = priority
			q.Done(key)
		}
		want := map[string]int{
			"rest@contoso.com": handler.LowPriority, "new@contoso.com": 0, "edited@contoso.com": 0,
			"asked@contoso.com": 0, "leaving@contoso.com": 0, "two@contoso.com": 0,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
