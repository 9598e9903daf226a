package tenant

import (
	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/metrics"
	"github.com/entraops/phone-operator/internal/throttle"
	"github.com/entraops/phone-operator/internal/tracing"
)

// Connect makes the Graph client that an EntraTenant describes; its requests pass
// the throttle. secret is the value behind the credential's secretRef, nil where there
// is none. mayWrite is asked before each piece that is sent; nil: always. Nothing is sent. An error says what to do and
// holds nothing of the secret.
func Connect(spec *v1alpha1.EntraTenantSpec, secret []byte, t *throttle.Throttle, mayWrite func() error) (*graph.Client, error) {
	place := Place{Cloud: Cloud(spec.CloudOrDefault()), MayWrite: mayWrite}
	if e := spec.Endpoint; e != nil {
		place.Graph, place.Authority, place.CABundle = e.Graph, e.Authority, e.CABundle
	}
	credential, err := place.Credential(Identity{
		TenantID: spec.TenantGUID(), ClientID: spec.ClientID, Proof: proofOf(spec.Credential, secret),
	})
	if err != nil {
		return nil, err
	}
	o, err := place.GraphOptions(credential)
	if err != nil {
		return nil, err
	}
	o.Version = string(spec.GraphVersionOrDefault())
	t.SetCeilings(float64(spec.AuthenticationRequestsPerMinuteOrZero())/60, float64(spec.DirectoryRequestsPerSecondOrZero()))
	o.Throttle = t
	o.Measure, o.Trace = metrics.Policy(t.Tenant()), tracing.Policy()
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
