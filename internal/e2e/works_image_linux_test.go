package e2e_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/testing/confine"
)

var _ = confine.Enter()

// The program of the image works where a pod would run it: with the image's files alone, which are read-only, as the
// image's user, without capabilities.
func TestTheImageWorks(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "root")
	is := unpackImage(t, root)
	if is.User != "65532:65532" || len(is.Entrypoint) != 1 {
		t.Fatalf("the image runs %q as %s", is.Entrypoint, is.User)
	}
	container := confine.Container{Root: root, Program: is.Entrypoint[0], Files: []string{"KUBECONFIG"}}
	if err := container.Try(); errors.Is(err, confine.ErrNotAllowed) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "phone-operator")
	must(t, container.Script(program))
	if said, err := exec.CommandContext(t.Context(), program, "--version").CombinedOutput(); err != nil || !strings.HasPrefix(string(said), "phone-operator v1.2.3 (") {
		t.Fatalf("--version: %v\n%s", err, said)
	}

	w := borrow(t)
	usual := w.Program
	t.Cleanup(func() { w.Program = usual })
	w.Program = program
	s := w.story(t)
	t.Cleanup(s.endAll)
	o := s.launch(launch{})
	s.connect()
	u := s.user()
	s.prepare(secret(s.people.namespace, "ada", "number", "+1 2065550101"))
	s.people.apply(s.people.phone("mobile", u.UPN, mobile, "", fromSecret("ada")))
	s.people.ready("mobile")
	s.has(u, "mobile +1 2065550101")
	must(t, o.stop())
}

// imageConfig is what is read of https://github.com/opencontainers/image-spec/blob/main/config.md.
type imageConfig struct {
	User       string
	Entrypoint []string
}

// unpackImage builds the image for this processor and unpacks its layers, as a container engine does.
func unpackImage(t *testing.T, root string) imageConfig {
	t.Helper()
	repository, err := devcluster.Root()
	must(t, err)
	dist := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "run", "-C", "hack/release", ".",
		"-dist", dist, "-version", "v1.2.3", "-platforms", "linux/"+runtime.GOARCH, "image")
	build.Dir = repository
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the image: %v\n%s", err, said)
	}

	type descriptor struct{ Digest string }
	var manifest struct {
		Manifests, Layers []descriptor
		Config            descriptor
	}
	blob := func(d descriptor) string {
		return filepath.Join(dist, "image", "blobs", strings.ReplaceAll(d.Digest, ":", "/"))
	}
	// The layout names the image, which names one for each processor.
	for file := filepath.Join(dist, "image", "index.json"); file != ""; {
		manifest.Manifests = nil
		readJSON(t, file, &manifest)
		if file = ""; len(manifest.Manifests) > 0 {
			file = blob(manifest.Manifests[0])
		}
	}
	for _, layer := range manifest.Layers {
		unpackLayer(t, blob(layer), root)
	}
	var config struct{ Config imageConfig }
	readJSON(t, blob(manifest.Config), &config)
	return config.Config
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	must(t, json.Unmarshal(text, into))
}

func unpackLayer(t *testing.T, file, root string) {
	t.Helper()
	f, err := os.Open(file)
	must(t, err)
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	must(t, err)
	for files := tar.NewReader(z); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		must(t, err)
		path := filepath.Join(root, h.Name)
		if h.Typeflag == tar.TypeDir {
			must(t, os.MkdirAll(path, 0o755))
		} else {
			must(t, os.MkdirAll(filepath.Dir(path), 0o755))
			text, err := io.ReadAll(files)
			must(t, err)
			must(t, os.WriteFile(path, text, 0o600))
		}
		must(t, os.Chmod(path, h.FileInfo().Mode()&(fs.ModePerm|fs.ModeSticky)))
	}
}
