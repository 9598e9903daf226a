package entratenant

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/testenv"
)

// oneTenant is an EntraTenant that its controller looks at when a test says so, at an
// emulator. The API server is not a real one.
type oneTenant struct {
	*Reconciler
	t     *testing.T
	graph *emulator.Emulator
	woken chan event.TypedGenericEvent[string]
	// unread is what the API server says to a read of a Secret; nil: it gives it.
	unread error
}

const tenantName = "default"

func newOneTenant(t *testing.T, permissions ...string) *oneTenant {
	t.Helper()
	if len(permissions) == 0 {
		permissions = []string{"User.ReadBasic.All"}
	}
	id, app := uuid.NewString(), uuid.NewString()
	graph := emulator.New(emulator.Options{Seed: 1})
	must(graph.AddTenant(emulator.Tenant{ID: id, Domains: []string{"contoso.com"}}))
	must(graph.AddApp(emulator.App{TenantID: id, ClientID: app, Secret: "s", Roles: permissions}))
	server, err := emulator.Serve(graph, "127.0.0.1:0")
	must(err)
	t.Cleanup(func() { _ = server.Close() })

	scheme := runtime.NewScheme()
	must(corev1.AddToScheme(scheme))
	must(v1alpha1.AddToScheme(scheme))
	o := &v1alpha1.EntraTenant{
		ObjectMeta: metav1.ObjectMeta{Name: tenantName, UID: "one", Generation: 1},
		Spec: v1alpha1.EntraTenantSpec{
			TenantID: id, ClientID: app,
			Endpoint: &v1alpha1.Endpoint{Graph: server.URL, Authority: server.URL, CABundle: server.CAPEM},
			Credential: v1alpha1.Credential{ClientSecret: &v1alpha1.ClientSecretCredential{
				SecretRef: v1alpha1.SecretReference{Namespace: "system", Name: "graph", Key: "clientSecret"}}},
			Access: []v1alpha1.AccessRule{{Users: []string{"*"}}},
		},
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "graph"}, Data: map[string][]byte{"clientSecret": []byte("s")}}
	c := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(o).WithObjects(o, secret).
		WithIndex(&pam{}, index.Tenant, index.PartOfTenant).Build()
	one := &oneTenant{t: t, graph: graph, woken: make(chan event.TypedGenericEvent[string], 64)}
	one.Reconciler = &Reconciler{
		Client: c, Reader: secretsOf{c, one}, Events: events.NewFakeRecorder(100),
		Tenants: tenant.NewRegistry(), Now: time.Now, Connected: one.woken,
		CredentialNamespaces: []string{"system", "more"},
	}
	return one
}

type secretsOf struct {
	client.Reader
	one *oneTenant
}

func (s secretsOf) Get(ctx context.Context, key client.ObjectKey, into client.Object, o ...client.GetOption) error {
	if _, ok := into.(*corev1.Secret); ok && s.one.unread != nil {
		return s.one.unread
	}
	return s.Reader.Get(ctx, key, into, o...)
}

func (o *oneTenant) reconcile() error {
	_, err := o.Reconcile(o.t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: tenantName}})
	return err
}

// lookAt has the controller look at the EntraTenant while the test goes on.
func (o *oneTenant) lookAt() (end <-chan error) {
	done, ended := make(chan error, 1), make(chan struct{})
	go func() { done <- o.reconcile(); close(ended) }()
	o.t.Cleanup(func() { <-ended })
	return done
}

// edit changes the spec, and returns the EntraTenant before and after.
func (o *oneTenant) edit(change func(*v1alpha1.EntraTenantSpec)) (was, now *v1alpha1.EntraTenant) {
	o.t.Helper()
	now = o.get()
	was = now.DeepCopy()
	change(&now.Spec)
	now.Generation++
	must(o.Client.Update(o.t.Context(), now))
	return was, now
}

func (o *oneTenant) get() *v1alpha1.EntraTenant {
	found := &v1alpha1.EntraTenant{}
	must(o.Client.Get(o.t.Context(), client.ObjectKey{Name: tenantName}, found))
	return found
}

func (o *oneTenant) ready() metav1.Condition {
	o.t.Helper()
	found := o.get()
	c := meta.FindStatusCondition(found.Status.Conditions, v1alpha1.ConditionReady)
	if c == nil || c.ObservedGeneration != found.Generation {
		o.t.Fatalf("it says nothing about generation %d: %+v", found.Generation, c)
	}
	return *c
}

// works has the tenant connected.
func (o *oneTenant) works() {
	o.t.Helper()
	must(o.reconcile())
	if c := o.ready(); c.Status != metav1.ConditionTrue {
		o.t.Fatalf("%+v", c)
	}
	<-o.woken
}

// hangs has Graph take the look-ups of the tenant's controller and not answer them,
// and returns how many of those were given up.
func (o *oneTenant) hangs() (givenUp func() int) {
	end := make(chan struct{})
	o.t.Cleanup(func() { close(end) })
	must(o.graph.AddFault(emulator.Fault{Path: "/users/" + graph.Nobody, Effect: emulator.Delay, Hold: end}))
	return func() (n int) {
		for _, r := range o.graph.Requests() {
			if r.Fault == string(emulator.Delay) {
				n++
			}
		}
		return n
	}
}

