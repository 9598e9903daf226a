// Package index has the field indexes of the cache, by which the controllers find resources.
package index

import (
	"context"
	"hash/fnv"
	"strconv"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/user"
)

// The field indexes.
const (
	User   = "user"   // of PhoneAuthenticationMethods, by user.KeyOf
	Tenant = "tenant" // of PhoneAuthenticationMethods, in parts: see EachOfTenant
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
		{pam, Tenant, PartOfTenant},
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

// parts is how many parts the resources of a tenant are listed in.
const parts = 16

// EachOfTenant calls f with each resource of a tenant in the cache, not to be changed, and not kept. A list is a copy
// of all that it has, though of nothing that that refers to: of 100,000 resources 54 MB, so they are listed in parts.
// An error is the cache's.
func EachOfTenant(ctx context.Context, cached client.Reader, name string, f func(*v1alpha1.PhoneAuthenticationMethod)) error {
	for part := range parts {
		var some v1alpha1.PhoneAuthenticationMethodList
		if err := cached.List(ctx, &some, client.MatchingFields{Tenant: partOf(name, part)}, client.UnsafeDisableDeepCopy); err != nil {
			return err
		}
		for i := range some.Items {
			f(&some.Items[i])
		}
	}
	return nil
}

// PartOfTenant is the value of a resource in the index Tenant.
func PartOfTenant(o client.Object) []string {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(o.GetName())) // it does not fail
	return []string{partOf(o.(*v1alpha1.PhoneAuthenticationMethod).Spec.TenantName(), int(sum.Sum32()%parts))}
}

func partOf(tenant string, part int) string { return tenant + "/" + strconv.Itoa(part) }
