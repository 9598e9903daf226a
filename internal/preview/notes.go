package preview

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// notes say what the rows do not. told is what the stages told.
func (v verdicts) notes(told []string) []string {
	notes := slices.Compact(slices.Sorted(slices.Values(told)))
	if v.recorded != nil {
		notes = append([]string{fmt.Sprintf("planned against what %s recorded at %s: what changed since is not seen, and neither admission policies nor webhooks of the cluster were asked",
			v.recorded.By, v.recorded.At.Format(time.RFC3339))}, notes...)
	}
	for _, name := range slices.Sorted(maps.Keys(v.namespaces)) {
		if !v.namespaces[name].hidden {
			continue
		}
		notes = append(notes, fmt.Sprintf("you may not read namespace %s: of its labels only the name counts here", name))
	}
	for _, name := range slices.Sorted(maps.Keys(v.tenants)) {
		if t, ok := v.graphs.Get(name); ok && t.Problem == nil && v.tenants[name].Spec.ModeOrDefault() == v1alpha1.ModeObserve {
			notes = append(notes, fmt.Sprintf("EntraTenant %s is in mode Observe: nothing of this is done until its mode is Enforce", name))
		}
	}
	return notes
}

// budgetNotes say where a prune deletes more than a tenant allows in an hour.
func (v verdicts) budgetNotes(rows []Row) (notes []string) {
	deletions := map[string]int32{}
	for _, row := range rows {
		if row.Pruned && row.Outcome == Change && row.Action == "Delete" {
			deletions[row.Tenant]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(deletions)) {
		t, ok := v.graphs.Get(name)
		if !ok || t.Problem != nil {
			continue
		}
		limit := t.Spec.DeletionsPerHourOrDefault()
		if left := t.Deletions.Left(limit); deletions[name] > left {
			notes = append(notes, fmt.Sprintf("limits.deletionsPerHour of EntraTenant %s is %d, and %d of it are left; this prune deletes %d. The others wait, "+
				"while Flux and Argo CD show the prune as done", name, limit, max(0, left), deletions[name]))
		}
	}
	return notes
}
