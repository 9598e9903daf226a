package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// A release is made twice by the real tools, for this processor alone: here, and of a copy of the sources elsewhere, without
// git and with other settings of the person. The compiler's cache is one, but -trimpath is what makes it of use.
func TestARelease(t *testing.T) {
	root, err := filepath.Abs("../..")
	must(t, err)
	r := sourcesAt(t, root)
	must(t, r.build(t.Context()))
	checkSums(t, r.dist)

	t.Run("has its files", func(t *testing.T) {
		want := []string{
			"SHA256SUMS", "artifacthub-repo.yml", "entratenant_v1alpha1.json", "image", "install.yaml",
			"kubectl-phonemethod_v1.2.3.cdx.json", "kubectl-phonemethod_v1.2.3_linux_" + runtime.GOARCH + ".tar.gz", "notes.md",
			"olm", "olm-prerequisites.yaml",
			"phone-operator-1.2.3.tgz", "phone-operator_v1.2.3.cdx.json", "phone-operator_v1.2.3_image.tar", "phone-operator_v1.2.3_olm.tar.gz",
			"phoneauthenticationmethod_v1alpha1.json", "phonemethod.yaml",
		}
		if got := names(t, r.dist); !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
	t.Run("has a program in the image that tells its version", func(t *testing.T) {
		index, _, err := r.built()
		must(t, err)
		manifest, err := index.IndexManifest()
		must(t, err)
		image, err := index.Image(manifest.Manifests[0].Digest)
		must(t, err)
		says(t, content(t, mutate.Extract(image))["manager"], "phone-operator v1.2.3 (", "--version")
	})
	t.Run("has a plugin that runs", func(t *testing.T) {
		files := unpack(t, filepath.Join(r.dist, "kubectl-phonemethod_v1.2.3_linux_"+runtime.GOARCH+".tar.gz"))
		says(t, files["kubectl-phonemethod"], "kubectl-phonemethod v1.2.3 (", "--version")
		if !strings.Contains(string(files["LICENSE"]), "Apache License") {
			t.Error("the plugin comes without its licence")
		}
	})
	t.Run("has a chart of the version with its image", func(t *testing.T) {
		files := unpack(t, filepath.Join(r.dist, "phone-operator-1.2.3.tgz"))
		for file, want := range map[string]string{
			"Chart.yaml": "\nversion: 1.2.3\n", "values.yaml": "\n  repository: registry.example/phone-operator\n", "README.md": "`\"registry.example/phone-operator\"`",
		} {
			if text := "\n" + string(files["phone-operator/"+file]); !strings.Contains(text, want) {
				t.Errorf("%s has no %q:\n%.500s", file, want, text)
			}
		}
		if !strings.Contains(string(files["phone-operator/Chart.yaml"]), "appVersion: v1.2.3\n") {
			t.Error("the chart's image is not the version's")
		}
		told := checkChart(t, files["phone-operator/Chart.yaml"])
		if want := "image: registry.example/phone-operator:v1.2.3\n"; !strings.Contains(told["artifacthub.io/images"], want) {
			t.Errorf("Artifact Hub is told of the images %q", told["artifacthub.io/images"])
		}
	})
	t.Run("has a manifest that installs the image", func(t *testing.T) {
		text := read(t, filepath.Join(r.dist, "install.yaml"))
		index, _, err := r.built()
		must(t, err)
		digest, err := index.Digest()
		must(t, err)
		for what, n := range map[string]int{
			"image: registry.example/phone-operator:v1.2.3@" + digest.String() + "\n": 1, "\nkind: CustomResourceDefinition\n": 2, "\nkind: Deployment\n": 1,
		} {
			if strings.Count("\n"+text, what) != n {
				t.Errorf("install.yaml has %q %d times, not %d", what, strings.Count(text, what), n)
			}
		}
	})
	t.Run("has a bundle for OLM that installs the image", func(t *testing.T) {
		index, _, err := r.built()
		must(t, err)
		digest, err := index.Digest()
		must(t, err)
		files := unpack(t, filepath.Join(r.dist, "phone-operator_v1.2.3_olm.tar.gz"))
		text := string(files["manifests/phone-operator.v1.2.3_clusterserviceversion.yaml"])
		if want := "image: registry.example/phone-operator@" + digest.String() + "\n"; !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
		for _, file := range []string{"metadata/annotations.yaml", "bundle.Dockerfile"} {
			if len(files[file]) == 0 {
				t.Errorf("the bundle has no %s", file)
			}
		}
	})
	t.Run("lists what is in the programs", func(t *testing.T) {
		for file, want := range map[string][]string{
			"phone-operator_v1.2.3.cdx.json":      {"pkg:golang/sigs.k8s.io/controller-runtime@v", "pkg:golang/std@1.", "pkg:golang/" + rootsModule + "@v"},
			"kubectl-phonemethod_v1.2.3.cdx.json": {"pkg:golang/github.com/spf13/cobra@v", "pkg:golang/std@1."},
		} {
			checkSBOM(t, filepath.Join(r.dist, file), want)
		}
	})
	t.Run("is the same of other sources", func(t *testing.T) {
		copied := t.TempDir()
		copySources(t, root, copied)
		t.Setenv("GOFLAGS", "-tags=mine")
		t.Setenv("TZ", "Asia/Tokyo")
		defer syscall.Umask(syscall.Umask(0o077))
		again := sourcesAt(t, copied)
		must(t, again.build(t.Context()))
		if a, b := read(t, filepath.Join(r.dist, sums)), read(t, filepath.Join(again.dist, sums)); a != b {
			t.Errorf("once\n%sand once\n%s", a, b)
		}
	})
}

// What a release is refused for is found out before anything is built.
func TestWhatIsNoRelease(t *testing.T) {
	for why, c := range map[string]struct {
		change func(*release)
		want   string
	}{
		"the version is none":             {func(r *release) { r.version = "0.1" }, `the version is "0.1": it must be like v1.2.3`},
		"the changelog knows nothing":     {func(r *release) { r.version = "v9.9.9" }, "has no section for v9.9.9"},
		"files are changed":               {func(r *release) { r.source.dirty = true }, "there are files that are not as they were committed"},
		"there is a release in its place": {func(r *release) { r.dist = filepath.Dir(r.changelog) }, "is not empty"},
	} {
		r := sourcesAt(t, "../..")
		c.change(r)
		if err := r.build(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", why, err, c.want)
		}
	}
}

// sourcesAt is a release of the sources in root, for one platform.
func sourcesAt(t *testing.T, root string) *release {
	t.Helper()
	r, _ := pretend(t, "")
	r.root, r.changelog = root, filepath.Join(t.TempDir(), "CHANGELOG.md")
	must(t, os.WriteFile(r.changelog, []byte(changes), 0o600))
	r.operatorPlatforms = []platform{{"linux", runtime.GOARCH}}
	r.pluginPlatforms = r.operatorPlatforms
	return r
}

// copySources copies what git knows of, as it is now.
func copySources(t *testing.T, from, to string) {
	t.Helper()
	files, err := output(t.Context(), from, nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	must(t, err)
	for file := range strings.SplitSeq(strings.TrimRight(string(files), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(from, file))
		if errors.Is(err, os.ErrNotExist) {
			continue // removed, and not committed yet
		}
		must(t, err)
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(to, file)), 0o700))
		must(t, os.WriteFile(filepath.Join(to, file), text, 0o600))
	}
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	must(t, err)
	for _, f := range files {
		all = append(all, f.Name())
	}
	return all
}