func observe(s *v1alpha1.EntraTenantSpec) { s.Mode, s.Access = v1alpha1.ModeObserve, nil }

func TestASecretThatMayNotBeReadRefusesTheTenantAndSaysWhichRightIsMissing(t *testing.T) {
	for name, before := range map[string]func(*oneTenant){
		"from the start":             func(*oneTenant) {},
		"when it worked":             (*oneTenant).works,
		"when it worked, in an edit": func(o *oneTenant) { o.works(); o.edit(observe) },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOneTenant(t)
			before(o)
			o.unread = apierrors.NewForbidden(corev1.Resource("secrets"), "graph", nil)
			must(o.reconcile())
			c := o.ready()
			if c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonCredentialNotFound ||
				!strings.Contains(c.Message, "may not read Secret system/graph: grant its ServiceAccount the verb get on secrets in namespace system") {
				t.Errorf("it says %s=%s: %s", c.Status, c.Reason, c.Message)
			}
			if !meta.IsStatusConditionTrue(o.get().Status.Conditions, v1alpha1.ConditionStalled) {
				t.Error("it is not Stalled")
			}
			if now, ok := o.Tenants.Get(tenantName); !ok || now.Problem == nil {
				t.Errorf("its users do not see that it cannot be used: %+v", now)
			}
			o.unread = nil
			must(o.reconcile())
			if c := o.ready(); c.Status != metav1.ConditionTrue {
				t.Errorf("when it may be read again: %s=%s", c.Status, c.Reason)
			}
		})
	}
}

func TestNobodyWorksUnderAnOldSpecWhileTheSecretCannotBeRead(t *testing.T) {
	o := newOneTenant(t)
	o.works()
	o.edit(observe)
	o.unread = errors.New("the API server is away")
	if err := o.reconcile(); !errors.Is(err, o.unread) {
		t.Errorf("it is not tried again soon: %v", err)
	}
	if now, ok := o.Tenants.Get(tenantName); ok {
		t.Errorf("its users work on in mode %s", now.Spec.ModeOrDefault())
	}
	if c := o.ready(); c.Status != metav1.ConditionFalse || !strings.Contains(c.Message, "Secret system/graph could not be read") {
		t.Errorf("it says %s=%s: %s", c.Status, c.Reason, c.Message)
	}
	if !meta.IsStatusConditionTrue(o.get().Status.Conditions, v1alpha1.ConditionReconciling) {
		t.Error("it is not Reconciling")
	}
	o.unread = nil
	must(o.reconcile())
	if now, ok := o.Tenants.Get(tenantName); !ok || now.Spec.ModeOrDefault() != v1alpha1.ModeObserve {
		t.Errorf("when it can be read again: %v", ok)
	}
	<-o.woken // or they would not look before the resync
}

func TestATenantThatWorksGoesOnWhileItsSecretCannotBeRead(t *testing.T) {
	o := newOneTenant(t)
	o.works()
	o.unread = errors.New("the API server is away")
	if err := o.reconcile(); !errors.Is(err, o.unread) {
		t.Errorf("it is not tried again soon: %v", err)
	}
	if now, ok := o.Tenants.Get(tenantName); !ok || now.Problem != nil {
		t.Error("its users have to wait")
	}
	if c := o.ready(); c.Status != metav1.ConditionTrue {
		t.Errorf("it says %s=%s", c.Status, c.Reason)
	}
}

func TestNewRulesHoldBeforeTheConnectionIsTried(t *testing.T) {
	o := newOneTenant(t)
	o.works()
	was, _ := o.Tenants.Get(tenantName)
	o.edit(observe)
	givenUp := o.hangs()
	o.lookAt()
	<-o.woken
	now, ok := o.Tenants.Get(tenantName)
	if n := givenUp(); n > 0 {
		t.Errorf("its users were told after %d look-ups that were given up", n)
	}
	if !ok || now.Spec.ModeOrDefault() != v1alpha1.ModeObserve || now.Graph != was.Graph {
		t.Errorf("its users find %+v", now)
	}
}

func TestTheOldSpecIsNotWorkedWithWhileANewConnectionIsTried(t *testing.T) {
	o := newOneTenant(t)
	o.works()
	o.edit(func(s *v1alpha1.EntraTenantSpec) { s.GraphVersion = v1alpha1.GraphBeta })
	givenUp := o.hangs()
	o.lookAt()
	testenv.Eventually(t, time.Minute, "the old spec goes", func() error {
		if _, ok := o.Tenants.Get(tenantName); ok {
			return errors.New("it is worked with")
		}
		return nil
	})
	if n := givenUp(); n > 0 {
		t.Errorf("it was worked with until %d look-ups were given up", n)
	}
}

