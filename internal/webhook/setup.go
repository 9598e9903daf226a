package webhook

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Options are what the webhook takes from the command line.
type Options struct {
	// Name is that of the Service, the Secret with the certificates and the
	// ValidatingWebhookConfiguration. Empty means that somebody else, such as
	// cert-manager, puts the certificate into CertDir and its CA into the configuration.
	Name string
	// Namespace is where the Service and the Secret are.
	Namespace string
	// CertDir is the directory of tls.crt and tls.key, the same as the webhook server's.
	CertDir string
}

// SetupWithManager adds the webhook of both kinds and, with a name, the care for its
// certificates. It is served as soon as there is a certificate, by every replica.
func SetupWithManager(ctx context.Context, mgr ctrl.Manager, o Options) error {
	err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.PhoneAuthenticationMethod{}, indexClaim, func(o client.Object) []string {
		return claims(o.(*v1alpha1.PhoneAuthenticationMethod))
	})
	if err != nil {
		return fmt.Errorf("index the claims: %w", err)
	}
	if o.Name != "" {
		if err := addRotator(mgr, o); err != nil {
			return fmt.Errorf("add the certificate rotator: %w", err)
		}
	}
	return mgr.Add(&opening{mgr, o.CertDir})
}

// opening starts the webhook server once there is a certificate to serve with; the
// server would otherwise fail and end the manager.
type opening struct {
	mgr     ctrl.Manager
	certDir string
}

// NeedLeaderElection says that each replica serves.
func (*opening) NeedLeaderElection() bool { return false }

// Start waits for the certificate and registers the webhooks.
func (w *opening) Start(ctx context.Context) error {
	err := wait.PollUntilContextCancel(ctx, time.Second, true, func(context.Context) (bool, error) {
		_, err := tls.LoadX509KeyPair(filepath.Join(w.certDir, "tls.crt"), filepath.Join(w.certDir, "tls.key"))
		return err == nil, nil
	})
	if err != nil {
		return nil // the manager ends
	}
	serve(w.mgr, "/validate-identity-entraops-dev-v1alpha1-phoneauthenticationmethod", handlerOfMethods(w.mgr.GetScheme(), w.mgr.GetClient()))
	serve(w.mgr, "/validate-identity-entraops-dev-v1alpha1-entratenant", handlerOfTenants(w.mgr.GetScheme(), w.mgr.GetClient()))
	return nil
}

func serve(mgr ctrl.Manager, path string, h admission.Handler) {
	mgr.GetWebhookServer().Register(path, &admission.Webhook{Handler: h})
}

func handlerOfMethods(scheme *runtime.Scheme, r client.Reader) admission.Handler {
	return comfort{admission.WithValidator(scheme, methods{r})}
}

func handlerOfTenants(scheme *runtime.Scheme, r client.Reader) admission.Handler {
	return comfort{admission.WithValidator(scheme, tenants{r})}
}
