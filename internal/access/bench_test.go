package access_test

import (
	"fmt"
	"testing"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
)

// BenchmarkPolicy judges one resource, which every reconcile and every write does. Of many rules the last one covers it.
func BenchmarkPolicy(b *testing.B) {
	ask := in("people", "ada@contoso.com")
	for _, n := range []int{1, 10, 1000} {
		rules := make([]v1alpha1.AccessRule, n)
		for i := range rules {
			rules[i] = v1alpha1.AccessRule{Namespaces: only(fmt.Sprintf("team-%d", i)), Users: []string{fmt.Sprintf("*@team-%d.contoso.com", i)}}
		}
		rules[n-1] = v1alpha1.AccessRule{Namespaces: only("people"), Users: []string{"*@contoso.com"}}
		b.Run(fmt.Sprintf("judge by %d rules", n), func(b *testing.B) {
			p := compile(b, rules...)
			if !p.Judge(ask).Permitted() {
				b.Fatal("it is not covered")
			}
			b.ReportAllocs()
			for b.Loop() {
				p.Judge(ask)
			}
		})
		b.Run(fmt.Sprintf("compile %d rules", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := access.Compile(rules); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
