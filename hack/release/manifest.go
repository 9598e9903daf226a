package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// render renders config/default with the image, which its digest pins if it has one: a file that installs the version. Its
// overlay goes into dir.
func (r *release) render(ctx context.Context, dir, image string) ([]byte, error) {
	// kustomize takes other directories only by a relative path, which a symbolic link in between would lead astray.
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	root, err := filepath.EvalSymlinks(r.root)
	if err != nil {
		return nil, err
	}
	overlay := filepath.Join(dir, "overlay")
	base, err := filepath.Rel(overlay, filepath.Join(root, "config", "default"))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(overlay, 0o755); err != nil {
		return nil, err
	}
	_, digest, _ := strings.Cut(image, "@")
	text := fmt.Sprintf("resources: [%q]\nimages: [{name: %s, newName: %q, newTag: %q, digest: %q}]\n",
		filepath.ToSlash(base), operator, r.image, r.version, digest)
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		return nil, err
	}
	rendered, err := output(ctx, r.root, nil, "go", "tool", "-modfile=hack/tools/go.mod", "kustomize", "build", overlay)
	if err != nil {
		return nil, err
	}
	if n := strings.Count(string(rendered), "image: "+image+"\n"); n != 1 {
		return nil, fmt.Errorf("%d containers have the image %s, not one", n, image)
	}
	return rendered, nil
}
