package version

import (
	"runtime/debug"
	"testing"
)

func TestTheVersion(t *testing.T) {
	built := func(v string) *debug.BuildInfo { return &debug.BuildInfo{Main: debug.Module{Version: v}} }
	const pseudo = "v0.0.0-20261126201500-62d128a0c0de+dirty"
	for name, c := range map[string]struct {
		stated string
		info   *debug.BuildInfo
		want   string
	}{
		"a tag that the go command read from git":    {"", built("v1.2.3"), "v1.2.3"},
		"a commit that the go command read from git": {"", built(pseudo), pseudo},
		"what the builder states comes first":        {"v1.2.3", built(pseudo), "v1.2.3"},
		"what the builder states, without git":       {"v1.2.3", built("(devel)"), "v1.2.3"},
		"a build without git":                        {"", built("(devel)"), "devel"},
		"a test":                                     {"", built(""), "devel"},
		"a build without module information":         {"", nil, "devel"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := of(c.stated, c.info); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
