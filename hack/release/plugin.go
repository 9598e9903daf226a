package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// krew is what https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/ describes.
var krew = template.Must(template.New("krew").Parse(`apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: phonemethod
spec:
  version: {{.Version}}
  homepage: {{.Homepage}}
  shortDescription: Look after phones of Entra ID users
  description: |
    For those who run Phone Operator, which keeps the phone authentication
    methods of Microsoft Entra ID users as Kubernetes resources: says what is
    wrong and what comes next, suspends, resumes and releases resources, and
    makes manifests from the tables that people have.
  caveats: |
    Needs the operator's custom resource definitions in the cluster:
    {{.Homepage}}/blob/{{.Version}}/docs/kubectl-plugin.md
  platforms:
{{- range .Platforms}}
  - selector:
      matchLabels:
        os: {{.OS}}
        arch: {{.Arch}}
    uri: {{.URI}}
    sha256: {{printf "%x" .Sum}}
    bin: {{.Bin}}
{{- end}}
`))

type krewPlatform struct {
	OS, Arch, URI, Bin string
	Sum                [sha256.Size]byte
}

// writePlugin writes an archive for each platform and krew's manifest of all, which krew's own tool then judges.
func (r *release) writePlugin(ctx context.Context, programs []binary) error {
	license, err := os.ReadFile(filepath.Join(r.root, "LICENSE"))
	if err != nil {
		return err
	}
	var all []krewPlatform
	for _, p := range programs {
		text, err := os.ReadFile(p.path)
		if err != nil {
			return err
		}
		bin, pack, extension := plugin, compressed, ".tar.gz"
		if p.os == "windows" {
			bin, pack, extension = bin+".exe", zipped, ".zip"
		}
		file := strings.Join([]string{plugin, r.version, p.os, p.arch}, "_") + extension
		archive, err := pack(r.source.date, []entry{{"LICENSE", 0o644, license}, {bin, 0o755, text}})
		if err != nil {
			return err
		}
		if err := r.write(file, archive); err != nil {
			return err
		}
		all = append(all, krewPlatform{p.os, p.arch, r.download(file), bin, sha256.Sum256(archive)})
	}
	var manifest bytes.Buffer
	err = krew.Execute(&manifest, struct {
		Version, Homepage string
		Platforms         []krewPlatform
	}{r.version, repository, all})
	if err != nil {
		return err
	}
	const file = "phonemethod.yaml" // as krew's index wants it
	if err := r.write(file, manifest.Bytes()); err != nil {
		return err
	}
	_, err = output(ctx, filepath.Join(r.root, "hack", "release"), nil,
		"go", "tool", "validate-krew-manifest", "-skip-install", "-manifest", filepath.Join(r.dist, file))
	return err
}
