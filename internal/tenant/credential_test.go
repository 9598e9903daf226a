package tenant_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/golang-jwt/jwt/v5"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/version"
)

const (
	tenantID = "11111111-2222-3333-4444-555555555555"
	clientID = "66666666-7777-8888-9999-000000000000"
	adaID    = "0f1c0000-0000-4000-8000-000000000001"
	secret   = "a-Test~secret.of_no_use"
)

var everything = []string{"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All"}

// serve runs the emulator with one app, and says where it is.
func serve(t *testing.T, app emulator.App) tenant.Place {
	t.Helper()
	e := emulator.New(emulator.Options{})
	s, err := emulator.Serve(e, "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	must(t, e.AddTenant(emulator.Tenant{ID: tenantID}))
	app.ClientID, app.Roles = clientID, everything
	must(t, e.AddApp(app))
	must(t, e.AddUser(emulator.User{ID: adaID, UPN: "ada@contoso.example"}))
	return tenant.Place{Graph: s.URL, Authority: s.URL, CABundle: s.CAPEM}
}

// look signs in at the place and looks a user up.
func look(t *testing.T, p tenant.Place, proof tenant.Proof) error {
	t.Helper()
	c, err := p.Credential(tenant.Identity{TenantID: tenantID, ClientID: clientID, Proof: proof})
	must(t, err)
	o, err := p.GraphOptions(c)
	must(t, err)
	t.Cleanup(o.Transport.(*http.Client).CloseIdleConnections)
	client, err := graph.New(o)
	must(t, err)
	_, err = client.User(context.Background(), adaID)
	return err
}

func TestAClientSecretSignsIn(t *testing.T) {
	p := serve(t, emulator.App{Secret: secret})
	must(t, look(t, p, tenant.ClientSecret(secret)))
	must(t, look(t, p, tenant.ClientSecret(secret+"\n")))
	if err := look(t, p, tenant.ClientSecret("another")); graph.KindOf(err) != graph.CredentialFailed {
		t.Errorf("a wrong secret: %v", err)
	}
}

// Whoever reads the sign-in logs of Entra sees which version asked.
func TestEntraIsToldTheOperatorsVersion(t *testing.T) {
	var agents []string
	authority := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agents = append(agents, r.URL.Path+" "+r.UserAgent())
		http.NotFound(w, r)
	}))
	p := tenant.Place{Graph: authority.URL, Authority: authority.URL, CABundle: pem.EncodeToMemory(&pem.Block{
		Type: "CERTIFICATE", Bytes: authority.Certificate().Raw,
	})}
	c, err := p.Credential(tenant.Identity{TenantID: tenantID, ClientID: clientID, Proof: tenant.ClientSecret(secret)})
	must(t, err)
	if _, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{authority.URL + "/.default"}}); err == nil {
		t.Error("a token from nowhere")
	}
	authority.Close()
	if len(agents) == 0 {
		t.Error("nothing was asked")
	}
	for _, a := range agents {
		if _, agent, _ := strings.Cut(a, " "); !strings.HasPrefix(agent, version.UserAgent()+" azsdk-go-azidentity/") {
			t.Errorf("path and User-Agent: %s", a)
		}
	}
}

func TestAClientCertificateSignsIn(t *testing.T) {
	key, certificate := pair(t)
	p := serve(t, emulator.App{Certificate: string(certificate)})
	must(t, look(t, p, tenant.ClientCertificate(append(key, certificate...))))
	otherKey, other := pair(t)
	err := look(t, p, tenant.ClientCertificate(append(otherKey, other...)))
	if graph.KindOf(err) != graph.CredentialFailed {
		t.Errorf("a wrong certificate: %v", err)
	}
}

func TestAWorkloadIdentitySignsIn(t *testing.T) {
	const issuer, subject = "https://cluster.example", "system:serviceaccount:phone-operator-system:manager"
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	must(t, err)
	p := serve(t, emulator.App{Federated: []emulator.Federation{{
		Issuer: issuer, Subject: subject, PublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
	}}})
	token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer: issuer, Subject: subject, Audience: jwt.ClaimStrings{"api://AzureADTokenExchange"},
		IssuedAt: jwt.NewNumericDate(time.Now()), ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour)), ID: "1",
	}).SignedString(key)
	must(t, err)
	file := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(file, []byte(token), 0o600))
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", file)
	must(t, look(t, p, tenant.WorkloadIdentity()))
}

// The machine's service is the one of App Service, which is found by the environment.
func TestAManagedIdentitySignsIn(t *testing.T) {
	for name, id := range map[string]string{"the machine's own": "", "one of several": clientID} {
		t.Run(name, func(t *testing.T) {
			var asked string
			machine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = r.URL.Query().Get("client_id") + " " + r.URL.Query().Get("resource")
				w.Header().Set("Content-Type", "application/json")
				_, _ = fmt.Fprintf(w, `{"access_token":"a test token","expires_on":"%d","resource":"x","token_type":"Bearer"}`, time.Now().Add(time.Hour).Unix())
			}))
			t.Cleanup(machine.Close)
			t.Setenv("IDENTITY_ENDPOINT", machine.URL)
			t.Setenv("IDENTITY_HEADER", "a header")

			c, err := tenant.Place{}.Credential(tenant.Identity{TenantID: tenantID, ClientID: id, Proof: tenant.ManagedIdentity()})
			must(t, err)
			token, err := c.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
			must(t, err)
			if token.Token != "a test token" || asked != id+" https://graph.microsoft.com" {
				t.Errorf("asked for %q", asked)
			}
		})
	}
}

