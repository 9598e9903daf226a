package tenant_test

import (
	"encoding/pem"
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
