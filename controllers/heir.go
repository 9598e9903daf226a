package controllers

import (
	"time"

	"github.com/entraops/phone-operator/internal/plan"
)

// heirDelay is how long a resource must outlive the deletion of the holder of its phone
// type before it takes the phone over. A prune deletes many resources one after the other:
// what it deletes last must not have its number written first.
const heirDelay = 2 * time.Second

// delayHeirs withholds the writes of those that are to take a phone over too early.
func (p *pass) delayHeirs() {
	for _, leaver := range p.claims {
		if !leaver.Leaving || !leaver.Holder || leaver.object.DeletionTimestamp == nil {
			continue
		}
		// The API server writes times in whole seconds.
		wait := leaver.object.DeletionTimestamp.Add(heirDelay + time.Second).Sub(p.now)
		if wait <= 0 {
			continue
		}
		for _, c := range p.claims {
			if c.Type == leaver.Type && !c.Leaving && c.Withheld == plan.Nothing {
				c.Withheld = plan.Unsettled
				p.lookAgain(wait)
			}
		}
	}
}
