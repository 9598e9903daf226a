package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// TestMain lets all stories begin at once, unless go test -parallel says otherwise, and not as many as there are
// processors: most of the time they wait. They take turns by places and worlds, so that those which wait longest, for
// they run operators of their own, do not begin last.
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
