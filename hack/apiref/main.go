// Command apiref prints docs/api.md: every field of both kinds, as the CRDs in config/crd/bases have it. They are made from the Go types, so
// the page says what the API server serves and enforces, with the texts that kubectl explain shows.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

const intro = `# API reference

Every field of both kinds. This page is made from the CRDs, and so from the Go types, by ` + "`make generate`" + `; ` + "`kubectl explain`" + `
shows the same texts. How the fields work together is in [phoneauthenticationmethod.md](phoneauthenticationmethod.md) and
[entratenant.md](entratenant.md).
`

func main() {
	text, err := page("config/crd/bases")
	if err != nil {
		fmt.Fprintln(os.Stderr, "apiref:", err)
		os.Exit(1)
	}
	fmt.Print(text)
}

// page is the page of the CRDs in a directory.
func page(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return "", err
	}
	if len(files) == 0 {
		return "", fmt.Errorf("%s has no CRDs: run it from the root of the repository", dir)
	}
	var text strings.Builder
	text.WriteString(intro)
	for _, file := range files {
		crd, err := read(file)
		if err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
		text.WriteString(chapter(crd))
	}
	return text.String(), nil
}

func read(file string) (*apiextensionsv1.CustomResourceDefinition, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	crd := new(apiextensionsv1.CustomResourceDefinition)
	return crd, yaml.UnmarshalStrict(text, crd)
}
