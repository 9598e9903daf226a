package graphsdk_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abs "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	khttp "github.com/microsoft/kiota-http-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	ktext "github.com/microsoft/kiota-serialization-text-go"
	graph "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go-core/authentication"

	"github.com/entraops/phone-operator/internal/emulator"
)

const (
	tenantID = "11111111-2222-3333-4444-555555555555"
	clientID = "66666666-7777-8888-9999-000000000000"
	adaID    = "0f1c0000-0000-4000-8000-000000000001"

	mobile    = "3179e48a-750b-4051-897c-87b9720928f7"
	alternate = "b6332ec1-7057-4abe-9331-3d72feddfe41"
)

// client is the library against an emulator. Only the addresses are other than usual.
type client struct {
	t       *testing.T
	graph   *emulator.Emulator
	adapter *graph.GraphRequestAdapterBase
}

func connect(t *testing.T) *client {
	t.Helper()
	e := emulator.New(emulator.Options{Seed: 1})
	server, err := emulator.Serve(e, "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	must(t, e.AddTenant(emulator.Tenant{ID: tenantID}))
	must(t, e.AddApp(emulator.App{ClientID: clientID, Secret: "a test secret", Roles: []string{"UserAuthMethod-Phone.ReadWrite.All"}}))
	must(t, e.AddUser(emulator.User{ID: adaID, UPN: "ada@contoso.example", SMSSignIn: true}))

	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(server.CAPEM)
	wire := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	t.Cleanup(wire.CloseIdleConnections)
	credential, err := azidentity.NewClientSecretCredential(tenantID, clientID, "a test secret", &azidentity.ClientSecretCredentialOptions{
		ClientOptions: policy.ClientOptions{
			Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: server.URL}, Transport: &http.Client{Transport: wire},
		},
		DisableInstanceDiscovery: true,
	})
	must(t, err)
	// The scope is what the library asks for when it is told none.
	provider, err := authentication.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(credential,
		[]string{"https://graph.microsoft.com/.default"}, []string{"127.0.0.1"})
	must(t, err)
	abs.RegisterDefaultSerializer(func() serialization.SerializationWriterFactory { return kjson.NewJsonSerializationWriterFactory() })
	abs.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return kjson.NewJsonParseNodeFactory() })
	abs.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return ktext.NewTextParseNodeFactory() })
	options := graph.GraphClientOptions{}
	adapter, err := graph.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(provider, options, nil, nil,
		&http.Client{Transport: khttp.NewCustomTransportWithParentTransport(wire, graph.GetDefaultMiddlewaresWithOptions(&options)...)})
	must(t, err)
	adapter.SetBaseUrl(server.URL + "/v1.0")
	return &client{t, e, adapter}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// request is what the generated builders make for a path below a user's phone methods.
func (c *client) request(method abs.HttpMethod, path string, body *phone) *abs.RequestInformation {
	c.t.Helper()
	r := abs.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(method,
		"{+baseurl}/users/{user%2Did}/authentication/phoneMethods"+path, map[string]string{"user%2Did": adaID, "baseurl": c.adapter.GetBaseUrl()})
	r.Headers.TryAdd("Accept", "application/json")
	if body != nil {
		must(c.t, r.SetContentFromParsable(c.t.Context(), c.adapter, "application/json", body))
	}
	return r
}

func (c *client) phones() []*phone {
	c.t.Helper()
	got, err := c.adapter.Send(c.t.Context(), c.request(abs.GET, "", nil), newList, failures)
	must(c.t, err)
	return got.(*list).value
}

func pointers(number, kind string) *phone { return &phone{number: &number, kind: &kind} }

