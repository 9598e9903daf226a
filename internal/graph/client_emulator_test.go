package graph_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
)

const (
	bobID     = "0f1c0000-0000-4000-8000-000000000002"
	appSecret = "a test secret"
)

var permissions = []string{
	"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "GroupMember.Read.All", "RoleManagement.Read.Directory",
}

// tenant is the emulator with one tenant and two users, and a client that signs in
// with a secret, all over TLS.
type tenant struct {
	*emulator.Emulator
	client *graph.Client
}

func emulated(t *testing.T, options ...option) *tenant {
	t.Helper()
	return emulatedAs(t, emulator.Options{Seed: 1, PageSize: 2}, options...)
}

func emulatedAs(t *testing.T, as emulator.Options, options ...option) *tenant {
	t.Helper()
	e := emulator.New(as)
	s, err := emulator.Serve(e, "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	must(t, e.AddTenant(emulator.Tenant{ID: tenantID, Domains: []string{"contoso.example"}}))
	must(t, e.AddApp(emulator.App{ClientID: clientID, Secret: appSecret, Roles: permissions}))
	must(t, e.AddUser(emulator.User{ID: adaID, UPN: "Ada@contoso.example", SMSSignIn: true}))
	must(t, e.AddUser(emulator.User{ID: bobID, UPN: "bob@contoso.example", SMSSignIn: true}))

	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.CAPEM)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	over := &http.Client{Transport: transport}
	credential, err := azidentity.NewClientSecretCredential(tenantID, clientID, appSecret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: policy.ClientOptions{
			Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: s.URL}, Transport: over,
		},
		DisableInstanceDiscovery: true,
	})
	must(t, err)
	return &tenant{e, newClient(t, append([]option{func(o *graph.Options) {
		o.Credential, o.Endpoint, o.Transport = credential, s.URL, over
	}}, options...)...)}
}

func version(v string) option { return func(o *graph.Options) { o.Version = v } }

// assuming runs a test against each Graph that there may be.
func assuming(t *testing.T, test func(*testing.T, emulator.Assumptions)) {
	t.Helper()
	for name, a := range emulator.Variants() {
		t.Run(name, func(t *testing.T) { test(t, a) })
	}
}

func (g *tenant) assume(t *testing.T, a emulator.Assumptions) *tenant {
	t.Helper()
	must(t, g.SetAssumptions(a))
	if a[emulator.ReadBasic] == "nothing" { // then the documents ask for more
		must(t, g.AddApp(emulator.App{ClientID: clientID, Secret: appSecret, Roles: append([]string{"User.Read.All"}, permissions...)}))
	}
	return g
}

func TestTheLifeOfAMethod(t *testing.T) {
	for _, v := range []string{"v1.0", "beta"} {
		assuming(t, func(t *testing.T, a emulator.Assumptions) {
			g := emulated(t, version(v)).assume(t, a)
			ctx := context.Background()

			ada, err := g.client.User(ctx, "ADA@contoso.example")
			must(t, err)
			if (ada != graph.User{ID: adaID, UserPrincipalName: "Ada@contoso.example"}) {
				t.Errorf("User() = %+v", ada)
			}
			g.holds(t)

			first := number(t, "+12065550100")
			created, err := g.client.CreatePhoneMethod(ctx, adaID, phone.Mobile, first)
			must(t, err)
			if created.ID != graph.MethodID(phone.Mobile) || created.Number.Compare(first) != phone.Equal {
				t.Errorf("created %+v", created)
			}
			office := number(t, "+1 2065550102x123")
			_, err = g.client.CreatePhoneMethod(ctx, adaID, phone.Office, office)
			must(t, err)
			_, err = g.client.CreatePhoneMethod(ctx, adaID, phone.AlternateMobile, number(t, "+442079460101"))
			must(t, err)
			g.holds(t, "mobile +1 2065550100 ready", "alternateMobile +44 2079460101 notSupported", "office +1 2065550102x123 notSupported")

			must(t, g.client.DisableSMSSignIn(ctx, adaID))
			g.holds(t, "mobile +1 2065550100 notEnabled", "alternateMobile +44 2079460101 notSupported", "office +1 2065550102x123 notSupported")
			must(t, g.client.EnableSMSSignIn(ctx, adaID))
			must(t, g.client.UpdatePhoneMethod(ctx, adaID, phone.Office, number(t, "+12065550103")))
			g.holds(t, "mobile +1 2065550100 ready", "alternateMobile +44 2079460101 notSupported", "office +1 2065550103 notSupported")

			for _, ty := range []phone.Type{phone.Office, phone.AlternateMobile, phone.Mobile} {
				must(t, g.client.DeletePhoneMethod(ctx, adaID, ty))
			}
			g.holds(t)
		})
	}
}

