package auditlog

import (
	"context"
	"fmt"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

const (
	adaID = "0f1c0000-0000-4000-8000-000000000001"
	bobID = "0f1c0000-0000-4000-8000-000000000002"
	one   = "+1 2065550101"
)

// followed is one EntraTenant whose audit log is read from an emulator.
type followed struct {
	*Reconciler
	t        *testing.T
	graph    *emulator.Emulator
	tenantID string
	client   string
	clock    atomic.Int64 // Graph's and the operator's, in nanoseconds
	drifted  chan event.TypedGenericEvent[user.Key]
	again    time.Duration // of the last read
}

func follow(t *testing.T, permissions ...string) *followed {
	t.Helper()
	f := &followed{
		t: t, tenantID: uuid.NewString(), client: uuid.NewString(),
		drifted: make(chan event.TypedGenericEvent[user.Key], 2000),
	}
	f.clock.Store(time.Now().UnixNano())
	f.graph = emulator.New(emulator.Options{Seed: 1, Now: f.now})
	must(t, f.graph.AddTenant(emulator.Tenant{ID: f.tenantID, Domains: []string{"contoso.com"}}))
	f.grant(permissions...)
	for id, upn := range map[string]string{adaID: "ada@contoso.com", bobID: "bob@contoso.com"} {
		must(t, f.graph.AddUser(emulator.User{ID: id, TenantID: f.tenantID, UPN: upn}))
	}
	server, err := emulator.Serve(f.graph, "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = server.Close() })
	scheme := runtime.NewScheme()
	must(t, v1alpha1.AddToScheme(scheme))
	o := &v1alpha1.EntraTenant{
		ObjectMeta: metav1.ObjectMeta{Name: "default", UID: "one"},
		Spec: v1alpha1.EntraTenantSpec{
			TenantID: f.tenantID, ClientID: f.client,
			Endpoint:   &v1alpha1.Endpoint{Graph: server.URL, Authority: server.URL, CABundle: server.CAPEM},
			Credential: v1alpha1.Credential{ClientSecret: &v1alpha1.ClientSecretCredential{}},
		},
	}
	f.Reconciler = &Reconciler{
		Client:  fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(o).WithObjects(o).Build(),
		Tenants: tenant.NewRegistry(), Now: f.now, Drifted: f.drifted,
	}
	f.start()
	return f
}

func (f *followed) now() time.Time { return time.Unix(0, f.clock.Load()) }

func (f *followed) passes(d time.Duration) { f.clock.Add(int64(d)) }

// changes sets a phone behind the operator's back; "" removes it. Some minutes go by.
func (f *followed) changes(user, phoneType, number string) {
	f.t.Helper()
	if number == "" {
		must(f.t, f.graph.RemovePhone(user, phoneType))
	} else {
		must(f.t, f.graph.SetPhone(user, phoneType, number))
	}
	f.passes(2 * time.Minute)
}

// grant gives the app registration these permissions, from the next token on.
func (f *followed) grant(permissions ...string) {
	must(f.t, f.graph.AddApp(emulator.App{TenantID: f.tenantID, ClientID: f.client, Secret: "s", Roles: permissions}))
}

// start connects the tenant as a process does that begins.
func (f *followed) start() {
	o := f.get()
	t := &tenant.Tenant{Name: o.Name, Spec: o.Spec, Throttle: f.Tenants.Throttle(o.Name, f.Now, tenant.LearntPace(o.Status.Pace)), AuditLog: tenant.NewAuditLog(o.Status.AuditLog, f.now()), Inventory: tenant.NewInventory(), Reads: tenant.NewReads()}
	var err error
	t.Graph, err = tenant.Connect(&o.Spec, []byte("s"), t.Throttle, nil)
	must(f.t, err)
	f.Tenants.Put(t)
}

func (f *followed) get() *v1alpha1.EntraTenant {
	o := &v1alpha1.EntraTenant{}
	must(f.t, f.Client.Get(context.Background(), client.ObjectKey{Name: "default"}, o))
	return o
}

// reads reads the log to its end, and returns who is to be read for it.
func (f *followed) reads() (users []string) {
	f.t.Helper()
	for range 1000 {
		result, err := f.Reconcile(f.t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: "default"}})
		must(f.t, err)
		if f.again = result.RequeueAfter; f.again == 0 || f.again >= period {
			break
		}
		f.passes(f.again)
	}
	for len(f.drifted) > 0 {
		users = append(users, (<-f.drifted).Object.User)
	}
	return users
}

