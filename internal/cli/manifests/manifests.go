// Package manifests reads what somebody is about to apply: files and folders of YAML or JSON. It keeps what says something
// about phones, counts the rest, and knows no cluster.
package manifests

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Set is what was read.
type Set struct {
	Objects []*unstructured.Unstructured // PhoneAuthenticationMethods, EntraTenants, Namespaces and Secrets
	Ignored map[string]int               // of other kinds
	Sealed  []*unstructured.Unstructured // of these kinds, and SOPS has encrypted something in them

	seen map[string]string // the file of each object
}

// Read reads files, folders with all that is below them, and "-", which is in. An object without a namespace is in that one.
// That a file or in has no manifest is an error, for what should have written it failed; a folder may be empty.
func Read(paths []string, in io.Reader, namespace string) (*Set, error) {
	s := &Set{Ignored: map[string]int{}, seen: map[string]string{}}
	for _, path := range paths {
		if path == "-" {
			if err := s.addAny(in, "standard input", namespace); err != nil {
				return nil, err
			}
			continue
		}
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || file != path && !isManifest(file) {
				return err
			}
			f, err := os.Open(file)
			if err != nil {
				return err
			}
			defer func() { _ = f.Close() }()
			if file == path {
				return s.addAny(f, file, namespace)
			}
			return s.add(f, file, namespace)
		})
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Len is how many manifests were read, of whatever kind.
func (s *Set) Len() int {
	n := len(s.Objects) + len(s.Sealed)
	for _, of := range s.Ignored {
		n += of
	}
	return n
}

// addAny is add of what must have a manifest.
func (s *Set) addAny(from io.Reader, file, namespace string) error {
	before := s.Len()
	if err := s.add(from, file, namespace); err != nil {
		return err
	}
	if s.Len() == before {
		return fmt.Errorf("%s has no manifest", file)
	}
	return nil
}

func isManifest(file string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(file)))
}

func (s *Set) add(from io.Reader, file, namespace string) error {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(from))
	for n := 1; ; n++ {
		text, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(text, &o.Object); err != nil {
			return fmt.Errorf("%s: document %d is no YAML that can be read", file, n) // the error may quote a number
		}
		if len(o.Object) == 0 {
			continue
		}
		if err := s.keep(o, file, namespace); err != nil {
			return fmt.Errorf("%s: document %d: %w", file, n, err)
		}
	}
}

// keep keeps an object, or those of a list.
func (s *Set) keep(o *unstructured.Unstructured, file, namespace string) error {
	if o.IsList() {
		return o.EachListItem(func(item runtime.Object) error { return s.keep(item.(*unstructured.Unstructured), file, namespace) })
	}
	gv, kind := o.GroupVersionKind().GroupVersion(), o.GetKind()
	namespaced := true
	switch {
	case gv == v1alpha1.GroupVersion && kind == "PhoneAuthenticationMethod", gv.String() == "v1" && kind == "Secret":
	case gv == v1alpha1.GroupVersion && kind == "EntraTenant", gv.String() == "v1" && kind == "Namespace":
		namespaced = false
	case kind == "":
		return errors.New("it has no kind")
	case gv.Group == v1alpha1.GroupVersion.Group: // a newer version or a slip: left out, it would seem to change nothing
		return fmt.Errorf("%s %q is of apiVersion %s: only PhoneAuthenticationMethod and EntraTenant of %s are known", kind, o.GetName(), gv, v1alpha1.GroupVersion)
	default:
		s.Ignored[kind]++
		return nil
	}
	if o.GetName() == "" {
		return fmt.Errorf("a %s has no name", kind)
	}
	if namespaced && o.GetNamespace() == "" {
		o.SetNamespace(namespace)
	}
	ref := o.GetNamespace() + "/" + o.GetName()
	if _, sealed := o.Object["sops"]; sealed {
		s.Sealed = append(s.Sealed, o)
		return nil
	}
	if first, twice := s.seen[kind+" "+ref]; twice {
		return fmt.Errorf("%s %s is in %s already", kind, strings.TrimPrefix(ref, "/"), first)
	}
	s.seen[kind+" "+ref] = file
	s.Objects = append(s.Objects, o)
	return nil
}
