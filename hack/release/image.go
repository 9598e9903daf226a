package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// refName is the annotation by which tools find an image in a layout.
const refName = "org.opencontainers.image.ref.name"

// Files of an image are of this time, so that a layer that did not change has the same digest in the next release.
var epoch = time.Unix(0, 0).UTC()

// buildImage compiles the operator, writes the image into dist and returns its digest.
func (r *release) buildImage(ctx context.Context) (v1.Hash, error) {
	if err := checkVersion(r.version); err != nil {
		return v1.Hash{}, err
	}
	dir, err := os.MkdirTemp("", "phone-operator-image-")
	if err != nil {
		return v1.Hash{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	programs, err := compile(ctx, r.root, ".", r.version, dir, r.operatorPlatforms)
	if err != nil {
		return v1.Hash{}, err
	}
	return r.writeImage(programs)
}

// writeImage makes an image of the programs and writes it as an OCI layout, in place of one that was there.
func (r *release) writeImage(programs []binary) (v1.Hash, error) {
	index, err := r.index(programs)
	if err != nil {
		return v1.Hash{}, err
	}
	to := filepath.Join(r.dist, "image")
	if _, err := os.Stat(to); err == nil {
		if _, err := layout.FromPath(to); err != nil {
			return v1.Hash{}, fmt.Errorf("%s is no image that could be replaced: %w", to, err)
		}
		if err := os.RemoveAll(to); err != nil {
			return v1.Hash{}, err
		}
	}
	path, err := layout.Write(to, empty.Index)
	if err != nil {
		return v1.Hash{}, err
	}
	if err := path.AppendIndex(index, layout.WithAnnotations(map[string]string{refName: r.version})); err != nil {
		return v1.Hash{}, err
	}
	return index.Digest()
}

// index is the image for all platforms.
func (r *release) index(programs []binary) (v1.ImageIndex, error) {
	roots, err := rootsOfTrust()
	if err != nil {
		return nil, err
	}
	base, err := layer(baseFiles(roots))
	if err != nil {
		return nil, err
	}
	index := v1.ImageIndex(empty.Index)
	for _, p := range programs {
		image, err := r.on(p, base)
		if err != nil {
			return nil, fmt.Errorf("the image for %s: %w", p.platform, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: p.os, Architecture: p.arch}},
		})
	}
	annotated, ok := mutate.Annotations(index, r.labels()).(v1.ImageIndex)
	if !ok {
		return nil, errors.New("an index with annotations is no index any more")
	}
	return annotated, nil
}

// on is the image for one platform.
func (r *release) on(p binary, base v1.Layer) (v1.Image, error) {
	text, err := os.ReadFile(p.path)
	if err != nil {
		return nil, err
	}
	program, err := layer([]entry{{"manager", 0o555, text}})
	if err != nil {
		return nil, err
	}
	created := v1.Time{Time: r.source.date}
	image, err := mutate.ConfigFile(
		mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON),
		&v1.ConfigFile{
			OS: p.os, Architecture: p.arch, Created: created,
			RootFS: v1.RootFS{Type: "layers"},
			Config: v1.Config{User: "65532:65532", WorkingDir: "/", Entrypoint: []string{"/manager"}, Labels: r.labels()},
		})
	if err != nil {
		return nil, err
	}
	return mutate.Append(image,
		mutate.Addendum{Layer: base, History: v1.History{Created: created, CreatedBy: "hack/release", Comment: "users and roots of trust"}},
		mutate.Addendum{Layer: program, History: v1.History{Created: created, CreatedBy: "hack/release", Comment: title + " " + r.version}})
}

// labels are what https://github.com/opencontainers/image-spec/blob/main/annotations.md has names for.
func (r *release) labels() map[string]string {
	const prefix = "org.opencontainers.image."
	return map[string]string{
		prefix + "title":         operator,
		prefix + "description":   "Keeps the phone authentication methods of Microsoft Entra ID users as Kubernetes resources",
		prefix + "version":       r.version,
		prefix + "revision":      r.source.label(),
		prefix + "created":       r.source.date.Format(time.RFC3339),
		prefix + "source":        repository,
		prefix + "url":           repository,
		prefix + "documentation": repository + "/blob/" + r.version + "/README.md",
		prefix + "vendor":        "EntraOps",
		prefix + "licenses":      license,
	}
}

// baseFiles are what a static program needs beside itself. The user is the one that distroless images call nonroot.
func baseFiles(roots []byte) []entry {
	return []entry{
		{"etc/", 0o755, nil},
		{"etc/group", 0o644, []byte("root:x:0:\nnonroot:x:65532:\n")},
		{"etc/passwd", 0o644, []byte("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n")},
		{"etc/ssl/", 0o755, nil},
		{"etc/ssl/certs/", 0o755, nil},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, roots},
		{"tmp/", 0o1777, nil},
	}
}

func layer(entries []entry) (v1.Layer, error) {
	text, err := packed(epoch, entries)
	if err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}