func (f *followed) wants(want []string, got []string) {
	f.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		f.t.Errorf("users (-want +got): %s", diff)
	}
}

func (f *followed) says(want v1alpha1.AuditLogAnswer) {
	f.t.Helper()
	if got := f.get().Status.AuditLog.LastAnswer; got != want {
		f.t.Errorf("status says %q, want %q", got, want)
	}
}

func (f *followed) period() time.Duration {
	t, _ := f.Tenants.Get("default")
	return t.DriftPeriod(f.now())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var granted = []string{"User.ReadBasic.All", "AuditLog.Read.All", "Directory.Read.All"}

func TestWhoseChangesAreTold(t *testing.T) {
	f := follow(t, granted...)
	f.changes(adaID, "mobile", one)
	f.wants([]string{adaID}, f.reads())
	f.says(v1alpha1.AuditLogFollowed)
	f.wants(nil, f.reads()) // what was told is not told again
	f.changes(adaID, "mobile", "")
	f.changes(bobID, "office", one)
	f.wants([]string{adaID, bobID}, f.reads())
	if f.get().Status.AuditLog.Position.IsZero() {
		t.Error("no position is kept")
	}
}

func TestALogOfManyPagesIsReadToItsEnd(t *testing.T) {
	f := follow(t, granted...)
	for range 600 {
		must(t, f.graph.SetPhone(adaID, "mobile", one))
		must(t, f.graph.RemovePhone(adaID, "mobile"))
	}
	f.changes(bobID, "office", one)
	users := f.reads()
	told := map[string]bool{}
	for _, u := range users {
		told[u] = true
	}
	if !told[adaID] || !told[bobID] || f.again < period {
		t.Errorf("%v; again after %v", told, f.again)
	}
	if f.now().Sub(f.get().Status.AuditLog.Position.Time) > time.Minute {
		t.Errorf("the position is %s, now %s", f.get().Status.AuditLog.Position, f.now())
	}
}

// While the log is followed users who are as they should be are read once a week, unless the
// EntraTenant says how often.
func TestHowOftenUsersAreRead(t *testing.T) {
	f := follow(t, granted...)
	if d := f.period(); d != time.Hour {
		t.Errorf("before the first read: %v", d)
	}
	f.reads()
	if d := f.period(); d != 7*24*time.Hour {
		t.Errorf("while it is followed: %v", d)
	}
	now, _ := f.Tenants.Get("default")
	said := *now
	said.Spec.ResyncPeriod = &metav1.Duration{Duration: 2 * time.Hour}
	if d := said.DriftPeriod(f.now()); d != 2*time.Hour {
		t.Errorf("with resyncPeriod 2h: %v", d)
	}
	if f.passes(59 * time.Minute); f.period() != 7*24*time.Hour {
		t.Errorf("59 minutes after the last read: %v", f.period())
	}
	if f.passes(time.Minute); f.period() != time.Hour {
		t.Errorf("an hour after the last read: %v", f.period())
	}
}

// A log that cannot be read for an hour is not followed any more, until it is read again.
func TestALogThatIsLost(t *testing.T) {
	f := follow(t, granted...)
	f.reads()
	must(t, f.graph.AddFault(emulator.Fault{Path: "/auditLogs/", Effect: emulator.Answer, Status: 503}))
	f.passes(30 * time.Minute)
	f.reads()
	f.says(v1alpha1.AuditLogUnavailable)
	if f.period() != 7*24*time.Hour {
		t.Errorf("half an hour without an answer: %v", f.period())
	}
	if f.passes(31 * time.Minute); f.period() != time.Hour {
		t.Errorf("an hour without an answer: %v", f.period())
	}
	f.changes(adaID, "mobile", one)
	f.graph.ClearFaults()
	f.passes(10 * time.Minute) // of the circuit breaker
	f.wants([]string{adaID}, f.reads())
	f.says(v1alpha1.AuditLogFollowed)
	if f.period() != 7*24*time.Hour {
		t.Errorf("followed again: %v", f.period())
	}
}

// Who was read before a gap in what was read of the log is not left to it.
func TestAGapInTheLog(t *testing.T) {
	f := follow(t, granted...)
	f.reads()
	now, _ := f.Tenants.Get("default")
	f.passes(time.Minute)
	now.Reads.Note(adaID, f.now())
	f.passes(30 * time.Minute)
	f.reads()
	if !now.IsLeftToAuditLog(adaID, f.now()) {
		t.Fatal("the log tells of each change of hers, and she is not left to it")
	}
	f.passes(30 * time.Hour)
	f.reads()
	if now.IsLeftToAuditLog(adaID, f.now()) {
		t.Error("she is left to a log of which six hours were not read")
	}
	f.passes(time.Minute)
	now.Reads.Note(adaID, f.now())
	if f.reads(); !now.IsLeftToAuditLog(adaID, f.now()) {
		t.Error("she was read since, and is not left to the log")
	}
	if f.passes(59 * time.Minute); !now.IsLeftToAuditLog(adaID, f.now()) || now.IsLeftToAuditLog(bobID, f.now()) {
		t.Error("bob was not read, and is left to the log; or ada is not")
	}
	if f.passes(2 * time.Minute); now.IsLeftToAuditLog(adaID, f.now()) {
		t.Error("she is left to a log that nobody reads")
	}
}

// However often the tenant is edited, the status cannot be written or the operator is restarted: Graph
// allows five requests in ten seconds, for the log and the report together.
func TestHowManyRequestsAreMade(t *testing.T) {
	for name, trouble := range map[string]func(*followed){
		"the tenant is edited again and again": func(*followed) {},
		"the operator is killed each second":   func(f *followed) { f.start() },
		"the status cannot be written": func(f *followed) {
			f.Client = interceptor.NewClient(f.Client.(client.WithWatch), interceptor.Funcs{
				SubResourcePatch: func(context.Context, client.Client, string, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
					return context.DeadlineExceeded
				},
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := follow(t, granted...)
			f.passes(time.Hour)
			for range 10 {
				trouble(f)
				_, err := f.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: "default"}})
				must(t, err)
				f.passes(time.Second)
			}
			asked := 0
			for _, r := range f.graph.Requests() {
				if strings.Contains(r.Path, "/auditLogs/") || strings.Contains(r.Path, "/reports/") {
					asked++
				}
			}
			if asked > 5 {
				t.Errorf("%d requests in ten seconds", asked)
			}
		})
	}
}

