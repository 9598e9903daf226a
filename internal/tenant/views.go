package tenant

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
)

// Views is the memory of what Graph last answered about those protected users that not
// every tenant shows. It is kept in the EntraTenant's status, and so outlives a restart:
// a view that was there and is refused now means something else than one that never was.
// It is safe for concurrent use.
type Views struct {
	mu   sync.Mutex
	last map[graph.View]graph.Answer
	save func(context.Context, []v1alpha1.ProtectedUsersView) error
}

// NewViews returns the memory that was saved. save writes it down; it is called one at
// a time, and only where an answer is another than the last one.
func NewViews(saved []v1alpha1.ProtectedUsersView, save func(context.Context, []v1alpha1.ProtectedUsersView) error) *Views {
	return &Views{last: answersOf(saved), save: save}
}

// answered are the views that must be answered again.
func (v *Views) answered() []graph.View {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []graph.View
	for view, answer := range v.last {
		if answer == graph.Answered || answer == graph.Revoked {
			all = append(all, view)
		}
	}
	return all
}

// note takes down what was answered, before anybody acts on it.
func (v *Views) note(ctx context.Context, answers map[graph.View]graph.Answer) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	next := maps.Clone(v.last)
	maps.Copy(next, answers)
	if maps.Equal(next, v.last) {
		return nil
	}
	if err := v.save(ctx, viewsOf(next)); err != nil {
		return err
	}
	v.last = next
	return nil
}

// Heed takes over what the EntraTenant's status holds, if it is not what is remembered:
// somebody may have cleared it there. seen may be old, so that read, which gives the
// status as it is now, has the last word. It reports whether anything changed.
func (v *Views) Heed(seen []v1alpha1.ProtectedUsersView, read func() ([]v1alpha1.ProtectedUsersView, error)) (changed bool, err error) {
	v.mu.Lock() // nothing is saved meanwhile
	defer v.mu.Unlock()
	if maps.Equal(answersOf(seen), v.last) {
		return false, nil
	}
	now, err := read()
	if err != nil {
		return false, err
	}
	next := answersOf(now)
	changed = !maps.Equal(next, v.last)
	v.last = next
	return changed, nil
}

// Protection asks Graph why Entra protects a user; nothing means that it does not. A
// view that answered before must be answered, or the error is graph.Forbidden. The
// answer is in the EntraTenant's status before it is returned.
func (t *Tenant) Protection(ctx context.Context, userID string) ([]graph.Privilege, error) {
	if t.Views == nil {
		p, err := t.Graph.Protection(ctx, userID)
		return p.Privileges, err
	}
	p, err := t.Graph.Protection(ctx, userID, t.Views.answered()...)
	if unsaved := t.Views.note(ctx, p.Views); unsaved != nil {
		return nil, errors.Join(err, unsaved)
	}
	return p.Privileges, err
}

func answersOf(saved []v1alpha1.ProtectedUsersView) map[graph.View]graph.Answer {
	answers := map[graph.View]graph.Answer{}
	for _, s := range saved {
		answers[graph.View(s.View)] = graph.Answer(s.LastAnswer)
	}
	return answers
}

// viewsOf is sorted, so that equal memories are written alike.
func viewsOf(answers map[graph.View]graph.Answer) []v1alpha1.ProtectedUsersView {
	var all []v1alpha1.ProtectedUsersView
	for view, answer := range answers {
		all = append(all, v1alpha1.ProtectedUsersView{View: v1alpha1.ViewOfProtectedUsers(view), LastAnswer: v1alpha1.ViewAnswer(answer)})
	}
	slices.SortFunc(all, func(a, b v1alpha1.ProtectedUsersView) int { return strings.Compare(string(a.View), string(b.View)) })
	return all
}