// holds compares what the client lists with the methods wanted, in any order.
func (g *tenant) holds(t *testing.T, want ...string) {
	t.Helper()
	listed, err := g.client.PhoneMethods(context.Background(), adaID)
	must(t, err)
	var got []string
	for _, m := range listed {
		n, ok := m.Number.Number()
		if !ok {
			t.Errorf("the number of %s cannot be read", m.Type)
		}
		if m.ID != graph.MethodID(m.Type) {
			t.Errorf("%s has the id %s", m.Type, m.ID)
		}
		got = append(got, string(m.Type)+" "+n.Graph()+" "+string(m.SMSSignInState))
	}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(a, b string) bool { return a < b }), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatGraphRefuses(t *testing.T) {
	ctx := context.Background()
	n := number(t, "+12065550100")
	for name, tc := range map[string]struct {
		do   func(*tenant) error
		want graph.Kind
	}{
		"a second mobile": {func(g *tenant) error {
			must(t, g.SetPhone(adaID, "mobile", "+1 2065550101"))
			_, err := g.client.CreatePhoneMethod(ctx, adaID, phone.Mobile, n)
			return err
		}, graph.Refused},
		"an alternate without a mobile": {func(g *tenant) error {
			_, err := g.client.CreatePhoneMethod(ctx, adaID, phone.AlternateMobile, n)
			return err
		}, graph.Refused},
		"the mobile goes before the alternate": {func(g *tenant) error {
			must(t, g.SetPhone(adaID, "mobile", "+1 2065550101"))
			must(t, g.SetPhone(adaID, "alternateMobile", "+1 2065550102"))
			return g.client.DeletePhoneMethod(ctx, adaID, phone.Mobile)
		}, graph.Refused},
		"a number that cannot be": {func(g *tenant) error {
			a := g.Assumptions()
			a[emulator.NumberPlan] = "valid"
			must(t, g.SetAssumptions(a))
			_, err := g.client.CreatePhoneMethod(ctx, adaID, phone.Mobile, number(t, "+1 0005550100"))
			return err
		}, graph.InvalidNumber},
		"a user who is gone": {func(g *tenant) error {
			must(t, g.RemoveUser(adaID))
			_, err := g.client.PhoneMethods(ctx, adaID)
			return err
		}, graph.NotFound},
		"a request below authentication too many": {func(g *tenant) error {
			g.SetThrottle(emulator.Throttle{Class: emulator.AuthenticationMethods, Requests: 1})
			_, err := g.client.PhoneMethods(ctx, adaID)
			must(t, err)
			_, err = g.client.PhoneMethods(ctx, adaID)
			return err
		}, graph.Throttled},
		"a method that is not there": {func(g *tenant) error { return g.client.DeletePhoneMethod(ctx, adaID, phone.Mobile) }, graph.NotFound},
		"a number another user signs in with": {func(g *tenant) error {
			_, err := g.client.CreatePhoneMethod(ctx, bobID, phone.Mobile, n)
			must(t, err)
			_, err = g.client.CreatePhoneMethod(ctx, adaID, phone.Mobile, n)
			return err
		}, graph.NumberNotUnique},
		"an app without permission": {func(g *tenant) error {
			must(t, g.AddApp(emulator.App{ClientID: clientID, Secret: appSecret, Roles: []string{"User.ReadBasic.All"}}))
			return g.client.UpdatePhoneMethod(ctx, adaID, phone.Mobile, n)
		}, graph.Forbidden},
		"a secret that was changed": {func(g *tenant) error {
			must(t, g.AddApp(emulator.App{ClientID: clientID, Secret: "another"}))
			return g.client.UpdatePhoneMethod(ctx, adaID, phone.Mobile, n)
		}, graph.CredentialFailed},
		"a request too many": {func(g *tenant) error {
			must(t, g.AddFault(emulator.Fault{Effect: emulator.Answer, Status: 429, Retry: "10", Path: "^/v1.0/"}))
			return g.client.UpdatePhoneMethod(ctx, adaID, phone.Mobile, n)
		}, graph.Throttled},
	} {
		t.Run(name, func(t *testing.T) {
			assuming(t, func(t *testing.T, a emulator.Assumptions) {
				if err := tc.do(emulated(t).assume(t, a)); graph.KindOf(err) != tc.want {
					t.Errorf("error = %v, want %s", err, tc.want)
				}
			})
		})
	}
}

// The work is done and the caller told otherwise: the error must leave it open, and
// reading must show it.
func TestAWriteWithoutAClearAnswerIsUnclear(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"the answer is cut off":   {Effect: emulator.Cut, AfterWork: true},
		"the answer breaks off":   {Effect: emulator.Half},
		"the answer is garbled":   {Effect: emulator.Garble},
		"the answer is an error":  {Effect: emulator.Answer, Status: 500, AfterWork: true},
		"the answer is a timeout": {Effect: emulator.Answer, Status: 504, AfterWork: true},
	} {
		t.Run(name, func(t *testing.T) {
			g := emulated(t)
			fault.Method, fault.Path, fault.Times = http.MethodPost, "phoneMethods$", 1
			must(t, g.AddFault(fault))
			_, err := g.client.CreatePhoneMethod(context.Background(), adaID, phone.Mobile, number(t, "+12065550100"))
			if graph.KindOf(err) != graph.Unclear {
				t.Errorf("error = %v", err)
			}
			if n := len(g.Writes()); n != 1 {
				t.Errorf("written %d times", n)
			}
			g.holds(t, "mobile +1 2065550100 ready")
		})
	}
}

func TestARevokedTokenIsReplaced(t *testing.T) {
	g := emulated(t)
	must(t, g.AddFault(emulator.Fault{Effect: emulator.ClaimsChallenge, Times: 1, Path: "phoneMethods"}))
	_, err := g.client.CreatePhoneMethod(context.Background(), adaID, phone.Mobile, number(t, "+12065550100"))
	must(t, err)
	g.holds(t, "mobile +1 2065550100 ready")
}

func TestMaskedNumbersDoNotTell(t *testing.T) {
	for _, glyph := range []string{"*", "X", "•", "#"} {
		g := emulated(t)
		must(t, g.SetPhone(adaID, "mobile", "+1 2065550100"))
		must(t, g.AddFault(emulator.Fault{Effect: emulator.Mask, Glyph: glyph}))
		got, err := g.client.PhoneMethods(context.Background(), adaID)
		must(t, err)
		if len(got) != 1 || got[0].Number.Compare(number(t, "+12065550100")) != phone.Unknown {
			t.Errorf("masked with %s: %+v", glyph, got)
		}
	}
}
