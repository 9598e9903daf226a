package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// build makes everything. What can be refused is looked at first.
func (r *release) build(ctx context.Context) error {
	if err := checkVersion(r.version); err != nil {
		return err
	}
	if r.source.dirty {
		return errors.New("there are files that are not as they were committed, and a release is made of a commit")
	}
	notes, err := r.notes()
	if err != nil {
		return err
	}
	if left, err := os.ReadDir(r.dist); err == nil && len(left) > 0 {
		return fmt.Errorf("%s is not empty: remove it, a release has nothing of another", r.dist)
	}
	dir, err := os.MkdirTemp("", "phone-operator-release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()

	operators, err := compile(ctx, r.root, ".", r.version, dir, r.operatorPlatforms)
	if err != nil {
		return err
	}
	plugins, err := compile(ctx, r.root, "./cmd/"+plugin, r.version, dir, r.pluginPlatforms)
	if err != nil {
		return err
	}
	digest, err := r.writeImage(operators)
	if err != nil {
		return fmt.Errorf("the image: %w", err)
	}
	image := r.image + ":" + r.version + "@" + digest.String()
	rendered, err := r.render(ctx, dir, image)
	if err != nil {
		return fmt.Errorf("the manifest: %w", err)
	}
	for _, part := range []struct {
		name string
		make func() error
	}{
		{"the image as an archive", r.archiveImage},
		{"the chart", func() error { return r.writeChart(ctx, dir) }},
		{"the manifest", func() error { return r.write("install.yaml", rendered) }},
		{"the bundle for OLM", func() error { return r.writeBundle(rendered, image) }},
		{"what Artifact Hub is told", r.copyRepositoryMetadata},
		{"the plugin", func() error { return r.writePlugin(ctx, plugins) }},
		{"the schemas", r.writeSchemas},
		{"the operator's SBOM", func() error { return r.writeSBOM(operator, operators, rootsModule) }},
		{"the plugin's SBOM", func() error { return r.writeSBOM(plugin, plugins) }},
		{"the notes", func() error { return r.write("notes.md", append(notes, "\nImage: `"+image+"`\n"...)) }},
	} {
		if err := part.make(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return r.writeSums()
}

// archiveImage writes the image as one file, which `skopeo copy oci-archive:` and `ctr images import` read.
func (r *release) archiveImage() error {
	entries, err := tree(filepath.Join(r.dist, "image"))
	if err != nil {
		return err
	}
	text, err := packed(r.source.date, entries)
	if err != nil {
		return err
	}
	return r.write(operator+"_"+r.version+"_image.tar", text)
}

// write adds a file to the release.
func (r *release) write(name string, text []byte) error {
	path := filepath.Join(r.dist, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
