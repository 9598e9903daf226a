package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fenceOfYAML = regexp.MustCompile("(?ms)^( *)```ya?ml\n(.*?)^ *```")
	hereDoc     = regexp.MustCompile("(?ms)<<'EOF'\n(.*?)^EOF$")
)

// Whoever copies a manifest out of a document can apply it: each one of our kinds is accepted as it is printed.
func TestDocumentedManifestsAreAccepted(t *testing.T) {
	documents, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, document := range append(documents, "../README.md", "../charts/phone-operator/README.md") {
		for i, text := range manifests(t, document) {
			t.Run(fmt.Sprintf("%s/%d", filepath.Base(document), i+1), func(t *testing.T) {
				objects, err := decode(strings.NewReader(text))
				if err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				for _, o := range objects {
					if !isOurs(o) {
						continue // a kind that this cluster does not have, such as Flux's
					}
					if found++; o.GetKind() == "PhoneAuthenticationMethod" && o.GetNamespace() == "" {
						o.SetNamespace("default")
					}
					try(t, o)
				}
			})
		}
	}
	if found < 10 {
		t.Errorf("%d manifests were found", found)
	}
}

// manifests are the blocks of a document that have whole objects of our kinds. Others are parts, such as the values of a chart.
func manifests(t *testing.T, document string) (all []string) {
	t.Helper()
	page, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range fenceOfYAML.FindAllStringSubmatch(string(page), -1) {
		blocks = append(blocks, regexp.MustCompile("(?m)^"+m[1]).ReplaceAllString(m[2], ""))
	}
	for _, m := range hereDoc.FindAllStringSubmatch(string(page), -1) {
		blocks = append(blocks, m[1])
	}
	for _, b := range blocks {
		if strings.Contains("\n"+b, "\napiVersion: "+ours) {
			all = append(all, b)
		}
	}
	return all
}
