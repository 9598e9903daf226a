package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testenv"
	"github.com/entraops/phone-operator/internal/testing/install"
)

const (
	mobile    = v1alpha1.PhoneTypeMobile
	alternate = v1alpha1.PhoneTypeAlternateMobile
	office    = v1alpha1.PhoneTypeOffice

	yes     = metav1.ConditionTrue
	no      = metav1.ConditionFalse
	unknown = metav1.ConditionUnknown
)

// readLag is how long Graph's reads lag behind its writes.
const readLag = 500 * time.Millisecond

// story is one test: a Graph with one tenant that it has for itself, the EntraTenant that speaks for it, and a team
// whose namespace may manage the tenant's users of contoso.com.
type story struct {
	*world
	t        *testing.T
	graph    *emulator.Emulator
	front    *front
	tenant   string // name of the EntraTenant and of the Secret with its credential
	tenantID string
	people   *team
}

// newStory begins a story that shares an operator with others.
func newStory(t *testing.T, change ...func(*v1alpha1.EntraTenantSpec)) *story {
	t.Helper()
	s := unconnected(t)
	s.connect(change...)
	return s
}

// unconnected is a new story of which the operator knows nothing yet.
func unconnected(t *testing.T) *story {
	t.Helper()
	places <- struct{}{}
	t.Cleanup(func() { <-places })
	return patient(t)
}

// patient is an unconnected story that waits for minutes and works for seconds, or the second one of a test. It begins at once,
// whether there is a place or not: it would be the last to end.
func patient(t *testing.T) *story {
	t.Helper()
	w, err := sharedWorld()
	must(t, err)
	w.shared(t)
	return w.story(t)
}

// newStoryAlone begins a story that runs operators of its own. They end with it.
func newStoryAlone(t *testing.T, change ...func(*v1alpha1.EntraTenantSpec)) *story {
	t.Helper()
	s := borrow(t).story(t)
	t.Cleanup(s.endAll)
	s.connect(change...)
	return s
}

func (w *world) story(t *testing.T) *story {
	t.Helper()
	s := &story{world: w, t: t, tenantID: uuid.NewString(), graph: emulator.New(emulator.Options{Seed: 1})}
	s.graph.SetReadLag(readLag)
	s.front = newFront(s.graph)
	s.tenant = "t-" + s.tenantID[:8]
	s.addTenant(s.tenantID)
	s.people = s.team("people")
	t.Cleanup(s.end)
	return s
}

// addTenant adds a tenant to Graph that knows the operator's app registration.
func (s *story) addTenant(id string) {
	s.t.Helper()
	must(s.t, s.graph.AddTenant(emulator.Tenant{ID: id}))
	must(s.t, s.graph.AddApp(emulator.App{TenantID: id, ClientID: install.ClientID, Secret: "first", Roles: install.Permissions}))
}

// connect creates the EntraTenant.
func (s *story) connect(change ...func(*v1alpha1.EntraTenantSpec)) {
	s.t.Helper()
	t := install.Tenant{Name: s.tenant, ID: s.tenantID, Secret: "first", Graph: s.front.Endpoint, Access: []v1alpha1.AccessRule{s.people.may()}}
	must(s.t, s.Declare(s.t.Context(), t, append([]func(*v1alpha1.EntraTenantSpec){atOnce}, change...)...))
}

// atOnce begins at a pace that the emulator takes: the first requests of a new tenant are a minute's work otherwise.
func atOnce(spec *v1alpha1.EntraTenantSpec) {
	spec.Limits = &v1alpha1.Limits{AuthenticationRequestsPerMinute: new(int32(1200))}
}

// under is the story as part of the test t tells it: what fails there fails t.
func (s *story) under(t *testing.T) *story {
	part, people := *s, *s.people
	people.story, part.people = &part, &people
	part.t = t
	return &part
}

// deletions is a limit of deletions in an hour.
func deletions(n int32) func(*v1alpha1.EntraTenantSpec) {
	return func(spec *v1alpha1.EntraTenantSpec) { spec.Limits.DeletionsPerHour = &n }
}

// app gives the operator's app registration these permissions and no others, from its next token on.
func (s *story) app(permissions ...string) {
	s.t.Helper()
	must(s.t, s.graph.AddApp(emulator.App{TenantID: s.tenantID, ClientID: install.ClientID, Secret: "first", Roles: permissions}))
}

// end looks for numbers in what was written, and takes the story's resources out of the way of the next one.
func (s *story) end() {
	if s.t.Failed() {
		s.t.Logf("the tenant's resources at the end:\n%s", s.describe())
	}
	for _, wrong := range s.wrongs() {
		s.t.Error(wrong)
	}
	s.front.stepIn(nil)
	s.discard(s.tenant)
}

