package v1alpha1

const (
	// Finalizer holds a resource until what it owns in Graph is deleted, handed on
	// or let go. It is set before the first write to Graph. An EntraTenant carries
	// it while methods use it.
	Finalizer = "identity.entraops.dev/finalizer"

	// ReconcileRequestedAtAnnotation asks for a reconcile now. Its value is free (a
	// timestamp by habit): each new value is one request, and the last one served is
	// shown in status.lastHandledRequest.
	ReconcileRequestedAtAnnotation = "identity.entraops.dev/reconcile-requested-at"

	// CreatingAnnotation is the operator's own: the masked number of a create that
	// was started in Graph and whose end is not yet recorded in status. It is written
	// before the create and taken off with the status write that follows it, so that
	// an operator that was killed between the two knows its own method when it finds
	// it, and does not take it for a foreign one. Users leave it alone.
	CreatingAnnotation = "identity.entraops.dev/creating"

	// DefaultTenantName is the EntraTenant of a method that names none.
	DefaultTenantName = "default"
)
