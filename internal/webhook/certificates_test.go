package webhook_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// trusted reports whether the API server can trust the webhook: whether each caBundle
// stands for the certificate that is served for the Service's name.
func (s *suite) trusted(t *testing.T) error {
	t.Helper()
	var c admissionregistrationv1.ValidatingWebhookConfiguration
	if err := s.admin.Get(t.Context(), client.ObjectKey{Name: name}, &c); err != nil {
		return err
	}
	for _, w := range c.Webhooks {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(w.ClientConfig.CABundle) {
			return fmt.Errorf("%s has no caBundle", w.Name)
		}
		conn, err := tls.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
			&tls.Config{RootCAs: pool, ServerName: name + "." + system + ".svc"})
		if err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
		_ = conn.Close()
	}
	return nil
}

// Whoever applies config/webhook from Git again takes no certificate away.
func TestManifestsCanBeAppliedAgain(t *testing.T) {
	s := start(t)
	s.eventually(t, "trust", func() error { return s.trusted(t) })
	secret := read[corev1.Secret](t, "webhook/secret.yaml")[0]
	configuration := read[admissionregistrationv1.ValidatingWebhookConfiguration](t, "webhook/manifests.yaml")[0]
	for i := range configuration.Webhooks {
		configuration.Webhooks[i].ClientConfig.Service.Port = new(int32(s.port))
	}
	for range 2 {
		for _, o := range []client.Object{secret, configuration} {
			manifest, err := json.Marshal(o)
			must(t, err)
			must(t, s.admin.Patch(t.Context(), o.DeepCopyObject().(client.Object), client.RawPatch(types.ApplyPatchType, manifest),
				client.FieldOwner("gitops"), client.ForceOwnership))
		}
	}
	if err := s.trusted(t); err != nil {
		t.Error(err)
	}
}

// A Secret that was emptied is filled again, with another CA.
func TestLostCertificatesAreMadeAnew(t *testing.T) {
	s := start(t)
	s.eventually(t, "trust", func() error { return s.trusted(t) })
	var before corev1.Secret
	must(t, s.admin.Get(t.Context(), client.ObjectKey{Namespace: system, Name: name}, &before))
	must(t, s.admin.Patch(t.Context(), before.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"data":null}`))))
	s.eventually(t, "another CA", func() error {
		var now corev1.Secret
		if err := s.admin.Get(t.Context(), client.ObjectKeyFromObject(&before), &now); err != nil {
			return err
		}
		if ca := string(now.Data["ca.crt"]); ca == "" || ca == string(before.Data["ca.crt"]) {
			return errors.New("not yet")
		}
		return nil
	})
	s.eventually(t, "trust in it", func() error { return s.trusted(t) })
	s.eventually(t, "the webhook answers again", func() error {
		o := pam("default", "again", "again@contoso.com")
		o.Spec.PhoneNumber = "+999 5550100"
		if _, err := s.try(t, o); !apierrors.IsInvalid(err) {
			return fmt.Errorf("the answer is %w", err)
		}
		return nil
	})
}
