package emulator_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/entraops/phone-operator/internal/emulator"
)

const (
	tenantID = "11111111-2222-3333-4444-555555555555"
	clientID = "66666666-7777-8888-9999-000000000000"
	secret   = "a test secret"
	adaID    = "0f1c0000-0000-4000-8000-000000000001"
	adaUPN   = "ada@contoso.example"
	bobID    = "0f1c0000-0000-4000-8000-000000000002"
	guestID  = "0f1c0000-0000-4000-8000-000000000003"
	guestUPN = "eve_fabrikam.example#EXT#@contoso.example"

	mobileID    = "3179e48a-750b-4051-897c-87b9720928f7"
	alternateID = "b6332ec1-7057-4abe-9331-3d72feddfe41"
	officeID    = "e37fc753-ff3b-4958-9484-eaa9425c82bc"
)

var everyPermission = []string{
	"UserAuthMethod-Phone.ReadWrite.All", "UserAuthenticationMethod.Read.All", "User.Read.All", "RoleManagement.Read.Directory",
}

// clock is a time that moves only when a test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// graph is an emulator on a port with a plain HTTP client beside it.
type graph struct {
	t testing.TB
	*emulator.Emulator
	server *emulator.Server
	client *http.Client
	clock  *clock
	token  string
}

type option func(*emulator.Options)

// start runs a Graph with one tenant, one app with every permission, and three users.
func start(t testing.TB, options ...option) *graph {
	t.Helper()
	c := &clock{now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	o := emulator.Options{Now: c.Now, Seed: 1}
	for _, set := range options {
		set(&o)
	}
	g := &graph{t: t, Emulator: emulator.New(o), clock: c}
	must(t, g.AddTenant(emulator.Tenant{ID: tenantID, Domains: []string{"contoso.example"}}))
	g.allow(everyPermission...)
	must(t, g.AddUser(emulator.User{ID: adaID, UPN: adaUPN}))
	must(t, g.AddUser(emulator.User{ID: bobID, UPN: "bob@contoso.example"}))
	must(t, g.AddUser(emulator.User{ID: guestID, UPN: guestUPN}))

	server, err := emulator.Serve(g.Emulator, "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	g.server = server
	g.client = &http.Client{Transport: newChecking(t, server.URL, trusting(t, server)), Timeout: time.Minute}
	g.token = g.signIn()
	return g
}

// unchecked leaves out the check against Microsoft's description, for answers that
// a fault has spoilt.
func (g *graph) unchecked() *graph {
	g.client.Transport = g.client.Transport.(*checking).next
	return g
}

func trusting(t testing.TB, s *emulator.Server) *http.Transport {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CAPEM) {
		t.Fatal("the CA is not PEM")
	}
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func allowSMS(u *emulator.User) { u.SMSSignIn = true }

// allow registers the app with these permissions; a new token shows them.
func (g *graph) allow(roles ...string) {
	g.t.Helper()
	must(g.t, g.AddApp(emulator.App{ClientID: clientID, Secret: secret, Roles: roles}))
	if g.server != nil {
		g.token = g.signIn()
	}
}

func (g *graph) signIn() string {
	g.t.Helper()
	r := g.post("/"+tenantID+"/oauth2/v2.0/token", g.form())
	token, ok := r.json()["access_token"].(string)
	if !ok {
		g.t.Fatalf("no token: %d %s", r.status, r.body)
	}
	return token
}

func (g *graph) form() url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {secret}, "scope": {g.server.URL + "/.default"}}
}

// post sends a form without a token.
func (g *graph) post(path string, form url.Values) reply {
	g.t.Helper()
	return g.send(request{method: "POST", path: path, body: form.Encode(), anonymous: true, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
}

type request struct {
	method, path, body string
	header             map[string]string
	anonymous          bool
}

type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

func (r reply) json() map[string]any {
	r.t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(r.body), &object); err != nil {
		r.t.Fatalf("answer is not JSON: %v: %s", err, r.body)
	}
	return object
}

// code is the code of Graph's error envelope.
func (r reply) code() string {
	r.t.Helper()
	inner, _ := r.json()["error"].(map[string]any)
	code, _ := inner["code"].(string)
	return code
}

func (g *graph) try(q request) (reply, error) {
	r, err := http.NewRequestWithContext(context.Background(), q.method, g.server.URL+q.path, bytes.NewReader([]byte(q.body)))
	if err != nil {
		return reply{}, err
	}
	if q.body == "" {
		r.Body = http.NoBody
	}
	if !q.anonymous {
		r.Header.Set("Authorization", "Bearer "+g.token)
	}
	if q.body != "" && !q.anonymous {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("client-request-id", uuid.NewString())
	for name, value := range q.header {
		if value == "" {
			r.Header.Del(name)
			continue
		}
		r.Header.Set(name, value)
	}
	answer, err := g.client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return reply{t: g.t, status: answer.StatusCode, header: answer.Header, body: string(body)}, err
}

func (g *graph) send(q request) reply {
	g.t.Helper()
	r, err := g.try(q)
	must(g.t, err)
	return r
}

func (g *graph) do(method, path, body string) reply {
	g.t.Helper()
	return g.send(request{method: method, path: path, body: body})
}

// phones is the path of a user's phone methods.
func phones(user string, more ...string) string {
	return "/v1.0/users/" + user + "/authentication/phoneMethods" + strings.Join(more, "")
}

func phoneJSON(number, phoneType string) string {
	b, err := json.Marshal(map[string]string{"phoneNumber": number, "phoneType": phoneType})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// wants checks a reply's status and, for errors, its code.
func (r reply) wants(status int, code string) {
	r.t.Helper()
	if r.status != status {
		r.t.Errorf("status %d, want %d: %s", r.status, status, r.body)
		return
	}
	if code != "" && r.code() != code {
		r.t.Errorf("code %q, want %q", r.code(), code)
	}
}
