package tenant

import (
	"time"

	"github.com/entraops/phone-operator/internal/phone"
)

// lateness is how much later than it was told a deletion that waits may be back: the
// jitter of an hour's wait, and the work queue.
const lateness = 5 * time.Minute

// waiting are the deletions that were refused, by namespace, with the time until which
// they are expected back. What does not come back does not wait any more.
type waiting struct {
	byNamespace map[string]map[phoneOf]time.Time
	pruned      time.Time
}

// phoneOf names a phone of the tenant.
type phoneOf struct {
	userID string
	typ    phone.Type
}

func (d Deletion) phone() phoneOf { return phoneOf{userID: d.UserID, typ: d.Type} }

// note notes that d has to wait, or with a wait of 0 that it does not any more.
func (w *waiting) note(d Deletion, now time.Time, wait time.Duration) {
	w.prune(now)
	if wait == 0 {
		delete(w.byNamespace[d.Namespace], d.phone())
		return
	}
	if w.byNamespace == nil {
		w.byNamespace = map[string]map[phoneOf]time.Time{}
	}
	if w.byNamespace[d.Namespace] == nil {
		w.byNamespace[d.Namespace] = map[phoneOf]time.Time{}
	}
	w.byNamespace[d.Namespace][d.phone()] = now.Add(wait + lateness)
}

// turn is how long a namespace leaves what is free to others, who wait and have spent
// less; 0 where none does. What became free before its time, by a higher limit or a
// deletion that was not done, is left to them no longer than what was expected.
func (w *waiting) turn(namespace string, spent map[string]int32, now time.Time) time.Duration {
	for other, deletions := range w.byNamespace {
		if other == namespace || spent[other] >= spent[namespace] {
			continue
		}
		for phone, until := range deletions {
			if until.After(now) {
				if by := now.Add(lateness); until.After(by) {
					expect(deletions, by)
				}
				return lateness // by then it was here, or does not come
			}
			delete(deletions, phone)
		}
	}
	return 0
}

// expect has deletions be back by then.
func expect(deletions map[phoneOf]time.Time, by time.Time) {
	for phone, until := range deletions {
		if until.After(by) {
			deletions[phone] = by
		}
	}
}

// prune forgets, now and then, what did not come back.
func (w *waiting) prune(now time.Time) {
	if now.Sub(w.pruned) < lateness {
		return
	}
	w.pruned = now
	for namespace, deletions := range w.byNamespace {
		for phone, until := range deletions {
			if !until.After(now) {
				delete(deletions, phone)
			}
		}
		if len(deletions) == 0 {
			delete(w.byNamespace, namespace)
		}
	}
}
