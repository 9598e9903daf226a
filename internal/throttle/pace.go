package throttle

// Pace is how many requests a second are sent on average, by class.
type Pace [classes]float64

// Pace returns what was learnt so far. What is above the highest rate that Resume
// believes is given as that.
func (t *Throttle) Pace() (p Pace) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range p {
		p[c] = min(t.buckets[c].rate(), starts[c].kept)
	}
	return p
}

// Resume begins with a pace that was learnt before a restart; 0 is none. It is for a
// throttle that is new. What was learnt may be old: the rate is never below what is
// likely, nor above what is worth believing, and it falls and rises from there.
func (t *Throttle) Resume(p Pace) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c, perSecond := range p {
		if perSecond > 0 {
			t.buckets[c].resume(min(max(perSecond, starts[c].least), starts[c].kept))
		}
	}
}
