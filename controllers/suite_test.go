package controllers_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/controllers"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testenv"
)

// Short for the stories.
const (
	mobile    = v1alpha1.PhoneTypeMobile
	alternate = v1alpha1.PhoneTypeAlternateMobile
	office    = v1alpha1.PhoneTypeOffice

	yes = metav1.ConditionTrue
	no  = metav1.ConditionFalse
)

// readLag is how long Graph's reads lag behind its writes in stories that are not about speed. A Graph that
// is never behind would be kinder than the real one.
const readLag = 500 * time.Millisecond

const (
	tenantID = "11111111-2222-3333-4444-555555555555"
	clientID = "66666666-7777-8888-9999-000000000000"
	system   = "phone-operator-system"
)

// suite is a cluster, a Graph and the operator between them, shared by the
// stories. Each story has its own namespace and its own users.
type suite struct {
	client.Client
	graph   *emulator.Emulator
	url     string
	ca      []byte
	logs    *testenv.Log
	kill    context.CancelFunc // the operator, which then ends as it stands: see restart
	secrets cache.Informer     // the operator's, which tells of each Secret once more within seconds
}

var (
	startOnce sync.Once
	started   *suite
)

// TestMain looks through what the operator logged in all stories, at the highest
// level that the manager has, for the numbers: all of them begin alike.
func TestMain(m *testing.M) {
	code := m.Run()
	if started != nil && strings.Contains(started.logs.String(), "20655501") {
		for line := range strings.Lines(started.logs.String()) {
			if strings.Contains(line, "20655501") {
				fmt.Printf("FAIL: a phone number is in the log: %.400s\n", line)
				break
			}
		}
		code = 1
	}
	os.Exit(code)
}

// start returns the shared suite, started by the first story that asks.
func start(t *testing.T) *suite {
	t.Helper()
	cluster := testenv.Shared(t)
	startOnce.Do(func() {
		scheme := runtime.NewScheme()
		must(t, clientgoscheme.AddToScheme(scheme))
		must(t, v1alpha1.AddToScheme(scheme))
		c, err := client.New(cluster.Config(), client.Options{Scheme: scheme})
		must(t, err)

		graph := emulator.New(emulator.Options{Seed: 1})
		graph.SetReadLag(readLag)
		must(t, graph.AddTenant(emulator.Tenant{ID: tenantID, Domains: []string{"contoso.com"}}))
		must(t, graph.AddApp(emulator.App{ClientID: clientID, Secret: "first", Roles: []string{
			"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "RoleManagement.Read.Directory", "GroupMember.Read.All"}}))
		server, err := emulator.Serve(graph, "127.0.0.1:0")
		must(t, err)

		s := &suite{Client: c, graph: graph, url: server.URL, ca: server.CAPEM, logs: &testenv.Log{}}
		ctrl.SetLogger(zap.New(zap.WriteTo(s.logs), zap.UseDevMode(true), zap.Level(zapcore.Level(-7))))
		s.operate(t)

		ctx := t.Context()
		must(t, c.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: system}}))
		must(t, c.Create(ctx, secret(system, "graph", "clientSecret", "first")))
		must(t, c.Create(ctx, s.tenant("default", tenantID)))
		started = s
	})
	if started == nil {
		t.Fatal("the suite did not start")
	}
	return started
}

// operate starts the operator. It ends with the process, or by kill: every story needs it.
func (s *suite) operate(t *testing.T) {
	t.Helper()
	var ctx context.Context
	ctx, s.kill = context.WithCancel(context.Background())
	config := testenv.Shared(t).Config()
	config.Wrap(controllers.StreamLists)
	kept := controllers.CacheOptions()
	for kind, how := range kept.ByObject {
		if _, ok := kind.(*corev1.Secret); ok {
			how.SyncPeriod = new(1500 * time.Millisecond) // in place of ten hours
			kept.ByObject[kind] = how
		}
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: s.Scheme(), Metrics: metricsserver.Options{BindAddress: "0"}, Cache: kept,
		GracefulShutdownTimeout: new(time.Duration),
		Controller:              ctrlconfig.Controller{SkipNameValidation: new(true)}, // it may be the second of this process
	})
	must(t, err)
	must(t, controllers.SetupWithManager(ctx, mgr, controllers.Options{MaxConcurrentReconciles: workers, CredentialNamespaces: []string{system}}))
	go func() { _ = mgr.Start(ctx) }()
	secrets := &metav1.PartialObjectMetadata{}
	secrets.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	s.secrets, err = mgr.GetCache().GetInformer(ctx, secrets)
	must(t, err)
}

// tenant is an EntraTenant at the emulator in which every namespace labelled
// managed=yes may do everything.
func (s *suite) tenant(name, id string) *v1alpha1.EntraTenant {
	return &v1alpha1.EntraTenant{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.EntraTenantSpec{
			TenantID: id, ClientID: clientID,
			Credential: v1alpha1.Credential{ClientSecret: &v1alpha1.ClientSecretCredential{
				SecretRef: v1alpha1.SecretReference{Namespace: system, Name: "graph", Key: "clientSecret"},
			}},
			Endpoint: &v1alpha1.Endpoint{Graph: s.url, Authority: s.url, CABundle: s.ca},
			Limits:   &v1alpha1.Limits{AuthenticationRequestsPerMinute: new(int32(1200))}, // the first requests are not to take a minute
			Access: []v1alpha1.AccessRule{{
				Namespaces: metav1.LabelSelector{MatchLabels: map[string]string{"managed": "yes"}},
				Users:      []string{"*"},
			}},
		},
	}
}

