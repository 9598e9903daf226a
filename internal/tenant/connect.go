package tenant

import (
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/time/rate"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
)

// Connect makes the Graph client that an EntraTenant describes. secret is the
// value behind the credential's secretRef, nil where there is none. Nothing is
// sent. An error says what to do and holds nothing of the secret.
func Connect(spec *v1alpha1.EntraTenantSpec, secret []byte) (*graph.Client, error) {
	place := Place{Cloud: Cloud(spec.CloudOrDefault())}
	if e := spec.Endpoint; e != nil {
		place.Graph, place.Authority, place.CABundle = e.Graph, e.Authority, e.CABundle
	}
	credential, err := place.Credential(Identity{
		TenantID: spec.TenantID, ClientID: spec.ClientID, Proof: proofOf(spec.Credential, secret),
	})
	if err != nil {
		return nil, err
	}
	o, err := place.GraphOptions(credential)
	if err != nil {
		return nil, err
	}
	o.Version = string(spec.GraphVersionOrDefault())
	if perSecond := spec.RequestsPerSecondOrZero(); perSecond > 0 {
		o.Transport = ceiling{next: o.Transport, limit: rate.NewLimiter(rate.Limit(perSecond), int(perSecond))}
	}
	return graph.New(o)
}

func proofOf(c v1alpha1.Credential, secret []byte) Proof {
	switch {
	case c.WorkloadIdentity != nil:
		return WorkloadIdentity()
	case c.ManagedIdentity != nil:
		return ManagedIdentity()
	case c.ClientSecret != nil:
		return ClientSecret(string(secret))
	case c.ClientCertificate != nil:
		return ClientCertificate(secret)
	}
	return Proof{}
}

// ceiling is spec.limits.requestsPerSecond. It holds a request back for
// fractions of a second; the waits that Graph asks for are the queue's.
type ceiling struct {
	next  policy.Transporter
	limit *rate.Limiter
}

func (c ceiling) Do(r *http.Request) (*http.Response, error) {
	if err := c.limit.WaitN(r.Context(), 1); err != nil {
		return nil, err
	}
	return c.next.Do(r)
}
