package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheOwnNamespaceIsThePodsElseTheServiceAccountsElseTheDefault(t *testing.T) {
	here := t.TempDir()
	file, empty := filepath.Join(here, "namespace"), filepath.Join(here, "empty")
	for name, content := range map[string]string{file: "of-the-account\n", empty: ""} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct{ env, file, want string }{
		"by the downward API":         {"of-the-pod", file, "of-the-pod"},
		"by the ServiceAccount":       {"", file, "of-the-account"},
		"a file that says nothing":    {"", empty, defaultNamespace},
		"a file that is not there":    {"", filepath.Join(here, "none"), defaultNamespace},
		"white space is no namespace": {" ", file, "of-the-account"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("POD_NAMESPACE", tc.env)
			if got := ownNamespace(tc.file); got != tc.want {
				t.Errorf("ownNamespace() = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestNamespacesAreGivenWithCommasOrOneByOne(t *testing.T) {
	for name, tc := range map[string]struct {
		given []string
		want  namespaceList
		fails bool
	}{
		"one":                   {given: []string{"a"}, want: namespaceList{"a"}},
		"with commas":           {given: []string{"a, b,"}, want: namespaceList{"a", "b"}},
		"one by one":            {given: []string{"a", "b"}, want: namespaceList{"a", "b"}},
		"one of them twice":     {given: []string{"a,b", "a"}, want: namespaceList{"a", "b"}},
		"none":                  {given: []string{""}},
		"a star is no wildcard": {given: []string{"*"}, fails: true},
		"a Secret":              {given: []string{"a/graph"}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			var got namespaceList
			var err error
			for _, value := range tc.given {
				if err = got.Set(value); err != nil {
					break
				}
			}
			if (err != nil) != tc.fails {
				t.Fatalf("Set() = %v", err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