func secret(namespace, name, key, value string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Data:       map[string][]byte{key: []byte(value)},
	}
}

// story is one test's namespace and users.
type story struct {
	*suite
	t         *testing.T
	namespace string
}

func newStory(t *testing.T) *story {
	t.Helper()
	s := start(t)
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "story-", Labels: map[string]string{"managed": "yes"}}}
	must(t, s.Create(t.Context(), ns))
	st := &story{suite: s, t: t, namespace: ns.Name}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("state at the end:\n%s", st.describe())
			if os.Getenv("STORY_LOGS") != "" {
				t.Log(s.logs.String())
			}
		}
	})
	return st
}

// user adds a user to Graph and returns the object id and the UPN.
func (s *story) user(change ...func(*emulator.User)) emulator.User {
	s.t.Helper()
	u := emulator.User{ID: uuid.NewString(), TenantID: tenantID}
	u.UPN = "u" + u.ID[:8] + "@contoso.com"
	for _, c := range change {
		c(&u)
	}
	must(s.t, s.graph.AddUser(u))
	return u
}

type option func(*v1alpha1.PhoneAuthenticationMethod)

// pam makes a resource, not yet applied.
func (s *story) pam(name, user string, t v1alpha1.PhoneType, number string, options ...option) *v1alpha1.PhoneAuthenticationMethod {
	o := &v1alpha1.PhoneAuthenticationMethod{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		Spec:       v1alpha1.PhoneAuthenticationMethodSpec{User: user, PhoneType: t, PhoneNumber: number},
	}
	for _, option := range options {
		option(o)
	}
	return o
}

func (s *story) apply(objects ...client.Object) {
	s.t.Helper()
	for _, o := range objects {
		must(s.t, s.Create(s.t.Context(), o))
	}
}

func (s *story) remove(names ...string) {
	s.t.Helper()
	for _, name := range names {
		must(s.t, s.Delete(s.t.Context(), s.pam(name, "", "", "")))
	}
}

func (s *story) get(name string) (*v1alpha1.PhoneAuthenticationMethod, error) {
	var o v1alpha1.PhoneAuthenticationMethod
	err := s.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: name}, &o)
	return &o, err
}

const patience = 3 * time.Minute

// eventually asks again until nil. It polls the real API server; it ends as soon
// as it can.
func (s *story) eventually(what string, ask func() error) {
	s.t.Helper()
	testenv.Eventually(s.t, patience, what, ask)
}

// reaches waits until a condition of the resource has a status and a reason for
// its current spec.
func (s *story) reaches(name, condition string, status metav1.ConditionStatus, reason string) *v1alpha1.PhoneAuthenticationMethod {
	s.t.Helper()
	var o *v1alpha1.PhoneAuthenticationMethod
	s.eventually(fmt.Sprintf("%s reaches %s=%s/%s", name, condition, status, reason), func() (err error) {
		if o, err = s.get(name); err != nil {
			return err
		}
		if o.Status.ObservedGeneration != o.Generation {
			return fmt.Errorf("generation %d is not observed yet", o.Generation)
		}
		for _, c := range o.Status.Conditions {
			if c.Type == condition {
				if c.Status == status && c.Reason == reason {
					return nil
				}
				return fmt.Errorf("it is %s/%s: %s", c.Status, c.Reason, c.Message)
			}
		}
		return fmt.Errorf("it has no %s", condition)
	})
	return o
}

func (s *story) ready(names ...string) {
	s.t.Helper()
	for _, name := range names {
		s.reaches(name, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	}
}

func (s *story) gone(names ...string) {
	s.t.Helper()
	for _, name := range names {
		s.eventually(name+" goes", func() error {
			o, err := s.get(name)
			if err == nil {
				return fmt.Errorf("it is still there: %+v", o.Status.Conditions)
			}
			return client.IgnoreNotFound(err)
		})
	}
}

// has waits until Graph has just these phones of the user: "mobile +1 2065550101".
func (s *story) has(u emulator.User, phones ...string) {
	s.t.Helper()
	s.eventually("Graph's phones of the user", func() error {
		if got, want := s.phones(u), fmt.Sprint(phones); got != want {
			return fmt.Errorf("Graph has %s, want %s", got, want)
		}
		return nil
	})
}

func (s *story) phones(u emulator.User) string {
	words := []string{}
	for _, p := range s.graph.Phones(u.ID) {
		words = append(words, p.Type+" "+p.Number)
	}
	return fmt.Sprint(words)
}

// writes counts the writes to a user's phones, those that Graph refused too.
func (s *story) writes(u emulator.User) (methods []string) {
	for _, r := range s.graph.Writes() {
		if r.User == u.ID {
			methods = append(methods, r.Method)
		}
	}
	return methods
}

func (s *story) describe() string {
	var all v1alpha1.PhoneAuthenticationMethodList
	if err := s.List(context.Background(), &all, client.InNamespace(s.namespace)); err != nil {
		return err.Error()
	}
	var b bytes.Buffer
	for _, o := range all.Items {
		fmt.Fprintf(&b, "%s: %s of %s, id %q, finalizers %v\n", o.Name, o.Spec.PhoneType, o.Spec.User, o.Status.ID, o.Finalizers)
		for _, c := range o.Status.Conditions {
			fmt.Fprintf(&b, "  %s=%s %s: %s\n", c.Type, c.Status, c.Reason, c.Message)
		}
	}
	return b.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
