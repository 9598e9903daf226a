package plan_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// resting is a user whose phones are as the resources say: what a drift check finds.
func resting(b *testing.B) (claims []plan.Claim, shown []plan.Method) {
	b.Helper()
	for i, t := range phone.Types() {
		n, err := phone.Parse(fmt.Sprintf("+1 206555010%d", i))
		if err != nil {
			b.Fatal(err)
		}
		claims = append(claims, plan.Claim{
			Ref: "people/" + string(t), Created: time.Unix(int64(i), 0), Type: t, Number: n, Was: n, Last: n.Masked(), Holder: true,
		})
		shown = append(shown, plan.Method{Type: t, Number: phone.Read(n.Graph())})
	}
	return claims, shown
}

// BenchmarkCompute plans for one user, which every reconcile does once or more.
func BenchmarkCompute(b *testing.B) {
	claims, shown := resting(b)
	fresh := make([]plan.Claim, len(claims))
	for i, c := range claims {
		fresh[i] = plan.Claim{Ref: c.Ref, Created: c.Created, Type: c.Type, Number: c.Number, Changed: true, Edited: true}
	}
	crowd := claims
	for i := range 97 {
		c := fresh[i%len(fresh)]
		c.Ref, c.Created = fmt.Sprintf("staff/%d", i), time.Unix(int64(100+i), 0)
		crowd = append(slices.Clip(crowd), c)
	}
	for name, of := range map[string]struct {
		claims []plan.Claim
		shown  []plan.Method
	}{
		"at rest": {claims, shown}, "three to create": {fresh, nil}, "a hundred rivals": {crowd, shown},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				plan.Compute(of.claims, of.shown)
			}
		})
	}
}
