// Package config_test checks the manifests in this directory against a real API
// server: that they render, that they are applied with strict validation, and that
// they give the operator what it needs and no more.
package config_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"
)

// The API server of all tests here, with config/default applied to it.
var k8s client.Client

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	env := &envtest.Environment{}
	cfg, err := env.Start()
	if err != nil {
		return 1, fmt.Errorf("start API server: %w", err)
	}
	defer func() {
		if stopErr := env.Stop(); err == nil && stopErr != nil {
			err = fmt.Errorf("stop API server: %w", stopErr)
		}
	}()
	if k8s, err = client.New(cfg, client.Options{}); err != nil {
		return 1, err
	}
	if err := install(context.Background()); err != nil {
		return 1, fmt.Errorf("apply config/default: %w", err)
	}
	return m.Run(), nil
}

// install renders config/default and applies it, as an administrator would.
func install(ctx context.Context) error {
	objects, err := render("config/default")
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := apply(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// apply is kubectl apply --server-side --validate=strict: an unknown or double field
// is an error, too.
func apply(ctx context.Context, o *unstructured.Unstructured) error {
	text, err := o.MarshalJSON()
	if err != nil {
		return err
	}
	err = k8s.Patch(ctx, o, client.RawPatch(types.ApplyPatchType, text), client.FieldOwner("config-test"), client.FieldValidation("Strict"))
	if err != nil {
		return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
	}
	return nil
}

// render is what kustomize makes of a directory, given from the repository's root.
func render(dir string) ([]*unstructured.Unstructured, error) {
	kustomize := exec.Command("go", "tool", "-modfile=hack/tools/go.mod", "kustomize", "build", dir)
	kustomize.Dir = ".."
	var stdout, stderr bytes.Buffer
	kustomize.Stdout, kustomize.Stderr = &stdout, &stderr
	if err := kustomize.Run(); err != nil {
		return nil, fmt.Errorf("kustomize build %s: %w\n%s", dir, err, stderr.Bytes())
	}
	return decode(&stdout)
}

// decode reads the objects of a YAML stream.
func decode(r io.Reader) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for d := utilyaml.NewYAMLOrJSONDecoder(r, 4096); ; {
		o := &unstructured.Unstructured{}
		err := d.Decode(o)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decode manifests: %w", err)
		}
		if len(o.Object) > 0 {
			objects = append(objects, o)
		}
	}
}

// fromUnstructured reads a part of an object into a struct.
func fromUnstructured(t *testing.T, from, into any) {
	t.Helper()
	text, err := yaml.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}
