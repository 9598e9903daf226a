package webhook

import (
	"fmt"
	"net/http"

	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// addRotator has the certificates made and renewed: the Secret filled, the CA put
// into the ValidatingWebhookConfiguration. Each replica does it; the API server
// lets one of them win. The kubelet brings the Secret to o.CertDir.
func addRotator(mgr ctrl.Manager, o Options) error {
	return rotator.AddRotator(newHost(mgr, o.Name), &rotator.CertRotator{
		SecretKey:      types.NamespacedName{Namespace: o.Namespace, Name: o.Name},
		CertDir:        o.CertDir,
		CAName:         "phone-operator-webhook-ca",
		CAOrganization: "phone-operator",
		DNSName:        fmt.Sprintf("%s.%s.svc", o.Name, o.Namespace),
		ControllerName: o.Name,
		Webhooks:       []rotator.WebhookInfo{{Name: o.Name, Type: rotator.Validating}},
		FieldOwner:     "phone-operator-webhook",
		IsReady:        make(chan struct{}), // closed by the rotator; we look at the files instead
	})
}

// host is the manager as the rotator gets to see it.
type host struct {
	manager.Manager
	config *rest.Config
}

func newHost(mgr ctrl.Manager, name string) host {
	config := rest.CopyConfig(mgr.GetConfig())
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return only{name, next} })
	return host{mgr, config}
}

// GetConfig returns the configuration of the rotator's own cache, which reads
// nothing but the objects of the one name.
func (h host) GetConfig() *rest.Config { return h.config }

// Add takes up a part of the rotator so that its end is not the manager's.
func (h host) Add(r manager.Runnable) error { return h.Manager.Add(contained{r, h.GetLogger()}) }

// only narrows every read to the objects of one name. The rotator's cache would
// otherwise hold all Secrets of the namespace and all webhook configurations of the
// cluster, and so need the right to list them; RBAC's resourceNames allow a list
// with this field selector.
type only struct {
	name string
	next http.RoundTripper
}

// RoundTrip sends a request of the rotator's cache: a list or a watch.
func (o only) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	query := r.URL.Query()
	query.Set("fieldSelector", "metadata.name="+o.name)
	r.URL.RawQuery = query.Encode()
	return o.next.RoundTrip(r)
}