func TestTheLibraryDoesAllItsPhoneCalls(t *testing.T) {
	c := connect(t)
	ctx := t.Context()
	if got := c.phones(); len(got) != 0 {
		t.Fatalf("a new user has %d phones", len(got))
	}
	created, err := c.adapter.Send(ctx, c.request(abs.POST, "", pointers("+1 2065550100", "mobile")), newPhone, failures)
	must(t, err)
	if p := created.(*phone); deref(p.id) != mobile || deref(p.number) != "+1 2065550100" || deref(p.state) != "ready" {
		t.Errorf("created %s %s %s", deref(p.id), deref(p.number), deref(p.state))
	}
	updated, err := c.adapter.Send(ctx, c.request(abs.PATCH, "/"+mobile, pointers("+1 2065550101", "mobile")), newPhone, failures)
	if err != nil || updated != nil {
		t.Errorf("update: %v, %v, want nothing", updated, err)
	}
	must(t, c.adapter.SendNoContent(ctx, c.request(abs.POST, "/"+mobile+"/disableSmsSignIn", nil), failures))
	got, err := c.adapter.Send(ctx, c.request(abs.GET, "/"+mobile, nil), newPhone, failures)
	must(t, err)
	if p := got.(*phone); deref(p.number) != "+1 2065550101" || deref(p.state) != "notEnabled" {
		t.Errorf("after update and disable: %s %s", deref(p.number), deref(p.state))
	}
	must(t, c.adapter.SendNoContent(ctx, c.request(abs.POST, "/"+mobile+"/enableSmsSignIn", nil), failures))
	count, err := c.adapter.SendPrimitive(ctx, c.request(abs.GET, "/$count", nil), "int32", failures)
	must(t, err)
	if n, ok := count.(*int32); !ok || *n != 1 {
		t.Errorf("count %v", count)
	}
	if got := c.phones(); len(got) != 1 || deref(got[0].state) != "ready" {
		t.Errorf("listed %d phones", len(got))
	}
	must(t, c.adapter.SendNoContent(ctx, c.request(abs.DELETE, "/"+mobile, nil), failures))
	if left := c.graph.Phones(adaID); len(left) != 0 {
		t.Errorf("%d phones are left", len(left))
	}
}

func TestTheLibraryReadsRefusals(t *testing.T) {
	c := connect(t)
	_, err := c.adapter.Send(t.Context(), c.request(abs.GET, "/"+mobile, nil), newPhone, failures)
	refused, ok := errors.AsType[*odataError](err)
	if !ok || refused.ResponseStatusCode != http.StatusNotFound || deref(refused.code) != "resourceNotFound" {
		t.Errorf("error %v", err)
	}
}

// The library waits as long as Retry-After says and asks again.
func TestTheLibraryWaitsWhenItIsToldTo(t *testing.T) {
	c := connect(t)
	must(t, c.graph.AddFault(emulator.Fault{Effect: emulator.Answer, Status: http.StatusTooManyRequests, Retry: "1", Times: 1, Path: "phoneMethods"}))
	c.phones()
	var statuses []int
	for _, r := range c.graph.Requests() {
		if r.User != "" || r.Fault != "" {
			statuses = append(statuses, r.Status)
		}
	}
	if len(statuses) != 2 || statuses[0] != http.StatusTooManyRequests || statuses[1] != http.StatusOK {
		t.Errorf("answered %v", statuses)
	}
}

func TestTheLibrarySendsABatchInSequence(t *testing.T) {
	c := connect(t)
	batch := graph.NewBatchRequest(c.adapter)
	first, err := batch.AddBatchRequestStep(*c.request(abs.POST, "", pointers("+1 2065550100", "mobile")))
	must(t, err)
	second, err := batch.AddBatchRequestStep(*c.request(abs.POST, "", pointers("+1 2065550101", "alternateMobile")))
	must(t, err)
	second.DependsOnItem(first)
	third, err := batch.AddBatchRequestStep(*c.request(abs.GET, "", nil))
	must(t, err)
	third.DependsOnItem(second)
	answers, err := batch.Send(t.Context(), c.adapter)
	must(t, err)
	if got := answers.GetStatusCodes(); len(got) != 3 || got[*first.GetId()] != 201 || got[*second.GetId()] != 201 || got[*third.GetId()] != 200 {
		t.Errorf("answers %v", got)
	}
	made, err := graph.GetBatchResponseById[*phone](answers, *second.GetId(), newPhone)
	if err != nil || deref(made.id) != alternate {
		t.Errorf("the second made %v, %v", made, err)
	}
}
