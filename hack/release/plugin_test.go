package main

import (
	"archive/zip"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// The manifest is judged by krew's own tool, in writePlugin.
func TestThePluginHasAnArchiveForEachPlatform(t *testing.T) {
	r, programs := pretend(t, "program")
	var all []binary
	for _, p := range desktops {
		all = append(all, binary{p, programs[0].path})
	}
	must(t, r.writePlugin(t.Context(), all))
	if got := len(names(t, r.dist)); got != len(desktops)+1 {
		t.Errorf("%d files", got)
	}
	manifest := read(t, filepath.Join(r.dist, "phonemethod.yaml"))
	if strings.Count(manifest, "\n    bin: kubectl-phonemethod\n") != 4 || strings.Count(manifest, "\n    bin: kubectl-phonemethod.exe\n") != 2 {
		t.Errorf("programs of other names:\n%s", manifest)
	}
	files := unpack(t, filepath.Join(r.dist, "kubectl-phonemethod_v1.2.3_darwin_arm64.tar.gz"))
	if string(files["kubectl-phonemethod"]) != "programamd64" {
		t.Errorf("the archive has %q", files)
	}
	archive, err := zip.OpenReader(filepath.Join(r.dist, "kubectl-phonemethod_v1.2.3_windows_amd64.zip"))
	must(t, err)
	defer func() { _ = archive.Close() }()
	info, err := fs.Stat(archive, "kubectl-phonemethod.exe")
	must(t, err)
	if info.Size() != int64(len("programamd64")) || !info.ModTime().Equal(commit.date) {
		t.Errorf("%d bytes of %s", info.Size(), info.ModTime())
	}

	all[0].platform = platform{"plan9", "amd64"}
	if err := r.writePlugin(t.Context(), all); err == nil || !strings.Contains(err.Error(), "doesn't match any supported platforms") {
		t.Errorf("a platform that krew does not know: %v", err)
	}
}
