package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writeChart packs the Helm chart as the version's: with its number, and its image by default.
func (r *release) writeChart(ctx context.Context, dir string) error {
	files, err := tree(filepath.Join(r.root, "charts", operator))
	if err != nil {
		return err
	}
	named := map[string][2]string{
		"values.yaml":        {"\n  repository: " + operator + "\n", "\n  repository: " + r.image + "\n"},
		"values.schema.json": {`"default": "` + operator + `"`, `"default": "` + r.image + `"`},
		"README.md":          {"`\"" + operator + "\"`", "`\"" + r.image + "\"`"},
	}
	for _, f := range files {
		to := filepath.Join(dir, "chart", f.name)
		if strings.HasSuffix(f.name, "/") {
			continue
		}
		if f.name == "Chart.yaml" {
			f.text = r.annotated(f.text)
		}
		if replace, ok := named[f.name]; ok {
			if n := bytes.Count(f.text, []byte(replace[0])); n != 1 {
				return fmt.Errorf("%s names the image %d times, not once: %q", f.name, n, replace[0])
			}
			f.text = bytes.Replace(f.text, []byte(replace[0]), []byte(replace[1]), 1)
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, f.text, 0o644); err != nil {
			return err
		}
		// Helm packs a file with the time that it has.
		if err := os.Chtimes(to, r.source.date, r.source.date); err != nil {
			return err
		}
	}
	settings := filepath.Join(dir, "helm")
	_, err = output(ctx, r.root, []string{"HELM_CONFIG_HOME=" + settings, "HELM_CACHE_HOME=" + settings, "HELM_DATA_HOME=" + settings},
		"go", "tool", "-modfile=hack/tools/helm/go.mod", "helm", "package", filepath.Join(dir, "chart"),
		"--version", strings.TrimPrefix(r.version, "v"), "--app-version", r.version, "--destination", r.dist)
	return err
}
