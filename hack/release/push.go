package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// push sends the image of dist to its registry, with the credential that `docker login` or `podman login` left.
func (r *release) push(ctx context.Context) error {
	index, version, err := r.built()
	if err != nil {
		return err
	}
	reference, err := name.NewTag(r.image+":"+version, name.StrictValidation)
	if err != nil {
		return err
	}
	if err := remote.WriteIndex(reference, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return fmt.Errorf("push %s: %w", reference, err)
	}
	digest, err := index.Digest()
	fmt.Printf("%s@%s\n", reference, digest)
	return err
}

// built is the image in dist and its version, which must be the one that is asked for, if one is.
func (r *release) built() (v1.ImageIndex, string, error) {
	all, err := layout.ImageIndexFromPath(filepath.Join(r.dist, "image"))
	if err != nil {
		return nil, "", fmt.Errorf("the image (make image makes it): %w", err)
	}
	manifest, err := all.IndexManifest()
	if err != nil {
		return nil, "", err
	}
	for _, m := range manifest.Manifests {
		if version := m.Annotations[refName]; r.version == "" || version == r.version {
			image, err := all.ImageIndex(m.Digest)
			return image, version, err
		}
	}
	return nil, "", errors.New("the image that was built is not " + r.version)
}
