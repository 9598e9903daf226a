package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const ours = "identity.entraops.dev/"

// Each sample of the library stands alone, says why it is there, is in the table of its page, and is accepted.
func TestTheLibraryIsAccepted(t *testing.T) {
	page, err := os.ReadFile("samples/library/README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("samples/library/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("samples: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(text, []byte("# ")) {
				t.Error("it does not begin by saying what it is for")
			}
			if name := filepath.Base(file); !bytes.Contains(page, []byte("["+name+"]("+name+")")) {
				t.Error("the page of the library does not name it")
			}
			objects, err := decode(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range objects {
				try(t, o)
			}
		})
	}
}

// try has the API server say whether it would take an object. Nothing is stored.
func try(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	if name := o.GetNamespace(); name != "" {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if err := k8s(t).Create(t.Context(), ns); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	if err := apply(t.Context(), client.NewDryRunClient(k8s(t)), o); err != nil {
		t.Error(err)
	}
}

// isOurs reports whether the object is of one of our kinds.
func isOurs(o *unstructured.Unstructured) bool { return strings.HasPrefix(o.GetAPIVersion(), ours) }
