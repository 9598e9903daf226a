package controllers

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/user"
)

// The field indexes of the cache.
const (
	indexUser   = "user"   // of PhoneAuthenticationMethods, by user.KeyOf
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
		{pam, indexUser, func(o client.Object) []string { return []string{user.KeyOf(asPAM(o)).String()} }},
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
