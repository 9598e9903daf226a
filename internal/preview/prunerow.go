package preview

import "github.com/entraops/phone-operator/api/v1alpha1"

// pruned says what becomes of a resource that is pruned. o is what the reconciler left of it; nil: it is gone.
func (v verdicts) pruned(before, o *method) Row {
	switch {
	case !before.DeletionTimestamp.IsZero():
		row := rowFor(before)
		row.Outcome, row.Reason, row.Message, row.Pruned = Waits, "Deleting", "The cluster is deleting it already.", true
		return row
	case o == nil:
		row := rowFor(before)
		row.Outcome, row.Action, row.Reason, row.Pruned = Unchanged, "LetGo", "Pruned", true
		row.Message = "It is pruned, and Graph stays as it is: " + staysBecause(before) + "."
		return row
	}
	row := v.rowOf(before, o)
	row.Pruned = true
	if row.Outcome == Unchanged && row.Action == "" { // suspended, which lets go
		row.Action, row.Reason, row.Message = "LetGo", "Pruned", "It is pruned, and Graph stays as it is: "+staysBecause(before)+"."
	}
	return row
}

func staysBecause(o *method) string {
	switch {
	case o.Spec.Suspend:
		return "spec.suspend is true"
	case o.Spec.DeletionPolicy == v1alpha1.DeletionOrphan:
		return "deletionPolicy is Orphan"
	case o.Status.ID == "":
		return "it holds no phone"
	}
	return "the phone is not its own any more, or another resource takes it over as it is"
}
