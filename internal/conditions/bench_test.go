package conditions_test

import (
	"testing"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/plan"
)

// BenchmarkConditions says of one resource what is so, into a status that says it already, as at rest, and into an
// empty one.
func BenchmarkConditions(b *testing.B) {
	for name, v := range map[string]plan.Verdict{
		"synced": {Outcome: plan.Synced, Owns: true}, "conflict": {Outcome: plan.Conflict, Winner: "people/b"},
	} {
		var said v1alpha1.PhoneAuthenticationMethodStatus
		conditions.ForVerdict(subject(nil), v).Apply(&said, 1)
		b.Run(name+", once more", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				conditions.ForVerdict(subject(nil), v).Apply(&said, 1)
			}
		})
		b.Run(name+", for the first time", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var status v1alpha1.PhoneAuthenticationMethodStatus
				conditions.ForVerdict(subject(nil), v).Apply(&status, 1)
			}
		})
	}
}
