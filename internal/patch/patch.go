// Package patch has what all writes to the API server have in common: they fail where the object
// was changed by another client since it was read, and such a failure is told from others.
package patch

import (
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// FieldManager is the name under which the operator writes to the API server.
const FieldManager = "phone-operator"

// Optimistic is a merge patch from base that fails with a conflict where the object was changed
// since base was read (optimistic lock).
func Optimistic(base client.Object) client.Patch {
	return client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})
}

// OnlyConflicts reports whether every error joined in err is a conflict of the API server, or one
// that isOne knows as such.
func OnlyConflicts(err error, isOne func(error) bool) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(e error) bool { return !OnlyConflicts(e, isOne) })
	}
	return apierrors.IsConflict(err) || isOne != nil && isOne(err)
}
