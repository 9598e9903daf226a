package importing_test

import "runtime/metrics"

// peak is the most memory that was taken from the system for live and dead objects, as far as it was looked at.
type peak struct {
	calls int
	most  uint64
}

func (p *peak) look() {
	if p.calls++; p.calls%1000 != 0 {
		return
	}
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	p.most = max(p.most, sample[0].Value.Uint64())
}
