package auditlog

import (
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// tenantWorkers is how many logs are read at once: one whose Graph hangs holds no other up.
const tenantWorkers = 4

// SetupWithManager adds the controller.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("auditlog").
		For(&v1alpha1.EntraTenant{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, requestChanged()))).
		WithOptions(controller.Options{MaxConcurrentReconciles: tenantWorkers}).
		Complete(r)
}

// requestChanged passes updates in which a read is asked for by annotation.
func requestChanged() predicate.Funcs {
	request := v1alpha1.ReconcileRequestedAtAnnotation
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return e.ObjectOld.GetAnnotations()[request] != e.ObjectNew.GetAnnotations()[request]
		},
	}
}
