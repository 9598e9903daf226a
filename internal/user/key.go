// Package user names the unit of reconciliation: one Entra user of one tenant.
package user

import (
	"cmp"
	"strings"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
)

// Key names one Entra user of one tenant.
type Key struct {
	// Tenant is the name of the EntraTenant.
	Tenant string
	// User is the lower-case object id; where that is not known yet it is the lower-case
	// user principal name, and such a key is only ever looked up and handed on under the
	// object id.
	User string
}

// KeyOf returns the key that the resource itself tells: the object id it is bound to,
// which only the operator writes, else what its spec says.
func KeyOf(o *v1alpha1.PhoneAuthenticationMethod) Key {
	return Key{Tenant: o.Spec.TenantName(), User: strings.ToLower(cmp.Or(o.Status.UserID, o.Spec.User))}
}

// String is how the field index and the logs write a key.
func (k Key) String() string { return k.Tenant + "/" + k.User }

// Bound reports whether the key holds an object id, so that it can be reconciled.
func (k Key) Bound() bool { return graph.IsGUID(k.User) }