func TestCredentialSaysWhatIsWrong(t *testing.T) {
	key, certificate := pair(t)
	otherKey, _ := pair(t)
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", "")
	for name, tc := range map[string]struct {
		place tenant.Place
		id    tenant.Identity
		want  string
	}{
		"a tenant that is no GUID":     {id: tenant.Identity{TenantID: "contoso", ClientID: clientID, Proof: tenant.ClientSecret(secret)}, want: "tenant id"},
		"a tenant in braces":           {id: tenant.Identity{TenantID: "{" + tenantID + "}", ClientID: clientID, Proof: tenant.ClientSecret(secret)}, want: "tenant id"},
		"a client that is no GUID":     {id: tenant.Identity{TenantID: tenantID, ClientID: "app", Proof: tenant.ClientSecret(secret)}, want: "client id"},
		"no client":                    {id: tenant.Identity{TenantID: tenantID, Proof: tenant.ClientCertificate(key)}, want: "client id"},
		"a machine's client, no GUID":  {id: tenant.Identity{TenantID: tenantID, ClientID: "app", Proof: tenant.ManagedIdentity()}, want: "client id"},
		"no proof":                     {id: tenant.Identity{TenantID: tenantID, ClientID: clientID}, want: "choose"},
		"an empty secret":              {id: identity(tenant.ClientSecret(" \n")), want: "secret is empty"},
		"an empty certificate":         {id: identity(tenant.ClientCertificate(nil)), want: "certificate is empty"},
		"a certificate without key":    {id: identity(tenant.ClientCertificate(certificate)), want: "cannot be read"},
		"a key without certificate":    {id: identity(tenant.ClientCertificate(key)), want: "cannot be read"},
		"two keys":                     {id: identity(tenant.ClientCertificate(bytes.Join([][]byte{key, otherKey, certificate}, nil))), want: "cannot be read"},
		"no certificate at all":        {id: identity(tenant.ClientCertificate([]byte(secret))), want: "cannot be read"},
		"another's key":                {id: identity(tenant.ClientCertificate(append(otherKey, certificate...))), want: "belong together"},
		"an elliptic key":              {id: identity(tenant.ClientCertificate(elliptical(t))), want: "not RSA"},
		"a pod without token":          {id: identity(tenant.WorkloadIdentity()), want: "restart the pod"},
		"a cloud that is none":         {tenant.Place{Cloud: "Mars"}, identity(tenant.ClientSecret(secret)), "none of Public"},
		"an authority without https":   {tenant.Place{Authority: "http://login.example"}, identity(tenant.ClientSecret(secret)), "address of the authority"},
		"an authority with the tenant": {tenant.Place{Authority: "https://login.example/" + tenantID}, identity(tenant.ClientSecret(secret)), "address of the authority"},
		"an authority with a password": {tenant.Place{Authority: "https://a:" + secret + "@login.example"}, identity(tenant.ClientSecret(secret)), "address of the authority"},
		"a bundle that is none":        {tenant.Place{Authority: "https://login.example", CABundle: []byte(secret)}, identity(tenant.ClientSecret(secret)), "no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := tc.place.Credential(tc.id)
			if err == nil || c != nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error = %v, want one with %q", err, tc.want)
			}
			clean(t, "the error", err.Error())
		})
	}
}

// Secrets must show nowhere: not in print of what holds them, nor in errors of a
// sign-in whose server tells them back.
func TestNoSecretShows(t *testing.T) {
	key, certificate := pair(t)
	echo := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := "https://" + r.Host + "/" + tenantID
		if strings.HasSuffix(r.URL.Path, "openid-configuration") {
			_, _ = fmt.Fprintf(w, `{"issuer":"%s/v2.0","authorization_endpoint":"%s/a","token_endpoint":"%s/t"}`, base, base, base)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_ = r.ParseForm()
		_, _ = fmt.Fprintf(w, `{"error":%q,"error_description":%q}`, secret, fmt.Sprintf("AADSTS7000215: %s %s", r.PostForm, key))
	}))
	t.Cleanup(echo.Close)
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: echo.Certificate().Raw})
	place := tenant.Place{Graph: echo.URL, Authority: echo.URL, CABundle: bundle}

	for _, proof := range []tenant.Proof{tenant.ClientSecret(secret), tenant.ClientCertificate(append(key, certificate...))} {
		t.Run(proof.String(), func(t *testing.T) {
			err := look(t, place, proof)
			if graph.KindOf(err) != graph.CredentialFailed || !strings.Contains(err.Error(), "AADSTS7000215") {
				t.Errorf("error = %v", err)
			}
			i := identity(proof)
			for _, v := range []any{err, proof, &proof, i, &i, []any{i}, struct{ hidden tenant.Proof }{proof}} {
				clean(t, "print", fmt.Sprintf("%v %+v %#v %s %q %x %d", v, v, v, v, v, v, v))
				b, _ := json.Marshal(v)
				clean(t, "JSON", string(b))
			}
		})
	}
}

func identity(p tenant.Proof) tenant.Identity {
	return tenant.Identity{TenantID: tenantID, ClientID: clientID, Proof: p}
}

// clean finds the secret, and the beginning that every private key of these tests has.
func clean(t *testing.T, what, out string) {
	t.Helper()
	for _, s := range []string{secret, "PRIVATE KEY", "MII", fmt.Sprintf("%x", secret)} {
		if strings.Contains(out, s) {
			t.Errorf("%s shows %q: %.200s", what, s, out)
		}
	}
}

// pair makes a key and a certificate for it.
func pair(t *testing.T) (key, certificate []byte) {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), signed(t, &k.PublicKey, k)
}

func elliptical(t *testing.T) []byte {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	must(t, err)
	return append(signed(t, &k.PublicKey, k), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
}

func signed(t *testing.T, public, private any) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "phone-operator"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
