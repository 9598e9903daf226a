package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/mod/semver"
)

// repositoryMetadata is what Artifact Hub reads of a repository of charts, once its owner has pushed it there.
const repositoryMetadata = "artifacthub-repo.yml"

// annotated is Chart.yaml with what Artifact Hub is told of a version alone. The annotations are the end of the file.
func (r *release) annotated(chart []byte) []byte {
	text := bytes.NewBuffer(r.ofVersion(chart))
	fmt.Fprintf(text, "  artifacthub.io/prerelease: %q\n", strconv.FormatBool(semver.Prerelease(r.version) != ""))
	fmt.Fprintf(text, "  artifacthub.io/images: |\n    - name: %s\n      image: %s:%s\n      platforms:\n", operator, r.image, r.version)
	for _, on := range r.operatorPlatforms {
		fmt.Fprintf(text, "      - %s\n", on)
	}
	return text.Bytes()
}

// ofVersion leads links to files of the repository to those of the version.
func (r *release) ofVersion(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte(repository+"/blob/main/"), []byte(repository+"/blob/"+r.version+"/"))
}

func (r *release) copyRepositoryMetadata() error {
	text, err := os.ReadFile(filepath.Join(r.root, "charts", repositoryMetadata))
	if err != nil {
		return err
	}
	return r.write(repositoryMetadata, text)
}
