// Package index has the field indexes of the cache, by which the controllers find resources.
package index

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/user"
)

// The field indexes.
const (
	User   = "user"   // of PhoneAuthenticationMethods, by user.KeyOf
	Tenant = "tenant" // of PhoneAuthenticationMethods, by tenant name
	Secret = "secret" // of PhoneAuthenticationMethods and EntraTenants, by "namespace/name" of their Secret
)

// Everywhere are the indexes that are asked for all namespaces. The cache keeps them for that only: asked for one
// namespace, they find nothing.
var Everywhere = []string{User, Tenant, Secret}

// Add adds the indexes to a cache, before it is started.
func Add(ctx context.Context, indexer client.FieldIndexer) error {
	pam, tenant := &v1alpha1.PhoneAuthenticationMethod{}, &v1alpha1.EntraTenant{}
	for _, index := range []struct {
		of    client.Object
		name  string
		value client.IndexerFunc
	}{
		{pam, User, func(o client.Object) []string {
			return []string{user.KeyOf(o.(*v1alpha1.PhoneAuthenticationMethod)).String()}
		}},
		{pam, Tenant, func(o client.Object) []string {
			return []string{o.(*v1alpha1.PhoneAuthenticationMethod).Spec.TenantName()}
		}},
		{pam, Secret, func(o client.Object) []string {
			from := o.(*v1alpha1.PhoneAuthenticationMethod).Spec.PhoneNumberFrom
			if from == nil {
				return nil
			}
			return []string{o.GetNamespace() + "/" + from.SecretKeyRef.Name}
		}},
		{tenant, Secret, func(o client.Object) []string {
			ref := o.(*v1alpha1.EntraTenant).Spec.Credential.SecretReference()
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
