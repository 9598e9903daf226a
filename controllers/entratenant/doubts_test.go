package entratenant

import (
	"net/http"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
)

// doubting is an EntraTenant that works, with a clock of its own, whose users may be refused.
type doubting struct {
	*oneTenant
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
	now   time.Time
}

func newDoubting(t *testing.T) *doubting {
	t.Helper()
	d := &doubting{oneTenant: newOneTenant(t), now: time.Now()}
	d.queue = workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	t.Cleanup(d.queue.ShutDown)
	d.Now = func() time.Time { return d.now }
	must(d.reconcile())
	d.drain()
	return d
}

func (d *doubting) drain() (woken int) {
	for ; len(d.woken) > 0; woken++ {
		<-d.woken
	}
	return woken
}

// refused is a refusal of a user's; it reports whether the tenant is looked at for it.
func (d *doubting) refused(kind graph.Kind) bool {
	before := d.queue.Len()
	d.onDoubt().Generic(d.t.Context(), event.TypedGenericEvent[Doubt]{Object: Doubt{tenantName, kind}}, d.queue)
	if d.queue.Len() == before {
		return false
	}
	key, _ := d.queue.Get()
	d.queue.Done(key)
	return true
}

// look has the controller look at the EntraTenant some time later; it returns when it looks again.
func (d *doubting) look(later time.Duration) time.Duration {
	d.t.Helper()
	d.now = d.now.Add(later)
	result, err := d.Reconcile(d.t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: tenantName}})
	must(err)
	return result.RequeueAfter
}

func (d *doubting) tokens() (n int) {
	for _, r := range d.graph.Requests() {
		if r.Method == http.MethodPost {
			n++
		}
	}
	return n
}

func TestAPermissionThatUsersLackIsUsedWithinAMinuteOfTheGrant(t *testing.T) {
	const phones = "UserAuthMethod-Phone.ReadWrite.All"
	d := newDoubting(t)
	if !d.refused(graph.Forbidden) {
		t.Fatal("the tenant is not looked at")
	}
	for i := range 5 { // nothing is granted
		if again := d.look(grantPeriod); again > time.Minute*50/60 {
			t.Errorf("it is looked at again after %v", again)
		}
		if n := d.tokens(); n != 1+i { // the first look renews nothing
			t.Errorf("%d tokens", n)
		}
		if d.refused(graph.Forbidden) {
			t.Error("each refusal of a user has the tenant looked at")
		}
	}
	d.look(time.Second)
	if n := d.tokens(); n != 5 {
		t.Errorf("%d tokens: a look for another reason brings one", n)
	}
	if d.drain() > 0 {
		t.Error("the users were woken for nothing")
	}

	d.grant("User.ReadBasic.All", phones)
	d.look(grantPeriod)
	now, ok := d.Tenants.Get(tenantName)
	if !ok {
		t.Fatal("the tenant is gone")
	}
	has, err := now.Graph.Permissions(t.Context())
	must(err)
	if !slices.Contains(has, phones) || d.drain() != 1 {
		t.Errorf("the token carries %v", has)
	}
	if again := d.look(grantPeriod); again < probePeriod {
		t.Errorf("it is looked at again after %v", again)
	}
	if n := d.tokens(); n != 6 {
		t.Errorf("%d tokens: it goes on though nothing is missing", n)
	}
}

func TestThatNobodyAsksForAPermissionAnyMoreEndsTheRenewals(t *testing.T) {
	d := newDoubting(t)
	d.refused(graph.Forbidden)
	d.look(0)
	if again := d.look(wantedFor + time.Second); again < probePeriod {
		t.Errorf("it is looked at again after %v", again)
	}
	if n := d.tokens(); n != 1 {
		t.Errorf("%d tokens", n)
	}
	if !d.refused(graph.Forbidden) {
		t.Error("the next refusal is not heeded")
	}
}

// The resources say that the Ready condition of the EntraTenant says more.
func TestATokenThatIsRefusedToAUserHasTheTenantTriedAnew(t *testing.T) {
	for name, kind := range map[string]graph.Kind{"by Graph": graph.TokenRefused, "by Entra, when the last one has expired": graph.CredentialFailed} {
		t.Run(name, func(t *testing.T) {
			d := newDoubting(t)
			must(d.graph.AddFault(emulator.Fault{Method: http.MethodGet, Effect: emulator.ExpiredToken}))
			d.look(time.Second) // its last probeResult is fresh
			if c := d.ready(); c.Status != metav1.ConditionTrue {
				t.Fatalf("Ready: %+v", c)
			}
			if !d.refused(kind) {
				t.Fatal("the tenant is not looked at")
			}
			d.look(time.Second)
			if c := d.ready(); c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonForbidden {
				t.Errorf("Ready: %+v", c)
			}
			if d.refused(kind) {
				t.Error("each refusal of a user has the tenant tried")
			}
			d.now = d.now.Add(retryProbe)
			if !d.refused(kind) {
				t.Error("it is never tried again")
			}
		})
	}
}
