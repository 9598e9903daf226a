package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// TestMain lets all stories begin at once, unless go test -parallel is given. Its default, the number of processors, is
// for tests that compute, and stories mostly wait. places and worlds bound how many run. With a bound of go test itself
// the longest ones would begin last: those with operators of their own.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", "1000"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	ctrl.SetLogger(logr.Discard()) // the operator logs, not its clients here
	os.Exit(m.Run())
}
