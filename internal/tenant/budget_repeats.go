package tenant

import (
	"time"

	"github.com/entraops/phone-operator/internal/phone"
)

// maxRepeats is how many phones are remembered. What is not is counted each time.
const maxRepeats = 10_000

// repeats remember the phones that the operator itself registered within the hour. Who
// creates and deletes one and the same resource over and over deletes nothing that was
// ever anybody else's, and spends one deletion an hour for it.
//
// A deletion is free if another one of the same user, phone type and namespace was counted
// within the hour, and if the operator registered the phone after that one, for that
// namespace, with the number that Graph shows now. A phone that was there before, was
// adopted, changed since, or shows masked is counted. All of this is in memory: after a
// restart more is counted, never less.
type repeats map[phoneOf]repeat

type repeat struct {
	namespace string
	made      phone.Number // zero: nothing since the last deletion
	madeAt    time.Time
	countedAt time.Time // of the last deletion that was counted; zero: none
	last      *repeat   // before the last deletion, in case that it was not done
	freed     bool      // the last deletion was free
}

// created notes that the operator registered a phone for d's namespace.
func (r repeats) created(d Deletion, n phone.Number, now time.Time) {
	p := r.of(d)
	p.made, p.madeAt, p.last = n, now, nil
	r.put(d, p, now)
}

// free reports whether the deletion is not to be counted.
func (r repeats) free(d Deletion, now time.Time) bool {
	p := r.of(d)
	return !p.countedAt.IsZero() && now.Sub(p.countedAt) < time.Hour && d.Shown.Compare(p.made) == phone.Equal
}

// taken notes that d is about to be deleted.
func (r repeats) taken(d Deletion, now time.Time) {
	before := r.of(d)
	before.last = nil
	after := repeat{namespace: d.Namespace, countedAt: now, last: &before}
	if after.freed = r.free(d, now); after.freed {
		after.countedAt = before.countedAt
	}
	r.put(d, after, now)
}

// returned undoes taken, and reports whether that deletion was free.
func (r repeats) returned(d Deletion) bool {
	p := r.of(d)
	if p.last == nil {
		return false
	}
	r[d.phone()] = *p.last
	return p.freed
}

// of is what is known of d's phone. What another namespace did with it says nothing.
func (r repeats) of(d Deletion) repeat {
	if p, ok := r[d.phone()]; ok && p.namespace == d.Namespace {
		return p
	}
	return repeat{namespace: d.Namespace}
}

// put remembers p, and makes room for it by forgetting what does not count any more.
func (r repeats) put(d Deletion, p repeat, now time.Time) {
	if _, known := r[d.phone()]; !known && len(r) >= maxRepeats {
		for phone, old := range r {
			if now.Sub(old.madeAt) >= time.Hour && now.Sub(old.countedAt) >= time.Hour {
				delete(r, phone)
			}
		}
		if len(r) >= maxRepeats {
			return
		}
	}
	r[d.phone()] = p
}
