package phonemethod

import (
	"time"

	"github.com/entraops/phone-operator/internal/plan"
)

// heirDelay is how long a resource must outlive the deletion of the holder of its phone
// type before it takes the phone over. A prune deletes many resources one after the other:
// what it deletes last must not have its number written first.
const heirDelay = 2 * time.Second

// delayHeirs holds the writes of resources that are to take a phone over too early, and
// returns when the first of them may.
func delayHeirs(s snapshot) (snapshot, outcome) {
	var o outcome
	for _, holder := range s.resources {
		if !holder.Terminating || !holder.Holder || holder.object.DeletionTimestamp == nil {
			continue
		}
		// The API server writes times in whole seconds.
		wait := holder.object.DeletionTimestamp.Add(heirDelay + time.Second).Sub(s.now)
		if wait <= 0 {
			continue
		}
		s = s.change(func(c resource) resource {
			if c.Type == holder.Type && !c.Terminating {
				c.Holds = c.Holds.With(plan.Unsettled, plan.AllWrites)
				o = o.and(requeueAfter(wait))
			}
			return c
		})
	}
	return s, o
}
