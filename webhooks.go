package main

import (
	"cmp"
	"context"
	"flag"

	ctrl "sigs.k8s.io/controller-runtime"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/entraops/phone-operator/internal/webhook"
)

// webhookFlags are the flags of the admission webhook.
type webhookFlags struct {
	enable    bool
	port      int
	certDir   string
	name      string
	namespace string
}

func (f *webhookFlags) bind(set *flag.FlagSet) {
	set.BoolVar(&f.enable, "enable-webhooks", false, "Serve the admission webhook, which says at apply what can be said then. Nothing depends on it.")
	set.IntVar(&f.port, "webhook-port", ctrlwebhook.DefaultPort, "Port of the admission webhook.")
	set.StringVar(&f.certDir, "webhook-cert-dir", "/tmp/k8s-webhook-server/serving-certs", "Directory of the webhook's tls.crt and tls.key. It is served as soon as they are there.")
	set.StringVar(&f.name, "webhook-name", "phone-operator-webhook", "Name of the webhook's Service, its ValidatingWebhookConfiguration and the Secret with its certificates, which the operator makes and renews; empty if something else does, such as cert-manager.")
	set.StringVar(&f.namespace, "webhook-namespace", "", "Namespace of the webhook's Service and Secret; empty is the pod's own.")
}

// server is what the webhook is served by; it starts when something is registered.
func (f *webhookFlags) server() ctrlwebhook.Server {
	return ctrlwebhook.NewServer(ctrlwebhook.Options{Port: f.port, CertDir: f.certDir})
}

// setup adds the webhook to the manager if it is asked for.
func (f *webhookFlags) setup(ctx context.Context, mgr ctrl.Manager) error {
	if !f.enable {
		return nil
	}
	return webhook.SetupWithManager(ctx, mgr, webhook.Options{Name: f.name, Namespace: f.ownNamespace(), CertDir: f.certDir})
}

// ownNamespace is where the webhook's Service and Secret are.
func (f *webhookFlags) ownNamespace() string {
	return cmp.Or(f.namespace, ownNamespace(serviceAccountNamespace))
}
