package v1alpha1

// Cloud is one of Microsoft's clouds; each has its own hosts for Graph and for
// tokens. https://learn.microsoft.com/graph/deployments
//
// +kubebuilder:validation:Enum=Public;USGovernment;USGovernmentDoD;China
type Cloud string

// The clouds that have phone methods.
const (
	CloudPublic          Cloud = "Public"
	CloudUSGovernment    Cloud = "USGovernment"
	CloudUSGovernmentDoD Cloud = "USGovernmentDoD"
	CloudChina           Cloud = "China"
)

// GraphVersion is the version of the Graph API that is called.
//
// +kubebuilder:validation:Enum=v1.0;beta
type GraphVersion string

// The versions of Graph that have phone methods.
const (
	GraphV1   GraphVersion = "v1.0"
	GraphBeta GraphVersion = "beta"
)

// Endpoint names hosts to use in place of a cloud's, and whose certificates they have.
//
// +kubebuilder:validation:XValidation:rule="has(self.graph) || has(self.authority) || has(self.caBundle)",message="set graph, authority or caBundle; without any, leave endpoint out"
type Endpoint struct {
	// graph is the root of the Graph API, such as https://127.0.0.1:9443. Absent, it
	// is the public cloud's.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=272
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[[][0-9A-Fa-f:.]+])(:[1-9][0-9]{0,4})?$')",message="write https:// and a host, with a port if need be, such as https://127.0.0.1:9443; no user, path, query or closing slash"
	Graph string `json:"graph,omitempty"`

	// authority is the root of the token endpoint, such as https://127.0.0.1:9443.
	// Absent, it is the public cloud's.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=272
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[[][0-9A-Fa-f:.]+])(:[1-9][0-9]{0,4})?$')",message="write https:// and a host, with a port if need be, such as https://127.0.0.1:9443; no user, path, query or closing slash"
	Authority string `json:"authority,omitempty"`

	// caBundle is the PEM of certificate authorities, in base64, that are trusted for Graph
	// and the token endpoint beside the system's. Alone, without graph and authority, it is
	// for a cloud's own hosts behind a proxy that inspects TLS, in every cloud.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=131072
	// +kubebuilder:validation:XValidation:rule="string(self).contains('-----BEGIN CERTIFICATE-----')",message="write the base64 of one or more certificates in PEM form (base64 -w0 ca.crt)"
	CABundle []byte `json:"caBundle,omitempty"`
}
