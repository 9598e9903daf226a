package devcluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Root is the root directory of the repository that the working directory is in.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if isFile(filepath.Join(dir, "hack", "devcluster", "go.mod")) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the development cluster runs from inside the repository only")
		}
		dir = parent
	}
}

// Assets is the directory of etcd and kube-apiserver: KUBEBUILDER_ASSETS if set, else what make assets left in bin/k8s.
func Assets(root string) (string, error) {
	dir := os.Getenv("KUBEBUILDER_ASSETS")
	if dir == "" {
		dir = filepath.Join(root, "bin", "k8s", "current-"+runtime.GOOS+"-"+runtime.GOARCH)
	}
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if !isFile(filepath.Join(dir, name)) {
			return "", fmt.Errorf("no %s in %s: run `make assets`, or set KUBEBUILDER_ASSETS to a directory that has it", name, dir)
		}
	}
	return filepath.Abs(dir)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
