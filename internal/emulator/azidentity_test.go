package emulator_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/golang-jwt/jwt/v5"

	"github.com/entraops/phone-operator/internal/emulator"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	clusterIssuer = "https://cluster.example"
	subject       = "system:serviceaccount:phone-operator-system:manager"
)

// azidentity signs assertions by the machine's clock.
func realTime(o *emulator.Options) { o.Now = time.Now }

// authority points azidentity at the emulator.
func (g *graph) authority() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: g.server.URL},
		Transport: &http.Client{Transport: trusting(g.t, g.server)},
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
}

func (g *graph) getToken(credential azcore.TokenCredential) error {
	token, err := credential.GetToken(context.Background(), policy.TokenRequestOptions{
		Scopes: []string{g.server.URL + "/.default"}, EnableCAE: true,
	})
	g.token = token.Token
	return err
}

// accepts checks that a credential gets a token with which Graph answers.
func (g *graph) accepts(credential azcore.TokenCredential) {
	g.t.Helper()
	must(g.t, g.getToken(credential))
	g.do("GET", phones(adaID), "").wants(200, "")
}

// refuses checks that a credential is refused with an AADSTS number.
func (g *graph) refuses(credential azcore.TokenCredential, number string) {
	g.t.Helper()
	if err := g.getToken(credential); err == nil || !strings.Contains(err.Error(), number+":") {
		g.t.Errorf("error %v, want %s", err, number)
	}
}

func (g *graph) withSecret(tenant, secret string) azcore.TokenCredential {
	g.t.Helper()
	credential, err := azidentity.NewClientSecretCredential(tenant, clientID, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: g.authority(), DisableInstanceDiscovery: true,
	})
	must(g.t, err)
	return credential
}

func TestAzidentityWithAClientSecret(t *testing.T) {
	g := start(t)
	g.accepts(g.withSecret(tenantID, secret))
	g.accepts(g.withSecret("contoso.example", secret))
	g.refuses(g.withSecret(tenantID, "wrong"), "AADSTS7000215")
	g.refuses(g.withSecret(bobID, secret), "AADSTS90002")
	must(t, g.RemoveApp(tenantID, clientID))
	g.refuses(g.withSecret(tenantID, secret), "AADSTS700016")
}

func TestAzcoreAnswersAClaimsChallenge(t *testing.T) {
	g := start(t)
	options := g.authority()
	pipeline := runtime.NewPipeline("test", "v0", runtime.PipelineOptions{PerRetry: []policy.Policy{
		runtime.NewBearerTokenPolicy(g.withSecret(tenantID, secret), []string{g.server.URL + "/.default"}, nil),
	}}, &options)
	g.ResetRequests()
	g.fault(emulator.Fault{Path: "phoneMethods", Times: 1, Effect: emulator.ClaimsChallenge})
	request, err := runtime.NewRequest(context.Background(), http.MethodGet, g.server.URL+phones(adaID))
	must(t, err)
	answer, err := pipeline.Do(request)
	must(t, err)
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Errorf("status %d", answer.StatusCode)
	}
	var claims []string
	for _, r := range g.Requests() {
		if form, err := url.ParseQuery(r.Body); err == nil && form.Has("claims") {
			claims = append(claims, form.Get("claims"))
		}
	}
	if len(claims) != 2 || strings.Contains(claims[0], "nbf") || !strings.Contains(claims[1], "nbf") {
		t.Errorf("claims of the token requests: %v", claims)
	}
}

