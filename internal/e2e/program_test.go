package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/leash"
)

// program is the operator as it is shipped.
type program struct {
	path      string                       // of the binary
	manifests []*unstructured.Unstructured // of config/default
	dir       string                       // goes with this process
}

// built returns the program, made by the first that asks.
var built = sync.OnceValues(func() (p *program, err error) {
	root, err := devcluster.Root()
	if err != nil {
		return nil, err
	}
	p = &program{}
	if p.dir, _, err = leash.TempDir("phone-operator-e2e-"); err != nil {
		return nil, err
	}
	if err := p.compile(root); err != nil {
		return nil, err
	}
	p.manifests, err = render(root)
	return p, err
})

// compile builds the operator with the flags of go test's usual run, so that most of the work is done already.
func (p *program) compile(root string) error {
	p.path = filepath.Join(p.dir, "phone-operator")
	cmd := exec.Command("go", "build", "-o", p.path, ".")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOTMPDIR="+p.dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	compiler, err := leash.Start(cmd)
	if err == nil {
		err = compiler.Wait(context.Background())
	}
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out.String())
	}
	return nil
}

// render is what kustomize makes of config/default.
func render(root string) ([]*unstructured.Unstructured, error) {
	const dir = "config/default"
	kustomize := exec.Command("go", "tool", "-modfile=hack/tools/go.mod", "kustomize", "build", dir)
	kustomize.Dir = root
	var stdout, stderr bytes.Buffer
	kustomize.Stdout, kustomize.Stderr = &stdout, &stderr
	if err := kustomize.Run(); err != nil {
		return nil, fmt.Errorf("kustomize build %s: %w\n%s", dir, err, stderr.Bytes())
	}
	var objects []*unstructured.Unstructured
	for d := utilyaml.NewYAMLOrJSONDecoder(&stdout, 4096); ; {
		o := &unstructured.Unstructured{}
		if err := d.Decode(o); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, fmt.Errorf("decode %s: %w", dir, err)
		}
		if len(o.Object) > 0 {
			objects = append(objects, o)
		}
	}
}