func TestATrialIsNotWaitedForWhenTheEntraTenantIsEdited(t *testing.T) {
	o := newOneTenant(t)
	o.works()
	o.edit(func(s *v1alpha1.EntraTenantSpec) { s.GraphVersion = v1alpha1.GraphBeta })
	o.hangs()
	end := o.lookAt()
	testenv.Eventually(t, time.Minute, "the probe begins", func() error {
		o.probes.mu.Lock()
		defer o.probes.mu.Unlock()
		if len(o.probes.end) == 0 {
			return errors.New("none runs")
		}
		return nil
	})
	was, now := o.edit(observe)
	o.onEdit().Update(t.Context(), event.UpdateEvent{ObjectOld: was, ObjectNew: now}, nil)
	if err := <-end; err != nil {
		t.Error(err)
	}
	if c := meta.FindStatusCondition(o.get().Status.Conditions, v1alpha1.ConditionReady); c.Reason != v1alpha1.ReasonReady {
		t.Errorf("the probe that was broken off has a verdict: %s", c.Reason)
	}
	if _, ok := o.Tenants.Get(tenantName); ok {
		t.Error("an old spec is worked with")
	}
}

func TestAnEditEndsTheTrialThatRuns(t *testing.T) {
	for name, tc := range map[string]struct {
		generation int64
		want       error
	}{
		"an edit of the spec": {2, context.Canceled},
		"a new status":        {1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Reconciler{Tenants: tenant.NewRegistry()}
			running, end := r.probes.begin(t.Context(), tenantName)
			defer end()
			was := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: tenantName, Generation: 1}}
			now := was.DeepCopy()
			now.Generation = tc.generation
			r.onEdit().Update(t.Context(), event.UpdateEvent{ObjectOld: was, ObjectNew: now}, nil)
			if !errors.Is(running.Err(), tc.want) {
				t.Errorf("the probe: %v", running.Err())
			}
		})
	}
}

// soonest is a queue that keeps the shortest delay.
type soonest struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request]
	after time.Duration
}

func (q *soonest) AddAfter(_ reconcile.Request, d time.Duration) {
	if q.after == 0 || d < q.after {
		q.after = d
	}
}

// To count takes a moment of its own where there are many: while thousands are deleted it is done no more often than
// otherwise. Only a tenant that waits for its last resource is told soon.
func TestGoneResourcesAreCountedSoonOnlyForATenantThatWaits(t *testing.T) {
	o := newOneTenant(t)
	must(o.reconcile()) // puts the finalizer on
	gone := func() time.Duration {
		q := &soonest{}
		o.countLater().Delete(t.Context(), event.DeleteEvent{Object: aResource("a", "ada@contoso.com")}, q)
		return q.after
	}
	if d := gone(); d != goneDelay {
		t.Errorf("of few: counted after %v, want %v", d, goneDelay)
	}
	many := o.get()
	many.Status.Methods.Total = 2000
	must(o.Client.Status().Update(t.Context(), many))
	if d := gone(); d != countDelay {
		t.Errorf("counted after %v, want %v", d, countDelay)
	}
	must(o.Client.Delete(t.Context(), o.get()))
	if d := gone(); d != goneDelay {
		t.Errorf("of a tenant that is deleted: counted after %v, want %v", d, goneDelay)
	}
}

// Right after a write the cache may still have what was there before: a count that equals that is not written, and the one
// that was just written would stay.
func TestNothingIsComparedWithWhatWasThereBeforeTheLastWrite(t *testing.T) {
	o := newOneTenant(t)
	must(o.Client.Create(t.Context(), aResource("a", "ada@contoso.com")))
	must(o.reconcile())
	before := o.get()
	must(o.Client.Create(t.Context(), aResource("b", "bob@contoso.com")))
	must(o.reconcile())
	must(o.Client.Delete(t.Context(), aResource("b", "bob@contoso.com")))
	behind := true
	live := o.Client
	o.Client = interceptor.NewClient(live.(client.WithWatch), interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
			if e, ok := into.(*v1alpha1.EntraTenant); ok && behind {
				before.DeepCopyInto(e)
				return nil
			}
			return c.Get(ctx, key, into, options...)
		},
	})
	result, err := o.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKey{Name: tenantName}})
	if err != nil || result.RequeueAfter != conflictRetry {
		t.Errorf("looked again after %v (%v), want %v", result.RequeueAfter, err, conflictRetry)
	}
	behind = false
	must(o.reconcile())
	if n := o.get().Status.Methods.Total; n != 1 {
		t.Errorf("%d are counted, and 1 is there", n)
	}
}

// While the cache is cut off, an EntraTenant may be deleted and made anew. That comes as an update of the same generation.
func TestEdited(t *testing.T) {
	of := func(uid types.UID, generation int64) *v1alpha1.EntraTenant {
		return &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: tenantName, UID: uid, Generation: generation}}
	}
	for name, c := range map[string]struct {
		now  *v1alpha1.EntraTenant
		want bool
	}{
		"a new spec":              {of("a", 2), true},
		"another one of its name": {of("b", 1), true},
		"only status, or labels":  {of("a", 1), false},
	} {
		if got := edited().Update(event.UpdateEvent{ObjectOld: of("a", 1), ObjectNew: c.now}); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
