package plan

import (
	"testing"

	"pgregory.net/rapid"
)

// FuzzCompute lets go test -fuzz choose the worlds of the properties: coverage
// finds rare ways through Compute that chance does not.
func FuzzCompute(f *testing.F) {
	f.Add([]byte("a user with three phones, two claims for each and a holder that leaves"))
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		w := worlds(t)
		if err := stopAnywhere(w); err != nil {
			t.Error(err)
		}
	}))
}
