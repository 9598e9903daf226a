package controllers

import (
	"cmp"
	"context"
	"strings"

	"github.com/google/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// UserKey names one Entra user of one tenant: the unit of reconciliation.
// Tenant is the EntraTenant's name. User is the lower-case object id; where that
// is not known yet it is the lower-case user principal name, and such a key is
// only ever looked up and handed on under the object id.
type UserKey struct{ Tenant, User string }

// String is how the field index and the logs write a key.
func (k UserKey) String() string { return k.Tenant + "/" + k.User }

// bound says whether the key holds an object id, so that it can be worked on.
func (k UserKey) bound() bool { return isObjectID(k.User) }

func isObjectID(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil }

// keyOf returns the key that the resource itself tells: the object id it is
// bound to, which only the operator writes, else what its spec says.
func keyOf(pam *v1alpha1.PhoneAuthenticationMethod) UserKey {
	return UserKey{Tenant: pam.Spec.TenantName(), User: strings.ToLower(cmp.Or(pam.Status.UserID, pam.Spec.User))}
}

// The field indexes of the cache.
const (
	indexUser   = "user"   // of PhoneAuthenticationMethods, by keyOf
	indexTenant = "tenant" // of PhoneAuthenticationMethods, by tenant name
	indexSecret = "secret" // of PhoneAuthenticationMethods and EntraTenants, by "namespace/name" of their Secret
)

func addIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	pam, tenant := &v1alpha1.PhoneAuthenticationMethod{}, &v1alpha1.EntraTenant{}
	for _, index := range []struct {
		of    client.Object
		name  string
		value client.IndexerFunc
	}{
		{pam, indexUser, func(o client.Object) []string { return []string{keyOf(asPAM(o)).String()} }},
		{pam, indexTenant, func(o client.Object) []string { return []string{asPAM(o).Spec.TenantName()} }},
		{pam, indexSecret, func(o client.Object) []string {
			from := asPAM(o).Spec.PhoneNumberFrom
			if from == nil {
				return nil
			}
			return []string{o.GetNamespace() + "/" + from.SecretKeyRef.Name}
		}},
		{tenant, indexSecret, func(o client.Object) []string {
			ref := credentialSecret(&o.(*v1alpha1.EntraTenant).Spec)
			if ref == nil {
				return nil
			}
			return []string{ref.Namespace + "/" + ref.Name}
		}},
	} {
		if err := indexer.IndexField(ctx, index.of, index.name, index.value); err != nil {
			return err
		}
	}
	return nil
}

func asPAM(o client.Object) *v1alpha1.PhoneAuthenticationMethod {
	return o.(*v1alpha1.PhoneAuthenticationMethod)
}

// credentialSecret returns the reference of the tenant's credential Secret; nil
// for credentials that need none.
func credentialSecret(spec *v1alpha1.EntraTenantSpec) *v1alpha1.SecretReference {
	switch c := spec.Credential; {
	case c.ClientSecret != nil:
		return &c.ClientSecret.SecretRef
	case c.ClientCertificate != nil:
		return &c.ClientCertificate.SecretRef
	}
	return nil
}
