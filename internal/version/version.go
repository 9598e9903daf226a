// Package version tells which build of Phone Operator is running: for --version, the log and the User-Agent. It leaves
// out what was built against what: `go version -m` lists the modules of a binary.
package version

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// release is the version that the builder states. It is needed where the builder has no git history, as in the
// container image: -ldflags "-X github.com/entraops/phone-operator/internal/version.release=v1.2.3".
var release string

// String returns the version: the stated one, else what the go command read from git (a tag such as v1.2.3, or a
// pseudo-version that ends in the commit), else "devel". It has no white space.
func String() string {
	info, _ := debug.ReadBuildInfo()
	return of(release, info)
}

func of(stated string, info *debug.BuildInfo) string {
	var built string
	if info != nil && info.Main.Version != "(devel)" { // it would be a comment in a User-Agent
		built = info.Main.Version
	}
	return cmp.Or(stated, built, "devel")
}

// UserAgent returns how the operator introduces itself to every service: "phone-operator/v1.2.3".
func UserAgent() string { return "phone-operator/" + String() }

// Line returns what a program prints for --version: "phone-operator v1.2.3 (go1.26.0 linux/amd64)".
func Line(program string) string {
	return fmt.Sprintf("%s %s (%s %s/%s)", program, String(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
