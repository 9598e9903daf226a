package controllers

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/entraops/phone-operator/internal/index"
)

// everywhere leaves out of the field indexes what finds objects within one namespace. controller-runtime keeps each
// index twice, once by namespace, which takes some 170 bytes a resource; package index is asked for all namespaces.
type everywhere struct{ toolscache.SharedIndexInformer }

func (i everywhere) AddIndexers(all toolscache.Indexers) error {
	reduced := toolscache.Indexers{}
	for name, values := range all {
		if slices.Contains(index.Everywhere, strings.TrimPrefix(name, "field:")) {
			values = outsideNamespace(values)
		}
		reduced[name] = values
	}
	return i.SharedIndexInformer.AddIndexers(reduced)
}

// outsideNamespace drops the values that begin with the namespace of the object. The others begin with what can be
// the name of none.
func outsideNamespace(values toolscache.IndexFunc) toolscache.IndexFunc {
	return func(o any) ([]string, error) {
		found, err := values(o)
		if err != nil {
			return nil, err
		}
		of, err := meta.Accessor(o)
		if err != nil || of.GetNamespace() == "" {
			return found, err
		}
		return slices.DeleteFunc(found, func(value string) bool { return strings.HasPrefix(value, of.GetNamespace()+"/") }), nil
	}
}
