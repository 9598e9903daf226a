package entratenant

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
)

// grant makes an application of the tenant's one that may do all this.
func (o *oneTenant) grant(permissions ...string) {
	o.t.Helper()
	spec := o.get().Spec
	must(o.graph.AddApp(emulator.App{TenantID: spec.TenantID, ClientID: spec.ClientID, Secret: "s", Roles: permissions}))
}

// A token lives for up to a day. Who grants something and then edits the EntraTenant,
// whatever field, is not told to wait for its end.
func TestAnEditBringsANewToken(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.EntraTenantSpec){
		"of the access rules": func(s *v1alpha1.EntraTenantSpec) { s.Access = nil },
		"of the mode":         func(s *v1alpha1.EntraTenantSpec) { s.Mode = v1alpha1.ModeObserve },
		"of privilegedUsers":  func(s *v1alpha1.EntraTenantSpec) { s.PrivilegedUsers = v1alpha1.PrivilegedUsersAllow },
		"of the resync":       func(s *v1alpha1.EntraTenantSpec) { s.ResyncPeriod = &metav1.Duration{Duration: 2 * time.Hour} },
		"of the version":      func(s *v1alpha1.EntraTenantSpec) { s.GraphVersion = v1alpha1.GraphBeta },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOneTenant(t)
			must(o.reconcile())
			o.grant("User.ReadBasic.All", "RoleManagement.Read.Directory")
			o.edit(change)
			must(o.reconcile())
			now, ok := o.Tenants.Get(tenantName)
			if !ok || now.Problem != nil {
				t.Fatalf("the tenant is %+v", now)
			}
			has, err := now.Graph.Permissions(t.Context())
			must(err)
			if !slices.Contains(has, "RoleManagement.Read.Directory") {
				t.Errorf("the token carries %v", has)
			}
		})
	}
}

func TestALookWithoutAnEditBringsNoNewToken(t *testing.T) {
	o := newOneTenant(t)
	must(o.reconcile())
	o.Now = func() time.Time { return time.Now().Add(2 * probePeriod) }
	must(o.reconcile())
	tokens, looks := 0, 0
	for _, r := range o.graph.Requests() {
		switch {
		case r.Method == http.MethodPost:
			tokens++
		case strings.HasSuffix(r.Path, graph.Nobody):
			looks++
		}
	}
	if tokens != 1 || looks != 2 {
		t.Errorf("%d tokens and %d probes", tokens, looks)
	}
}

// What Graph says to the tenant's own look-up, and what the EntraTenant makes of it.
func TestWhatTheTrialComesTo(t *testing.T) {
	for name, tc := range map[string]struct {
		fault  emulator.Fault
		status metav1.ConditionStatus
		reason string
		says   string
	}{
		"nobody there, as it should be": {emulator.Fault{Effect: emulator.Answer, Status: 404, Code: "Request_ResourceNotFound"}, metav1.ConditionTrue, v1alpha1.ReasonReady, ""},
		"a lost route":                  {emulator.Fault{Effect: emulator.Answer, Status: 404, Code: "UnknownError"}, metav1.ConditionUnknown, v1alpha1.ReasonGraphUnavailable, ""},
		"a code that nobody knows":      {emulator.Fault{Effect: emulator.Answer, Status: 404, Code: "somethingElse"}, metav1.ConditionUnknown, v1alpha1.ReasonGraphUnavailable, ""},
		"others write":                  {emulator.Fault{Effect: emulator.Answer, Status: 409, Code: "Directory_ConcurrencyViolation"}, metav1.ConditionUnknown, v1alpha1.ReasonGraphUnavailable, ""},
		"refused with the permission":   {emulator.Fault{Effect: emulator.Answer, Status: 403, Code: "Authorization_RequestDenied"}, metav1.ConditionFalse, v1alpha1.ReasonForbidden, "although its token carries a permission"},
		"refused in unknown words":      {emulator.Fault{Effect: emulator.Answer, Status: 403, Code: "UnknownError"}, metav1.ConditionUnknown, v1alpha1.ReasonGraphUnavailable, "no service of Graph is known to use"},
		"the token is not accepted":     {emulator.Fault{Effect: emulator.ExpiredToken}, metav1.ConditionFalse, v1alpha1.ReasonForbidden, "does not accept the token"},
		"asked too often":               {emulator.Fault{Effect: emulator.Answer, Status: 429, Code: "TooManyRequests", Retry: "1"}, metav1.ConditionUnknown, v1alpha1.ReasonThrottled, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOneTenant(t)
			tc.fault.Method, tc.fault.Path = http.MethodGet, graph.Nobody
			must(o.graph.AddFault(tc.fault))
			must(o.reconcile())
			if c := o.ready(); c.Status != tc.status || c.Reason != tc.reason || !strings.Contains(c.Message, tc.says) {
				t.Errorf("Ready: %+v", c)
			}
		})
	}
}

// Reports disagree on whether User.ReadBasic.All opens anything to an application.
func TestWhereUserReadBasicIsWorthNothing(t *testing.T) {
	o := newOneTenant(t, documented...)
	must(o.graph.SetAssumptions(emulator.Assumptions{emulator.ReadBasic: "nothing"}))
	must(o.reconcile())
	if c := o.ready(); c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonForbidden || !strings.Contains(c.Message, "grant it User.Read.All") {
		t.Errorf("Ready: %+v", c)
	}
	o.grant(append([]string{"User.Read.All"}, documented...)...)
	must(o.reconcile())
	if c := o.ready(); c.Status != metav1.ConditionTrue {
		t.Errorf("Ready: %+v", c)
	}
}

// No request leaves this machine: the proxy connects to nobody.
func TestTheEntraTenantNamesTheProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTPS_PROXY", "http://operator:hunter2@"+proxy.Listener.Addr().String())
	t.Setenv("NO_PROXY", "")
	o := newOneTenant(t)
	o.edit(func(s *v1alpha1.EntraTenantSpec) { s.Endpoint = nil })
	must(o.reconcile())
	c := o.ready()
	if c.Reason != v1alpha1.ReasonGraphUnavailable || strings.Contains(c.Message, "hunter2") ||
		!strings.Contains(c.Message, proxy.Listener.Addr().String()) || !strings.Contains(c.Message, "HTTP 407") {
		t.Errorf("Ready: %+v", c)
	}
}
