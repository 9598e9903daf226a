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
	"os/exec"
	"sync"
	"testing"
	"time"

	"k8s.io/apiextensions-apiserver/pkg/apihelpers"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/internal/devcluster"
)

// k8s is a client of the API server of all tests here, to which config/default was
// applied. The server ends with the process.
func k8s(t *testing.T) client.Client {
	t.Helper()
	c, err := installed()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// clusters are kept here because they end when nobody holds them any more.
var clusters []*devcluster.Cluster

var installed = sync.OnceValues(func() (client.Client, error) { return start("config/default") })

// start is a new API server to which a directory was applied.
func start(dir string) (client.Client, error) {
	cluster, err := devcluster.Start(devcluster.Options{})
	if err != nil {
		return nil, err
	}
	clusters = append(clusters, cluster)
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), apiextensionsv1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	c, err := client.New(cluster.Config(), client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	return c, applyDir(context.Background(), c, dir)
}

// applyDir renders a directory, applies it as an administrator would, and waits
// until the API server serves the kinds.
func applyDir(ctx context.Context, c client.Client, dir string) error {
	objects, err := render(dir)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := apply(ctx, c, o); err != nil {
			return err
		}
	}
	return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		var crds apiextensionsv1.CustomResourceDefinitionList
		if err := c.List(ctx, &crds); err != nil {
			return false, err
		}
		for _, crd := range crds.Items {
			if !apihelpers.IsCRDConditionTrue(&crd, apiextensionsv1.Established) {
				return false, nil
			}
		}
		return len(crds.Items) > 0, nil
	})
}

// apply is kubectl apply --server-side --validate=strict: an unknown or double field
// is an error, too.
func apply(ctx context.Context, c client.Client, o *unstructured.Unstructured) error {
	text, err := o.MarshalJSON()
	if err != nil {
		return err
	}
	err = c.Patch(ctx, o, client.RawPatch(types.ApplyPatchType, text), client.FieldOwner("config-test"), client.FieldValidation("Strict"))
	if err != nil {
		return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
	}
	return nil
}

// rendered are the texts that kustomize has made, by directory.
var rendered sync.Map

// render is what kustomize makes of a directory, given from the repository's root.
func render(dir string) ([]*unstructured.Unstructured, error) {
	if text, ok := rendered.Load(dir); ok {
		return decode(bytes.NewReader(text.([]byte)))
	}
	kustomize := exec.Command("go", "tool", "-modfile=hack/tools/go.mod", "kustomize", "build", dir)
	kustomize.Dir = ".."
	var stdout, stderr bytes.Buffer
	kustomize.Stdout, kustomize.Stderr = &stdout, &stderr
	if err := kustomize.Run(); err != nil {
		return nil, fmt.Errorf("kustomize build %s: %w\n%s", dir, err, stderr.Bytes())
	}
	rendered.Store(dir, stdout.Bytes())
	return decode(bytes.NewReader(stdout.Bytes()))
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

// method is a PhoneAuthenticationMethod with a number that is in order.
func method(namespace, user string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "identity.entraops.dev/v1alpha1",
		"kind":       "PhoneAuthenticationMethod",
		"metadata":   map[string]any{"namespace": namespace, "name": "ada-mobile"},
		"spec":       map[string]any{"user": user, "phoneType": "mobile", "phoneNumber": "+1 2065550100"},
	}}
}