// keyPair is a certificate and its key.
func keyPair(t *testing.T) (*x509.Certificate, crypto.Signer, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an app"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	certificate, err := x509.ParseCertificate(der)
	must(t, err)
	return certificate, key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestAzidentityWithACertificate(t *testing.T) {
	g := start(t, realTime)
	with := func(certificate *x509.Certificate, key crypto.Signer) azcore.TokenCredential {
		t.Helper()
		credential, err := azidentity.NewClientCertificateCredential(tenantID, clientID, []*x509.Certificate{certificate}, key, &azidentity.ClientCertificateCredentialOptions{
			ClientOptions: g.authority(), DisableInstanceDiscovery: true,
		})
		must(t, err)
		return credential
	}
	certificate, key, asPEM := keyPair(t)
	g.refuses(with(certificate, key), "AADSTS700027")
	must(t, g.AddApp(emulator.App{ClientID: clientID, Certificate: asPEM, Roles: everyPermission}))
	g.accepts(with(certificate, key))
	otherCertificate, otherKey, _ := keyPair(t)
	g.refuses(with(otherCertificate, otherKey), "AADSTS700027")
}

// issue makes a token as a cluster does for a service account.
func issue(t *testing.T, key crypto.Signer, change func(*jwt.RegisteredClaims)) string {
	t.Helper()
	now := time.Now()
	said := jwt.RegisteredClaims{
		Issuer: clusterIssuer, Subject: subject, Audience: jwt.ClaimStrings{"api://AzureADTokenExchange"},
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(time.Hour)),
	}
	if change != nil {
		change(&said)
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, said).SignedString(key)
	must(t, err)
	return signed
}

func TestAzidentityWithWorkloadIdentity(t *testing.T) {
	g := start(t, realTime)
	_, key, _ := keyPair(t)
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	must(t, err)
	must(t, g.AddApp(emulator.App{ClientID: clientID, Roles: everyPermission, Federated: []emulator.Federation{{
		Issuer: clusterIssuer, Subject: subject, PublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	}}}))
	with := func(token string) azcore.TokenCredential {
		t.Helper()
		file := filepath.Join(t.TempDir(), "token")
		must(t, os.WriteFile(file, []byte(token), 0o600))
		credential, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: g.authority(), DisableInstanceDiscovery: true, ClientID: clientID, TenantID: tenantID, TokenFilePath: file,
		})
		must(t, err)
		return credential
	}
	g.accepts(with(issue(t, key, nil)))
	_, otherKey, _ := keyPair(t)
	for number, token := range map[string]string{
		"AADSTS5000811": issue(t, otherKey, nil),
		"AADSTS700211":  issue(t, key, func(r *jwt.RegisteredClaims) { r.Issuer = "https://other.example" }),
		"AADSTS700212":  issue(t, key, func(r *jwt.RegisteredClaims) { r.Audience = jwt.ClaimStrings{"api"} }),
		"AADSTS700213":  issue(t, key, func(r *jwt.RegisteredClaims) { r.Subject = "system:serviceaccount:a:b" }),
		"AADSTS700024": issue(t, key, func(r *jwt.RegisteredClaims) {
			r.ExpiresAt = jwt.NewNumericDate(time.Now().Add(-time.Hour))
		}),
	} {
		g.refuses(with(token), number)
	}
}

func TestACertificatesAssertionIsForThisAuthorityAndNow(t *testing.T) {
	g := start(t, realTime)
	_, key, asPEM := keyPair(t)
	must(t, g.AddApp(emulator.App{ClientID: clientID, Certificate: asPEM}))
	endpoint := "/" + tenantID + "/oauth2/v2.0/token"
	for number, change := range map[string]func(*jwt.RegisteredClaims){
		"":             func(*jwt.RegisteredClaims) {},
		"AADSTS700021": func(r *jwt.RegisteredClaims) { r.Subject = bobID },
		"AADSTS700023": func(r *jwt.RegisteredClaims) {
			r.Audience = jwt.ClaimStrings{"https://login.microsoftonline.com" + endpoint}
		},
		"AADSTS700024": func(r *jwt.RegisteredClaims) { r.ExpiresAt = nil },
	} {
		form := g.form()
		form.Del("client_secret")
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", issue(t, key, func(r *jwt.RegisteredClaims) {
			r.Issuer, r.Subject, r.Audience = clientID, clientID, jwt.ClaimStrings{g.server.URL + endpoint}
			change(r)
		}))
		r := g.post(endpoint, form)
		if number == "" {
			r.wants(200, "")
		} else if r.status != 401 || !strings.Contains(r.body, number+":") {
			t.Errorf("want %s, got %d %s", number, r.status, r.body)
		}
	}
}