func TestWhatIsSaidWhereTheLogCannotBeRead(t *testing.T) {
	for name, tc := range map[string]struct {
		permissions []string
		fault       emulator.Fault
		want        v1alpha1.AuditLogAnswer
	}{
		"no permission":       {[]string{"User.ReadBasic.All"}, emulator.Fault{}, v1alpha1.AuditLogNotGranted},
		"one of two":          {[]string{"AuditLog.Read.All"}, emulator.Fault{}, v1alpha1.AuditLogNotGranted},
		"Graph says it fails": {granted, emulator.Fault{Path: "/auditLogs/", Effect: emulator.Answer, Status: 500}, v1alpha1.AuditLogUnavailable},
		"no licence": {granted, emulator.Fault{
			Path: "/auditLogs/", Effect: emulator.Answer, Status: 403, Code: "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
		}, v1alpha1.AuditLogUnlicensed},
	} {
		t.Run(name, func(t *testing.T) {
			f := follow(t, tc.permissions...)
			if tc.fault.Path != "" {
				must(t, f.graph.AddFault(tc.fault))
			}
			f.reads()
			f.says(tc.want)
			if f.period() != time.Hour || f.again < period {
				t.Errorf("users are read once in %v, the log after %v", f.period(), f.again)
			}
		})
	}
}

// A restarted operator begins where the last one was, and a record that is late is still told.
func TestARestartGoesOnWhereTheLogWasRead(t *testing.T) {
	f := follow(t, granted...)
	f.reads()
	f.changes(bobID, "office", one)
	f.start()
	f.wants([]string{bobID}, f.reads())
}

