package throttle

import "time"

// sequence numbers requests, and admissions among them: it tells which came before
// another. Two readings of a clock may be the same.
type sequence int64

// sent is a request that was admitted.
type sent struct {
	sequence sequence
	at       time.Time
	class    Class
}
