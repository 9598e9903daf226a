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

	// CreatingAnnotation is the operator's own: for whom (the object id) and what (the
	// masked number, after a space) it is about to create. It is written with the
	// finalizer, before the create, so that an operator that was killed before it could
	// record the outcome knows its own method when it finds it, and its user by whatever
	// name. " until " and a time after it say by when earlier creates have landed whose
	// end nobody heard; until then a resource that leaves is not let go. It means nothing
	// else once status.id is set, and goes when Graph shows that the create was not done.
	// Users leave it alone.
	CreatingAnnotation = "identity.entraops.dev/creating"

	// DefaultTenantName is the EntraTenant of a method that names none.
	DefaultTenantName = "default"
)