// checkSums does what `sha256sum --check` does, and finds files that are not listed.
func checkSums(t *testing.T, dir string) {
	t.Helper()
	listed := map[string]bool{sums: true, "image": true, bundleDir: true}
	for line := range strings.Lines(read(t, filepath.Join(dir, sums))) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if got := fmt.Sprintf("%x", sha256.Sum256([]byte(read(t, filepath.Join(dir, name))))); got != sum {
			t.Errorf("%s is %s, listed as %s", name, got, sum)
		}
		listed[name] = true
	}
	for _, name := range names(t, dir) {
		if !listed[name] {
			t.Errorf("%s has no checksum", name)
		}
	}
}

func checkSBOM(t *testing.T, file string, want []string) {
	t.Helper()
	var bom cdx.BOM
	must(t, cdx.NewBOMDecoder(strings.NewReader(read(t, file)), cdx.BOMFileFormatJSON).Decode(&bom))
	if c := bom.Metadata.Component; c == nil || c.Version != "v1.2.3" || c.PackageURL != "pkg:golang/github.com/entraops/phone-operator@v1.2.3" {
		t.Errorf("%s is about %+v", file, c)
	}
	for _, prefix := range want {
		at := slices.IndexFunc(*bom.Components, func(c cdx.Component) bool { return strings.HasPrefix(c.PackageURL, prefix) })
		if at < 0 {
			t.Errorf("%s does not list %s", file, prefix)
		}
	}
}

// unpack reads a .tar.gz.
func unpack(t *testing.T, file string) map[string][]byte {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(read(t, file)))
	must(t, err)
	return content(t, r)
}

// content reads the files of a tar.
func content(t *testing.T, r io.Reader) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for files := tar.NewReader(r); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		must(t, err)
		found[h.Name], err = io.ReadAll(files)
		must(t, err)
	}
}

// says runs a program.
func says(t *testing.T, program []byte, want string, args ...string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	must(t, os.WriteFile(path, program, 0o700))
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte(want)) {
		t.Errorf("%v\n%s\nwant %q", err, out, want)
	}
}
