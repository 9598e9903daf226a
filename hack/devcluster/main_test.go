package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAssetsNamedByTheEnvironmentMustBeThere(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("KUBEBUILDER_ASSETS", dir)
	touch(t, dir, "etcd")
	if _, err := find(t.Context()); err == nil || !strings.Contains(err.Error(), "kube-apiserver") {
		t.Errorf("without kube-apiserver: got %v, want an error that names it", err)
	}
	touch(t, dir, "kube-apiserver")
	if got, err := find(t.Context()); err != nil || got != dir {
		t.Errorf("got %q, %v, want %q", got, err, dir)
	}
}

func TestEveryProgramHasAVersion(t *testing.T) {
	for _, p := range programs {
		if v := version(p.module); !strings.HasPrefix(v, "v") {
			t.Errorf("%s: %s", p.name, v)
		}
	}
}

func TestCacheForgetsWhatWasMadeFromOtherVersions(t *testing.T) {
	c := openCache(t, t.TempDir())
	dir := filepath.Join(c.dir, "1.2.3-"+platform())
	touch(t, dir, "etcd", "kube-apiserver")
	if _, ok := c.current(); ok {
		t.Error("an empty cache has a current directory")
	}
	for range 2 { // the second time over the first
		if err := c.keep(dir); err != nil {
			t.Fatal(err)
		}
		if got, ok := c.current(); !ok || filepath.Base(got) != filepath.Base(dir) {
			t.Fatalf("current: got %q, %v, want %q", got, ok, dir)
		}
	}
	if err := os.WriteFile(c.link()+".key", []byte("of another go.sum"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.current(); ok {
		t.Error("a directory made from another go.sum is current")
	}
}

func TestCacheDoesNotOfferHalfADirectory(t *testing.T) {
	c := openCache(t, t.TempDir())
	dir := filepath.Join(c.dir, "1.2.3-"+platform())
	touch(t, dir, "etcd", "kube-apiserver")
	if err := c.keep(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "etcd")); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.current(); ok {
		t.Error("a directory without etcd is current")
	}
}

func TestOnlyOneRunHoldsTheCache(t *testing.T) {
	dir := t.TempDir()
	first := openCache(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := open(ctx, dir); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("second run: got %v, want it to wait", err)
	}
	first.close()
	openCache(t, dir)
}

func TestDownloadIsGivenUpWhereTheIndexIsRefused(t *testing.T) {
	index := httptest.NewServer(http.NotFoundHandler())
	defer index.Close()
	if _, err := download(t.Context(), ".", t.TempDir(), index.URL); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v, want the server's 404", err)
	}
}

// The real setup-envtest downloads from a server of ours.
func TestDownloadGoesToTheLayoutOfTheCache(t *testing.T) {
	var archive bytes.Buffer
	packed := gzip.NewWriter(&archive)
	files := tar.NewWriter(packed)
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
		header := &tar.Header{Name: "controller-tools/envtest/" + name, Mode: 0o755, Typeflag: tar.TypeReg}
		if err := files.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(files.Close(), packed.Close()); err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(archive.Bytes())
	release := strings.SplitAfterN(version(kubernetes), ".", 3)
	patch := release[0] + release[1] + "0" // the newest that the server has
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	mux.HandleFunc("/index.yaml", func(w http.ResponseWriter, _ *http.Request) {
		name := "envtest-" + patch + "-" + platform() + ".tar.gz"
		fmt.Fprintf(w, "releases:\n  %s:\n    %s:\n      hash: %s\n      selfLink: %s/archive\n",
			patch, name, hex.EncodeToString(sum[:]), server.URL)
	})
	mux.HandleFunc("/archive", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(archive.Bytes())
	})

	bin := t.TempDir()
	dir, err := download(t.Context(), ".", bin, server.URL+"/index.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) }) // setup-envtest leaves it read-only
	if want := filepath.Join(bin, "k8s", strings.TrimPrefix(patch, "v")+"-"+platform()); dir != want {
		t.Errorf("got %s, want %s", dir, want)
	}
	if err := complete(dir); err != nil {
		t.Error(err)
	}
}

func openCache(t *testing.T, dir string) *cache {
	t.Helper()
	c, err := open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func touch(t *testing.T, dir string, names ...string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
