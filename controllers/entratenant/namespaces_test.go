package entratenant

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// watchedReader counts the Secrets that are read.
type watchedReader struct {
	client.Reader
	secrets *[]string
}

func (r watchedReader) Get(ctx context.Context, key client.ObjectKey, into client.Object, o ...client.GetOption) error {
	if _, ok := into.(*corev1.Secret); ok {
		*r.secrets = append(*r.secrets, key.String())
	}
	return r.Reader.Get(ctx, key, into, o...)
}

// Whoever writes an EntraTenant says where the credential is sent.
func TestACredentialOfAnotherNamespaceIsNotRead(t *testing.T) {
	other := v1alpha1.SecretReference{Namespace: "kube-system", Name: "cloud-admin", Key: "token"}
	for name, credential := range map[string]v1alpha1.Credential{
		"as a client secret":      {ClientSecret: &v1alpha1.ClientSecretCredential{SecretRef: other}},
		"as a client certificate": {ClientCertificate: &v1alpha1.ClientCertificateCredential{SecretRef: other}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOneTenant(t)
			must(o.Client.Create(t.Context(), &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: other.Namespace, Name: other.Name}, Data: map[string][]byte{other.Key: []byte("of-the-cluster")}}))
			var read []string
			o.Reader = watchedReader{o.Reader, &read}
			o.works()
			if len(read) == 0 {
				t.Fatal("the test does not see what is read")
			}
			read = nil
			before := len(o.graph.Requests())
			o.edit(func(s *v1alpha1.EntraTenantSpec) { s.Credential = credential })
			must(o.reconcile())
			c := o.ready()
			if c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonCredentialNamespaceNotAllowed ||
				!strings.Contains(c.Message, "keep the Secret in system or more") || !strings.Contains(c.Message, "--credential-namespaces=kube-system") {
				t.Errorf("it says %+v", c)
			}
			if len(read) != 0 || len(o.graph.Requests()) != before {
				t.Errorf("read %v, and %d requests", read, len(o.graph.Requests())-before)
			}
			if now, ok := o.Tenants.Get(tenantName); ok && now.Problem == nil {
				t.Error("users still find the tenant")
			}
		})
	}
}

func TestACredentialOfANamespaceThatTheFlagNamesIsTaken(t *testing.T) {
	o := newOneTenant(t)
	must(o.Client.Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "more", Name: "graph"}, Data: map[string][]byte{"clientSecret": []byte("s")}}))
	o.edit(func(s *v1alpha1.EntraTenantSpec) { s.Credential.ClientSecret.SecretRef.Namespace = "more" })
	o.works()
}