// A tenant in China has no audit log, and none is asked for.
func TestChinaIsNotAsked(t *testing.T) {
	f := follow(t, granted...)
	now, _ := f.Tenants.Get("default")
	china := *now
	china.Spec.Cloud = v1alpha1.CloudChina
	f.Tenants.Put(&china)
	f.reads()
	if f.again != 0 || f.get().Status.AuditLog.LastAnswer != "" {
		t.Errorf("again after %v, status %+v", f.again, f.get().Status.AuditLog)
	}
	for _, r := range f.graph.Requests() {
		t.Errorf("%s %s was asked", r.Method, r.Path)
	}
}

// The registration report tells who has a phone already, so that Graph is asked first for those. It
// is read to its end, and no more than one request is made in two seconds.
func TestTheReportTellsWhoHasAPhone(t *testing.T) {
	f := follow(t, granted...)
	for i := range 1200 { // more than a page
		must(t, f.graph.AddUser(emulator.User{ID: uuid.NewString(), TenantID: f.tenantID, UPN: fmt.Sprintf("u%d@contoso.com", i)}))
	}
	must(t, f.graph.SetPhone(adaID, "mobile", one))
	now, _ := f.Tenants.Get("default")
	says := func(id string, want bool, types ...phone.Type) {
		t.Helper()
		if got := now.Inventory.Has(id, types, f.now()); got != want {
			t.Errorf("of %s and %v it says %v, want %v", id, types, got, want)
		}
	}
	says(adaID, false, phone.Mobile)
	f.reads()
	says(adaID, true, phone.Mobile)
	says(adaID, true, phone.Office, phone.Mobile)
	says(adaID, false, phone.Office)
	says(bobID, false, phone.Mobile)
	asked := 0
	for _, r := range f.graph.Requests() {
		if strings.Contains(r.Path, "/reports/") {
			asked++
		}
	}
	if asked != 2 {
		t.Errorf("the report was asked for %d times, want two pages", asked)
	}
	f.reads()
	must(t, f.graph.SetPhone(bobID, "mobile", one))
	f.passes(12 * time.Hour)
	f.reads()
	says(bobID, true, phone.Mobile)
	f.passes(25 * time.Hour)
	says(bobID, false, phone.Mobile) // too old to go by
}

// The report has pages for a large directory. Who asks for the log does not wait for them.
func TestARequestComesBeforeTheReport(t *testing.T) {
	f := follow(t, granted...)
	reconciles := func() {
		_, err := f.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: "default"}})
		must(t, err)
		f.passes(time.Minute)
	}
	f.passes(time.Minute)
	reconciles() // the log; the report is due from now on
	o := f.get()
	o.Annotations = map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: "now"}
	must(t, f.Client.Update(t.Context(), o))
	reconciles()
	reconciles()
	var asked []string
	for _, r := range f.graph.Requests() {
		if strings.Contains(r.Path, "/auditLogs/") || strings.Contains(r.Path, "/reports/") {
			asked = append(asked, path.Base(r.Path))
		}
	}
	want := []string{"directoryAudits", "directoryAudits", "userRegistrationDetails"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("requests (-want +got): %s", diff)
	}
}

// A page that Graph does not give now is asked for again with the next read of the log.
func TestAHiccupOfTheReport(t *testing.T) {
	f := follow(t, granted...)
	f.changes(adaID, "mobile", one)
	must(t, f.graph.AddFault(emulator.Fault{Path: "/reports/", Effect: emulator.Answer, Status: 429, Times: 1}))
	f.reads()
	f.passes(6 * time.Minute)
	f.reads()
	now, _ := f.Tenants.Get("default")
	if !now.Inventory.Has(adaID, []phone.Type{phone.Mobile}, f.now()) {
		t.Error("the report was given up")
	}
}

// A tenant without a licence for the report is asked once in twelve hours, and its log is followed.
func TestATenantWithoutAReport(t *testing.T) {
	f := follow(t, granted...)
	must(t, f.graph.AddFault(emulator.Fault{Path: "/reports/", Effect: emulator.Answer, Status: 403, Code: "Authentication_RequestFromNonPremiumTenantOrB2CTenant"}))
	f.reads()
	f.reads()
	f.says(v1alpha1.AuditLogFollowed)
	now, _ := f.Tenants.Get("default")
	if now.Inventory.Has(adaID, []phone.Type{phone.Mobile}, f.now()) {
		t.Error("it tells of a phone")
	}
}
