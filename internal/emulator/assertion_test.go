package emulator_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/entraops/phone-operator/internal/emulator"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	clusterIssuer = "https://cluster.example"
	subject       = "system:serviceaccount:phone-operator-system:manager"
	tokenPath     = "/" + tenantID + "/oauth2/v2.0/token"
)

// keyPair is a key, with a certificate for it and its public part in PEM. The certificate
// ends an hour after the test's clock begins.
func keyPair(t *testing.T, now time.Time) (key crypto.Signer, certificate, public string) {
	t.Helper()
	made, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an app"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, made.Public(), made)
	must(t, err)
	spki, err := x509.MarshalPKIXPublicKey(made.Public())
	must(t, err)
	return made, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
}

// asserting asks for a token with a signed assertion.
func (g *graph) asserting(said jwt.RegisteredClaims, key crypto.Signer) reply {
	g.t.Helper()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, said).SignedString(key)
	must(g.t, err)
	form := g.form()
	form.Del("client_secret")
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", signed)
	return g.post(tokenPath, form)
}

// What azidentity sends is tried in internal/tenant; this is what no library sends.
func TestWhichAssertionsAreRefused(t *testing.T) {
	g := start(t)
	key, certificate, public := keyPair(t, g.clock.Now())
	otherKey, _, _ := keyPair(t, g.clock.Now())
	soon, later := jwt.NewNumericDate(g.clock.Now().Add(10*time.Minute)), jwt.NewNumericDate(g.clock.Now().Add(2*time.Hour))
	own := jwt.RegisteredClaims{Issuer: clientID, Subject: clientID, Audience: jwt.ClaimStrings{g.server.URL + tokenPath}, ExpiresAt: soon}
	federated := jwt.RegisteredClaims{Issuer: clusterIssuer, Subject: subject, Audience: jwt.ClaimStrings{"api://AzureADTokenExchange"}, ExpiresAt: soon}
	withCertificate := emulator.App{ClientID: clientID, Certificate: certificate}
	withFederation := emulator.App{ClientID: clientID, Federated: []emulator.Federation{{Issuer: clusterIssuer, Subject: subject, PublicKey: public}}}
	for name, c := range map[string]struct {
		app    emulator.App
		said   jwt.RegisteredClaims
		change func(*jwt.RegisteredClaims)
		key    crypto.Signer
		after  time.Duration
		number string // "": a token
	}{
		"the app's own":            {app: withCertificate, said: own},
		"of an app without one":    {app: withFederation, said: own, number: "AADSTS700027"},
		"by another key":           {app: withCertificate, said: own, key: otherKey, number: "AADSTS700027"},
		"for another subject":      {app: withCertificate, said: own, change: func(r *jwt.RegisteredClaims) { r.Subject = bobID }, number: "AADSTS700021"},
		"for another authority":    {app: withCertificate, said: own, change: func(r *jwt.RegisteredClaims) { r.Audience[0] = "https://login.microsoftonline.com" + tokenPath }, number: "AADSTS700023"},
		"without an end":           {app: withCertificate, said: own, change: func(r *jwt.RegisteredClaims) { r.ExpiresAt = nil }, number: "AADSTS700024"},
		"from the future":          {app: withCertificate, said: own, change: func(r *jwt.RegisteredClaims) { r.NotBefore = soon }, number: "AADSTS700024"},
		"by a certificate too old": {app: withCertificate, said: own, change: func(r *jwt.RegisteredClaims) { r.ExpiresAt = later }, after: 61 * time.Minute, number: "AADSTS700024"},
		"a cluster's":              {app: withFederation, said: federated},
		"a cluster's, by another":  {app: withFederation, said: federated, key: otherKey, number: "AADSTS5000811"},
		"of an issuer unknown":     {app: withFederation, said: federated, change: func(r *jwt.RegisteredClaims) { r.Issuer = "https://other.example" }, number: "AADSTS700211"},
		"of an audience unknown":   {app: withFederation, said: federated, change: func(r *jwt.RegisteredClaims) { r.Audience[0] = "api" }, number: "AADSTS700212"},
		"of a subject unknown":     {app: withFederation, said: federated, change: func(r *jwt.RegisteredClaims) { r.Subject = "system:serviceaccount:a:b" }, number: "AADSTS700213"},
		"a cluster's, too old":     {app: withFederation, said: federated, after: 16 * time.Minute, number: "AADSTS700024"},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, g.AddApp(c.app))
			said := c.said
			said.Audience = append(jwt.ClaimStrings{}, said.Audience...)
			if c.change != nil {
				c.change(&said)
			}
			if c.key == nil {
				c.key = key
			}
			g.clock.advance(c.after)
			defer g.clock.advance(-c.after)
			r := g.asserting(said, c.key)
			if c.number == "" {
				r.wants(200, "")
			} else if r.status != 401 || !strings.Contains(r.body, c.number+":") {
				t.Errorf("want %s, got %d %s", c.number, r.status, r.body)
			}
		})
	}
}