// discard removes an EntraTenant and its resources, whatever holds them.
func (s *story) discard(tenant string) {
	ctx := context.Background()
	objects := []client.Object{&v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: tenant}}}
	for _, o := range s.resourcesOf(tenant) {
		objects = append(objects, &o)
	}
	for _, o := range objects {
		_ = s.Delete(ctx, o)
		free := []byte(`{"metadata":{"finalizers":null}}`)
		if err := s.Patch(ctx, o, client.RawPatch(types.MergePatchType, free)); client.IgnoreNotFound(err) != nil {
			s.t.Error(err)
		}
	}
}

// resources are all resources of the story's tenant.
func (s *story) resources() []v1alpha1.PhoneAuthenticationMethod { return s.resourcesOf(s.tenant) }

func (s *story) resourcesOf(tenant string) []v1alpha1.PhoneAuthenticationMethod {
	var all v1alpha1.PhoneAuthenticationMethodList
	if err := s.List(context.Background(), &all, client.MatchingFields{"spec.tenantRef.name": tenant}); err != nil {
		s.t.Error(err)
	}
	return all.Items
}

// prepare creates objects as the administrator.
func (s *story) prepare(objects ...client.Object) {
	s.t.Helper()
	for _, o := range objects {
		must(s.t, s.Create(s.t.Context(), o))
	}
}

func (s *story) describe() string {
	var b strings.Builder
	for _, o := range s.resources() {
		fmt.Fprintf(&b, "%s/%s: %s of %s, id %q, finalizers %v\n", o.Namespace, o.Name, o.Spec.PhoneType, o.Spec.User, o.Status.ID, o.Finalizers)
		if c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady); c != nil {
			fmt.Fprintf(&b, "  Ready=%s %s: %s\n", c.Status, c.Reason, c.Message)
		}
	}
	return b.String()
}

// user adds a user of contoso.com to the tenant.
func (s *story) user(change ...func(*emulator.User)) emulator.User {
	s.t.Helper()
	u := emulator.User{ID: uuid.NewString(), TenantID: s.tenantID}
	u.UPN = "u" + u.ID[:8] + "@contoso.com"
	for _, c := range change {
		c(&u)
	}
	must(s.t, s.graph.AddUser(u))
	return u
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

// writes are the requests that asked to change a phone in the story's tenant, refused ones included.
func (s *story) writes() []emulator.Request {
	return slices.DeleteFunc(s.graph.Writes(), func(r emulator.Request) bool { return r.Tenant != s.tenantID })
}

// done counts the writes to a user that Graph carried out, by method and phone type.
func (s *story) done(u emulator.User) map[string]int {
	done := map[string]int{}
	for _, r := range s.writes() {
		if r.User == u.ID && r.Status >= 200 && r.Status < 300 {
			done[strings.TrimSpace(r.Method+" "+r.PhoneType)]++
		}
	}
	return done
}

// graphStays notes what Graph has. The check that it returns fails if Graph has something else by then, or if the
// operator as much as asked for a change of anything in the tenant.
func (s *story) graphStays() (check func()) {
	before, writes := s.graph.Snapshot(), len(s.writes())
	return func() {
		s.t.Helper()
		if diff := cmp.Diff(before, s.graph.Snapshot()); diff != "" {
			s.t.Errorf("Graph changed (-before +after):\n%s", diff)
		}
		for _, r := range s.writes()[writes:] {
			s.t.Errorf("the operator sent %s %s", r.Method, r.LogPath())
		}
	}
}

// errNotYet is for what needs no words.
var errNotYet = errors.New("not yet")

const patience = 3 * time.Minute

func (s *story) eventually(what string, ask func() error) {
	s.t.Helper()
	testenv.Eventually(s.t, patience, what, ask)
}

// editTenant changes the EntraTenant's spec.
func (s *story) editTenant(change func(*v1alpha1.EntraTenantSpec)) {
	s.t.Helper()
	s.eventually("edit the EntraTenant", func() error {
		o, err := s.entraTenant()
		if err != nil {
			return err
		}
		change(&o.Spec)
		return s.Update(s.t.Context(), o)
	})
}

func (s *story) entraTenant() (*v1alpha1.EntraTenant, error) {
	var o v1alpha1.EntraTenant
	return &o, s.Get(s.t.Context(), client.ObjectKey{Name: s.tenant}, &o)
}

// tenantReaches waits until the EntraTenant's condition has a status and a reason for its current spec.
func (s *story) tenantReaches(condition string, status metav1.ConditionStatus, reason string) {
	s.t.Helper()
	s.eventually(fmt.Sprintf("the EntraTenant reaches %s=%s/%s", condition, status, reason), func() error {
		o, err := s.entraTenant()
		if err != nil {
			return err
		}
		c := meta.FindStatusCondition(o.Status.Conditions, condition)
		if c == nil || c.ObservedGeneration != o.Generation || c.Status != status || c.Reason != reason {
			return fmt.Errorf("it is %+v", o.Status.Conditions)
		}
		return nil
	})
}

func secret(namespace, name, key, value string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Data:       map[string][]byte{key: []byte(value)},
	}
}
