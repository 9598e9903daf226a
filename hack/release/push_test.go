package main

import (
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func TestTheRegistryHasTheImageThatWasBuilt(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	r, programs := pretend(t, "program")
	r.image = strings.TrimPrefix(server.URL, "http://") + "/entraops/phone-operator"
	want, err := r.writeImage(programs)
	must(t, err)
	r.version = "" // what was built
	must(t, r.push(t.Context()))
	tag, err := name.NewTag(r.image + ":v1.2.3")
	must(t, err)
	got, err := remote.Head(tag)
	must(t, err)
	if got.Digest != want {
		t.Errorf("the registry has %s, built was %s", got.Digest, want)
	}

	r.version = "v1.2.4"
	if err := r.push(t.Context()); err == nil || !strings.Contains(err.Error(), "the image that was built is not v1.2.4") {
		t.Errorf("the image of another version: %v", err)
	}
}
