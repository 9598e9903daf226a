package v1alpha1

const (
	// Finalizer holds a resource until what it owns in Graph is deleted, handed on
	// or let go. It is set before the first write to Graph. An EntraTenant carries
	// it while methods use it.
	Finalizer = "identity.entraops.dev/finalizer"

	// ReconcileRequestedAtAnnotation asks for a reconcile now. Its value is free (a
	// timestamp by habit): each new value is one request, and the last one served is
	// shown in status.lastHandledRequest. Of a value of more than 256 bytes that shows
	// the beginning and a digest.
	ReconcileRequestedAtAnnotation = "identity.entraops.dev/reconcile-requested-at"

	// UserAnnotation names, on a Secret, the users whose numbers its values may be used
	// for: object ids or user principal names in any case, separated by commas or white
	// space. A label of the same name may hold one object id. Access rules with
	// numberSource SecretForUser want it.
	UserAnnotation = "identity.entraops.dev/user"

	// DefaultTenantName is the EntraTenant of a method that names none.
	DefaultTenantName = "default"
)
