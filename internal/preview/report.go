package preview

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/user"
)

// Preview is what the operator would do.
type Preview struct {
	Rows      []Row    // one for each PhoneAuthenticationMethod that is applied, pruned or affected, and for each other manifest that is refused or not known
	Unmanaged []Phone  // of users whose phones were read
	Notes     []string // what the reader should know
}

// report says what the reconciler came to.
func (v verdicts) report(ctx context.Context, s snapshot, unmanaged bool) (Preview, error) {
	rows, seen := s.told.rows, map[user.Key]string{}
	private := map[user.Key]bool{} // of whom nothing is shown
	for _, p := range s.planned {
		row, o := v.row(p), v.methods[p.key]
		rows = append(rows, row)
		switch {
		case p.pruned || p.leaves():
		case row.Reason == v1alpha1.ReasonPrivilegedUser:
			private[user.KeyOf(o)] = true
		case isRead(row) && o.Status.UserID != "":
			seen[user.KeyOf(o)] = o.Spec.User
		}
	}
	slices.SortStableFunc(rows, byOutcome([]Outcome{Refused, Unknown, Waits, Change, Unchanged}))
	p := Preview{Rows: rows, Unmanaged: []Phone{}, Notes: slices.Concat(v.notes(s.told.notes), v.budgetNotes(rows))}
	if !unmanaged {
		return p, nil
	}
	maps.DeleteFunc(seen, func(key user.Key, _ string) bool { return private[key] })
	var err error
	p.Unmanaged, err = v.unmanaged(ctx, seen)
	return p, err
}

// row says what becomes of a resource.
func (v verdicts) row(p planned) Row {
	o := v.methods[p.key]
	switch {
	case p.pruned:
		return v.pruned(p.before, o)
	case p.leaves():
		return leaving(p.before)
	}
	return v.rowOf(p.before, o)
}

// isRead reports whether the rules let the row's namespace know of the user's phones.
func isRead(row Row) bool {
	return row.Outcome != Unknown && row.Reason != v1alpha1.ReasonNotPermitted && row.Reason != v1alpha1.ReasonSuspended
}

func byOutcome(order []Outcome) func(a, b Row) int {
	return func(a, b Row) int {
		return cmp.Or(slices.Index(order, a.Outcome)-slices.Index(order, b.Outcome), strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	}
}
