package preview

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/recording"
)

// verdicts are what the reconciler came to: the resources of the cluster in memory have it.
type verdicts struct {
	*cluster
	graphs   graphs
	recorded *recording.Recording // nil: the cluster and Graph were asked
}

// rowOf reads what the reconciler said of a resource. before is the resource as the cluster has it, nil for a new one.
func (v verdicts) rowOf(before, o *method) Row {
	row := rowFor(o)
	ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case o.Spec.Suspend:
		row.Outcome, row.Reason, row.Message = Unchanged, v1alpha1.ReasonSuspended, "spec.suspend is true: nothing is read or written for it."
		return row
	case v.graphs.unrecorded[row.Tenant] != "":
		row.Outcome, row.Reason, row.Message = Unknown, reasonUnrecorded, v.graphs.unrecorded[row.Tenant]
		return row
	case ready == nil || o.Status.ObservedGeneration != o.Generation:
		row.Outcome, row.Reason, row.Message = Unknown, v1alpha1.ReasonPending, "The operator's reconciler came to no verdict."
		return row
	}
	row.Reason, row.Message = ready.Reason, ready.Message
	var source client.ObjectKey
	sourceKey := ""
	if ref := o.Spec.PhoneNumberFrom; ref != nil {
		source, sourceKey = client.ObjectKey{Namespace: o.Namespace, Name: ref.SecretKeyRef.Name}, ref.SecretKeyRef.Key
	}
	switch {
	case ready.Reason == v1alpha1.ReasonReady:
		row.Outcome = Unchanged
		if before == nil || before.Status.ID == "" {
			row.Action, row.Message = "Adopt", "Graph has this phone already: it is adopted without a write."
		}
	case ready.Reason == v1alpha1.ReasonWouldChange:
		row.Outcome, row.Message = Change, conditions.Foreseen(ready.Message)
		row.Action = actionOf(row.Message)
	case ready.Reason == v1alpha1.ReasonNumberSourceNotFound && v.overlay.secrets[source].sealed:
		row.Outcome, row.Reason, row.Message = Unknown, reasonEncrypted, "Secret "+source.Name+", which has the number, is encrypted by SOPS: decrypt it first."
	case ready.Reason == v1alpha1.ReasonNumberSourceNotFound && v.recorded != nil && !v.recorded.HasKey(source, sourceKey):
		row.Outcome, row.Reason, row.Message = Unknown, reasonUnrecorded, "The recording does not have this key of Secret "+source.Name+", if there is one: make it again, with a resource that names it."
	case ready.Reason == v1alpha1.ReasonGraphUnavailable && v.recorded != nil:
		row.Outcome, row.Reason, row.Message = Unknown, reasonUnrecorded, "The recording does not have what Graph says of this user, if there is one: make it again, with this user."
	case ready.Reason == v1alpha1.ReasonNumberSourceNotFound && v.unreadable[source]:
		row.Outcome, row.Reason, row.Message = Unknown, reasonUnread, "You may not read Secret "+source.Name+", which has the number."
	case slices.Contains(undecided, ready.Reason):
		row.Outcome = Unknown
	case meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled):
		row.Outcome = Refused
	default:
		row.Outcome = Waits
	}
	return row
}
