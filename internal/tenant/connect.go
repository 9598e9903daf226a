package tenant

import (
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

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
	o, err := optionsOf(spec, ProofOf(spec.Credential, secret), t, mayWrite)
	if err != nil {
		return nil, err
	}
	return graph.New(o)
}

// ConnectReadOnly makes such a client for whoever only looks: it sends no request that could change anything. It
// signs in with proof, whatever the EntraTenant's credential is. around wraps what sends the requests; nil: nothing does.
func ConnectReadOnly(spec *v1alpha1.EntraTenantSpec, proof Proof, t *throttle.Throttle, around func(policy.Transporter) policy.Transporter) (*graph.Client, error) {
	o, err := optionsOf(spec, proof, t, nil)
	if err != nil {
		return nil, err
	}
	if around != nil {
		o.Transport = around(o.Transport)
	}
	o.ReadOnly = true
	return graph.New(o)
}

// ConnectRecorded makes such a client for answers that were recorded: nothing is sent to the Graph that an EntraTenant
// describes, and nothing holds up what is asked.
func ConnectRecorded(spec *v1alpha1.EntraTenantSpec, credential azcore.TokenCredential, recorded policy.Transporter) (*graph.Client, error) {
	o, err := placeOf(spec, nil).GraphOptions(credential)
	if err != nil {
		return nil, err
	}
	o.Version, o.Transport, o.ReadOnly = string(spec.GraphVersionOrDefault()), recorded, true
	return graph.New(o)
}

func placeOf(spec *v1alpha1.EntraTenantSpec, mayWrite func() error) Place {
	place := Place{Cloud: Cloud(spec.CloudOrDefault()), MayWrite: mayWrite}
	if e := spec.Endpoint; e != nil {
		place.Graph, place.Authority, place.CABundle = e.Graph, e.Authority, e.CABundle
	}
	return place
}

func optionsOf(spec *v1alpha1.EntraTenantSpec, proof Proof, t *throttle.Throttle, mayWrite func() error) (graph.Options, error) {
	place := placeOf(spec, mayWrite)
	credential, err := place.Credential(Identity{TenantID: spec.TenantGUID(), ClientID: spec.ClientID, Proof: proof})
	if err != nil {
		return graph.Options{}, err
	}
	o, err := place.GraphOptions(credential)
	if err != nil {
		return graph.Options{}, err
	}
	o.Version = string(spec.GraphVersionOrDefault())
	t.SetCeilings(float64(spec.AuthenticationRequestsPerMinuteOrZero())/60, float64(spec.DirectoryRequestsPerSecondOrZero()))
	o.Throttle = t
	o.Measure, o.Trace = metrics.Policy(t.Tenant()), tracing.Policy()
	return o, nil
}

// ProofOf is the proof that an EntraTenant describes. secret is the value behind its secretRef, nil where there is none.
func ProofOf(c v1alpha1.Credential, secret []byte) Proof {
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
