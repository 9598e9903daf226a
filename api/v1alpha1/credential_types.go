package v1alpha1

// Credential is how the operator proves to Entra who it is.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
//
// +kubebuilder:validation:XValidation:rule="[has(self.workloadIdentity), has(self.managedIdentity), has(self.clientSecret), has(self.clientCertificate)].exists_one(set, set)",message="set exactly one of workloadIdentity, managedIdentity, clientSecret and clientCertificate"
type Credential struct {
	// workloadIdentity uses the service account token of the operator's pod, for which
	// the app registration has a federated credential. Written as {}.
	//
	// +optional
	WorkloadIdentity *WorkloadIdentityCredential `json:"workloadIdentity,omitempty"`

	// managedIdentity uses the identity that Azure gave the operator's machine: the
	// user-assigned one that clientID names, or without clientID the system-assigned
	// one. Written as {}.
	//
	// +optional
	ManagedIdentity *ManagedIdentityCredential `json:"managedIdentity,omitempty"`

	// clientSecret uses a secret of the app registration.
	//
	// +optional
	ClientSecret *ClientSecretCredential `json:"clientSecret,omitempty"`

	// clientCertificate uses a certificate of the app registration.
	//
	// +optional
	ClientCertificate *ClientCertificateCredential `json:"clientCertificate,omitempty"`
}

// WorkloadIdentityCredential has no settings: it is chosen by being there.
type WorkloadIdentityCredential struct{}

// ManagedIdentityCredential has no settings: it is chosen by being there.
type ManagedIdentityCredential struct{}

// ClientSecretCredential is a secret of the app registration.
type ClientSecretCredential struct {
	// secretRef names the key of a Secret that holds the client secret's value. A
	// changed value is picked up without a restart.
	//
	// +required
	SecretRef SecretReference `json:"secretRef"`
}

// ClientCertificateCredential is a certificate of the app registration.
type ClientCertificateCredential struct {
	// secretRef names the key of a Secret that holds the certificate and its private
	// key, as PEM or as PKCS#12 without a password. A changed value is picked up
	// without a restart.
	//
	// +required
	SecretRef SecretReference `json:"secretRef"`
}

// SecretReference names a key of a Secret in the operator's own namespace, or in another
// one that its flag --credential-namespaces names.
type SecretReference struct {
	// namespace is the Secret's namespace.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="write the name of a namespace: lower-case letters, digits and - with a letter or digit at both ends"
	Namespace string `json:"namespace"`

	// name is the Secret's name.
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$')",message="write the name of a Secret: lower-case letters, digits, - and . with a letter or digit at both ends"
	Name string `json:"name"`

	// key is the key in the Secret's data.
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9._-]+$')",message="write a key of the Secret's data: letters, digits, - _ and ."
	Key string `json:"key"`
}
