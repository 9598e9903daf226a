package preview

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/user"
)

// Phone is one in Graph that no resource declares. Its number is masked.
type Phone struct {
	Tenant    string `json:"tenant"`
	User      string `json:"user"`
	PhoneType string `json:"phoneType"`
	Number    string `json:"maskedNumber"`
}

// report says what the reconciler came to.
func (r *run) report(ctx context.Context) (Preview, error) {
	p := Preview{Rows: r.settled, Unmanaged: []Phone{}, Notes: r.notes()}
	read, private := map[user.Key]string{}, map[user.Key]bool{}
	for _, key := range r.asked {
		before, o := r.before[key], r.methods[key]
		if before != nil && !before.DeletionTimestamp.IsZero() {
			p.Rows = append(p.Rows, leaving(before))
			continue
		}
		row := r.rowOf(before, o)
		p.Rows = append(p.Rows, row)
		if isRead(row) && o.Status.UserID != "" {
			read[user.KeyOf(o)] = o.Spec.User
		}
		if row.Reason == v1alpha1.ReasonPrivilegedUser { // of whom nothing is shown
			private[user.KeyOf(o)] = true
		}
	}
	for _, key := range r.prunable {
		if row, ok := r.pruned(key); ok {
			p.Rows = append(p.Rows, row)
		}
	}
	slices.SortStableFunc(p.Rows, byOutcome([]Outcome{Refused, Unknown, Waits, Change, Unchanged}))
	p.Notes = append(p.Notes, r.budgetNotes(p.Rows)...)
	if !r.Unmanaged {
		return p, nil
	}
	maps.DeleteFunc(read, func(key user.Key, _ string) bool { return private[key] })
	var err error
	p.Unmanaged, err = r.unmanaged(ctx, read)
	return p, err
}

// isRead reports whether the rules let the row's namespace know of the user's phones.
func isRead(row Row) bool {
	return row.Outcome != Unknown && row.Reason != v1alpha1.ReasonNotPermitted && row.Reason != v1alpha1.ReasonSuspended
}

// unmanaged lists the phones of users for which there is no resource.
func (r *run) unmanaged(ctx context.Context, of map[user.Key]string) ([]Phone, error) {
	all := []Phone{}
	for _, key := range slices.SortedFunc(maps.Keys(of), func(a, b user.Key) int { return strings.Compare(a.String(), b.String()) }) {
		t, ok := r.registry.Get(key.Tenant)
		if !ok || t.Problem != nil {
			continue
		}
		methods, err := retried(ctx, func() ([]graph.PhoneMethod, error) {
			if err := r.awaitTurn(ctx, key.Tenant); err != nil {
				return nil, err
			}
			return t.Graph.PhoneMethods(ctx, key.User)
		})
		if err != nil {
			return nil, fmt.Errorf("read the phones of user %s: %w", key.User, err)
		}
		for _, m := range methods {
			if !r.declares(key, string(m.Type)) {
				all = append(all, Phone{key.Tenant, of[key], string(m.Type), m.Number.Masked()})
			}
		}
	}
	return all, nil
}

// retried does something again for which Graph is too busy.
func retried[T any](ctx context.Context, do func() (T, error)) (got T, err error) {
	for range attempts {
		if got, err = do(); graph.KindOf(err) != graph.Throttled {
			break
		}
		if err := Wait(ctx, lasting/attempts/10); err != nil {
			return got, err
		}
	}
	return got, err
}

// declares reports whether a resource is for a phone of a user.
func (r *run) declares(key user.Key, phoneType string) bool {
	for of := range r.indexed[index.User+" "+key.String()] {
		if string(r.methods[of].Spec.PhoneType) == phoneType {
			return true
		}
	}
	return false
}

// notes say what the rows do not.
func (r *run) notes() []string {
	notes := slices.Sorted(maps.Keys(r.unasked))
	if r.recorded != nil {
		notes = append([]string{fmt.Sprintf("planned against what %s recorded at %s: what changed since is not seen, and neither admission policies nor webhooks of the cluster were asked",
			r.recorded.By, r.recorded.At.Format(time.RFC3339))}, notes...)
	}
	for _, name := range slices.Sorted(maps.Keys(r.nameless)) {
		notes = append(notes, fmt.Sprintf("you may not read namespace %s: of its labels only the name counts here", name))
	}
	for _, name := range slices.Sorted(maps.Keys(r.tenants)) {
		if t, ok := r.registry.Get(name); ok && t.Problem == nil && r.tenants[name].Spec.ModeOrDefault() == v1alpha1.ModeObserve {
			notes = append(notes, fmt.Sprintf("EntraTenant %s is in mode Observe: nothing of this is done until its mode is Enforce", name))
		}
	}
	return notes
}

var _ client.Client = (*cluster)(nil)
