package main

import (
	"archive/tar"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

var commit = source{revision: strings.Repeat("a1", 20), date: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)}

// pretend is a release into a new directory whose programs are files with a text, as no compiler is needed to make layers.
func pretend(t *testing.T, text string) (*release, []binary) {
	t.Helper()
	dir := t.TempDir()
	r := &release{root: "../..", dist: filepath.Join(dir, "dist"), version: "v1.2.3", image: "registry.example/phone-operator", source: commit}
	programs := []binary{{images[0], filepath.Join(dir, "amd64")}, {images[1], filepath.Join(dir, "arm64")}}
	for _, p := range programs {
		must(t, os.WriteFile(p.path, []byte(text+p.arch), 0o700))
	}
	return r, programs
}

func TestTheImageHasOneDigestWhereverItIsMade(t *testing.T) {
	build := func(text string, mode os.FileMode, mask int, at time.Time) (digest, archive string) {
		t.Helper()
		r, programs := pretend(t, text)
		for _, p := range programs {
			must(t, os.Chmod(p.path, mode))
			must(t, os.Chtimes(p.path, at, at))
		}
		defer syscall.Umask(syscall.Umask(mask))
		hash, err := r.writeImage(programs)
		must(t, err)
		must(t, r.archiveImage())
		return hash.String(), read(t, filepath.Join(r.dist, "phone-operator_v1.2.3_image.tar"))
	}
	digest, archive := build("program", 0o700, 0o022, time.Unix(1, 0))
	again, same := build("program", 0o755, 0o077, time.Now())
	if again != digest || same != archive {
		t.Errorf("the digest is %s and %s; the archives are equal: %v", digest, again, same == archive)
	}
	if other, _ := build("another program", 0o755, 0o022, time.Unix(1, 0)); other == digest {
		t.Error("another program has the same digest")
	}
}

func TestTheImage(t *testing.T) {
	r, programs := pretend(t, "program for ")
	_, err := r.writeImage(programs)
	must(t, err)
	_, err = r.writeImage(programs) // in place of the first
	must(t, err)
	path, err := layout.FromPath(filepath.Join(r.dist, "image"))
	must(t, err)
	all, err := path.ImageIndex()
	must(t, err)
	must(t, validate.Index(all))
	index, _, err := r.built()
	must(t, err)
	manifest, err := index.IndexManifest()
	must(t, err)
	if len(manifest.Manifests) != 2 {
		t.Fatalf("%d platforms", len(manifest.Manifests))
	}
	var base v1.Hash
	for i, m := range manifest.Manifests {
		if m.Platform == nil || m.Platform.OS != "linux" || m.Platform.Architecture != programs[i].arch {
			t.Fatalf("platform %d is %v", i, m.Platform)
		}
		image, err := index.Image(m.Digest)
		must(t, err)
		config, err := image.ConfigFile()
		must(t, err)
		if config.Config.User != "65532:65532" || strings.Join(config.Config.Entrypoint, " ") != "/manager" || config.Architecture != programs[i].arch {
			t.Errorf("%s: user %q, entrypoint %q, architecture %q", m.Platform, config.Config.User, config.Config.Entrypoint, config.Architecture)
		}
		for label, want := range map[string]string{
			"title": "phone-operator", "version": "v1.2.3", "revision": commit.revision, "created": "2026-11-27T12:00:00Z",
			"source": "https://github.com/entraops/phone-operator", "licenses": "Apache-2.0",
		} {
			label = "org.opencontainers.image." + label
			if config.Config.Labels[label] != want || manifest.Annotations[label] != want {
				t.Errorf("%s is %q and %q, want %q", label, config.Config.Labels[label], manifest.Annotations[label], want)
			}
		}
		layers, err := image.Layers()
		must(t, err)
		first, err := layers[0].Digest()
		must(t, err)
		if i > 0 && first != base {
			t.Error("the base of the platforms is not one layer")
		}
		base = first
		checkFiles(t, image, "program for "+m.Platform.Architecture)
	}
}

// checkFiles looks at what a container would see.
func checkFiles(t *testing.T, image v1.Image, program string) {
	t.Helper()
	found := map[string]string{}
	content := mutate.Extract(image)
	defer func() { _ = content.Close() }()
	for files := tar.NewReader(content); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		text, err := io.ReadAll(files)
		must(t, err)
		found[h.Name] = h.FileInfo().Mode().String() + " " + string(text)
		if h.Uid != 0 || h.Gid != 0 || !h.ModTime.Equal(epoch) {
			t.Errorf("%s is of %d:%d and %s", h.Name, h.Uid, h.Gid, h.ModTime)
		}
	}
	if found["manager"] != "-r-xr-xr-x "+program {
		t.Errorf("the program is %q", found["manager"])
	}
	if !strings.HasPrefix(found["tmp/"]+found["tmp"], "dtrwxrwxrwx") {
		t.Errorf("/tmp is %q", found["tmp/"]+found["tmp"])
	}
	if !strings.Contains(found["etc/passwd"], "\nnonroot:x:65532:65532:") {
		t.Errorf("the users are %q", found["etc/passwd"])
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(found["etc/ssl/certs/ca-certificates.crt"])) {
		t.Error("the image trusts nobody")
	}
	// By which Microsoft's hosts are certified: https://learn.microsoft.com/azure/security/fundamentals/azure-ca-details
	for _, name := range []string{"DigiCert Global Root G2", "Microsoft RSA Root Certificate Authority 2017"} {
		if !strings.Contains(found["etc/ssl/certs/ca-certificates.crt"], "CN="+name+",") {
			t.Errorf("the image does not trust %s", name)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}
