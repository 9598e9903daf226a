package phonemethod

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/entraops/phone-operator/internal/phone"
)

func TestANumberIsRememberedForItsTime(t *testing.T) {
	one, err := phone.Parse("+1 2065550101")
	must(err)
	other, err := phone.Parse("+1 2065550102")
	must(err)
	now := time.Unix(1_000_000, 0)
	s := newSyncedNumbers()
	s.set("a", one, now, time.Hour)
	s.set("b", one, now, time.Hour)
	s.set("c", one, now, time.Hour)
	s.set("b", other, now.Add(30*time.Minute), time.Hour) // renewed, and another one
	s.forget("c")
	for at, want := range map[time.Duration]map[string]phone.Number{
		time.Hour - time.Second: {"a": one, "b": other, "c": {}, "d": {}},
		time.Hour:               {"a": {}, "b": other, "c": {}},
		90 * time.Minute:        {"a": {}, "b": {}},
	} {
		for uid, n := range want {
			if got := s.get(types.UID(uid), now.Add(at)); got != n {
				t.Errorf("of %s after %v: %v, want %v", uid, at, got, n)
			}
		}
	}
	s.set("d", one, now.Add(2*time.Hour), time.Hour)
	if len(s.byUID) != 1 {
		t.Errorf("%d numbers are in memory, want the one whose time is not over", len(s.byUID))
	}
}
