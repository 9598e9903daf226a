package install

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// ClientID is the operator's app registration in every emulator.
const ClientID = "66666666-7777-8888-9999-000000000000"

// Permissions are the application permissions that the README asks for.
var Permissions = []string{"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "GroupMember.Read.All", "RoleManagement.Read.Directory"}

// Tenant is what an EntraTenant is made of.
type Tenant struct {
	Name   string // also of the Secret, in the operator's namespace
	ID     string // of the Entra tenant
	Secret string // of the app registration
	Graph  Endpoint
	Access []v1alpha1.AccessRule
}

// CredentialKey is where the client secret is in the Secret.
const CredentialKey = "clientSecret"

// Declare creates a tenant's Secret and EntraTenant, whose spec is changed before.
func (c *Cluster) Declare(ctx context.Context, t Tenant, change ...func(*v1alpha1.EntraTenantSpec)) error {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: t.Name},
		StringData: map[string]string{CredentialKey: t.Secret},
	}
	o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: t.Name}, Spec: v1alpha1.EntraTenantSpec{
		TenantID: t.ID, ClientID: ClientID,
		Credential: v1alpha1.Credential{ClientSecret: &v1alpha1.ClientSecretCredential{
			SecretRef: v1alpha1.SecretReference{Namespace: Namespace, Name: t.Name, Key: CredentialKey}}},
		Endpoint: &v1alpha1.Endpoint{Graph: t.Graph.URL, Authority: t.Graph.URL, CABundle: t.Graph.CA},
		Access:   t.Access,
	}}
	for _, c := range change {
		c(&o.Spec)
	}
	if err := c.Create(ctx, secret); err != nil {
		return err
	}
	return c.Create(ctx, o)
}

// Access is a rule that lets a namespace manage the phones of the users whom patterns cover.
func Access(namespace string, patterns ...string) v1alpha1.AccessRule {
	return v1alpha1.AccessRule{
		Namespaces: metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}}, Users: patterns,
	}
}
