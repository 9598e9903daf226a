package tenant

import (
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

func total(counts []v1alpha1.DeletionCount) (n int32) {
	for _, c := range counts {
		n += c.Count
	}
	return n
}

// Many deletions do not wait for one write of the API server each, and the status shows what was
// deleted once nothing is deleted any more.
func TestBudget_ReservesDeletionsAheadWhereTheLimitIsHigh(t *testing.T) {
	c := newCrowd(100_000)
	c.now = c.now.Truncate(time.Minute)
	for i := range 1000 {
		if c.takes(t, i) != 1 || total(c.saved) <= int32(i) {
			t.Fatalf("the deletion %d: %d are saved", i+1, total(c.saved))
		}
	}
	if c.saves != 10 {
		t.Errorf("%d saves, want one for 100", c.saves)
	}
	for _, later := range []time.Duration{59 * time.Second, time.Second, time.Second} {
		c.now = c.now.Add(later)
		must(t, c.SaveExact(t.Context()))
	}
	if c.saves != 11 || total(c.saved) != 1000 {
		t.Errorf("%d are stored after %d saves, want 1000 after 11", total(c.saved), c.saves)
	}
}
