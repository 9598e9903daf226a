package tenant_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/throttle"
)

// FuzzConnect connects with any bytes for a credential and for a CA bundle. What
// cannot be used is an error that shows nothing of it.
func FuzzConnect(f *testing.F) {
	f.Add(false, []byte(secret), []byte(nil))
	f.Add(false, []byte(" \n"), []byte("-----BEGIN CERTIFICATE-----\n"))
	f.Add(true, []byte("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"), []byte(nil))
	f.Add(true, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte(secret)}), []byte("x"))
	f.Add(true, []byte("\x30\x82\x01\x00"), []byte("\xff"))
	f.Fuzz(func(t *testing.T, certificate bool, proof, bundle []byte) {
		spec := v1alpha1.EntraTenantSpec{
			TenantID: tenantID, ClientID: clientID,
			Endpoint: &v1alpha1.Endpoint{Graph: "https://graph.example", Authority: "https://login.example", CABundle: bundle},
		}
		if certificate {
			spec.Credential.ClientCertificate = &v1alpha1.ClientCertificateCredential{}
		} else {
			spec.Credential.ClientSecret = &v1alpha1.ClientSecretCredential{}
		}
		c, err := tenant.Connect(&spec, proof, throttle.New(time.Now, nil, ""), nil)
		if (c == nil) == (err == nil) {
			t.Fatalf("client %v, error %v", c, err)
		}
		if shown := strings.TrimSpace(string(proof)); err != nil && len(shown) > 12 && strings.Contains(err.Error(), shown) {
			t.Errorf("the error shows the credential: %v", err)
		}
	})
}

// FuzzRetryAfter lets Graph ask for any pause. The tenant pauses, and for no longer
// than anybody would wait.
func FuzzRetryAfter(f *testing.F) {
	var header string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := "https://" + r.Host + "/" + tenantID
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "openid-configuration"):
			_, _ = w.Write([]byte(`{"issuer":"` + base + `/v2.0","authorization_endpoint":"` + base + `/a","token_endpoint":"` + base + `/t"}`))
		case strings.HasSuffix(r.URL.Path, "/t"):
			_, _ = w.Write([]byte(`{"access_token":"a test token","token_type":"Bearer","expires_in":3600}`))
		default:
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	f.Cleanup(server.Close)
	spec := v1alpha1.EntraTenantSpec{
		TenantID: tenantID, ClientID: clientID,
		Credential: v1alpha1.Credential{ClientSecret: &v1alpha1.ClientSecretCredential{}},
		Endpoint: &v1alpha1.Endpoint{
			Graph: server.URL, Authority: server.URL,
			CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		},
	}
	now := time.Now()
	limits := throttle.New(func() time.Time { return now }, nil, "")
	client, err := tenant.Connect(&spec, []byte(secret), limits, nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "3", "-1", "0", "1.5", "99999999999", "9223372036854775807", "Wed, 02 Jan 2030 03:04:35 GMT",
		"Fri, 31 Dec 9999 23:59:59 GMT", "soon", "١٢"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		header = value
		if _, err := client.User(t.Context(), adaID); err == nil {
			t.Fatal("a 429 is a success")
		}
		wait := limits.Pause()
		if wait < 0 || wait > 25*time.Hour {
			t.Errorf("after %q the tenant waits for %v", value, wait)
		}
		now = now.Add(wait + 48*time.Hour) // the next value finds no pause
		if left := limits.Pause(); left > 0 {
			t.Fatalf("after %q it stays paused for %v", value, left)
		}
	})
}
