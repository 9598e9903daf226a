package controllers

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/testenv"
)

func TestIndexesAreKeptOnceAndFindResourcesOfAllNamespaces(t *testing.T) {
	api, one := people(t)
	_, other := people(t)
	for name, namespaces := range map[string]map[string]cache.Config{
		"a cache of all namespaces":  nil,
		"a cache of some namespaces": {one: {}, other: {}},
	} {
		t.Run(name, func(t *testing.T) {
			var informers []everywhere
			options := CacheOptions()
			options.Scheme, options.DefaultNamespaces = api.Scheme(), namespaces
			newInformer := options.NewInformer
			options.NewInformer = func(lw toolscache.ListerWatcher, example runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
				i := newInformer(lw, example, resync, indexers)
				informers = append(informers, i.(everywhere))
				return i
			}
			cached, err := cache.New(testenv.Shared(t).Config(), options)
			must(t, err)
			must(t, index.Add(t.Context(), cached))
			claim := "claim"
			must(t, cached.IndexField(t.Context(), &v1alpha1.PhoneAuthenticationMethod{}, claim, func(o client.Object) []string { return []string{o.GetName()} }))
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { defer close(ended); _ = cached.Start(ctx) }()
			defer func() { stop(); <-ended }()
			if !cached.WaitForCacheSync(ctx) {
				t.Fatal("the cache is not filled")
			}
			for which, want := range map[string]int{"default/00000000-0000-0000-0000-000000000001": 12 - 2, "default/ada4@contoso.com": 2} {
				var found v1alpha1.PhoneAuthenticationMethodList
				must(t, cached.List(t.Context(), &found, client.MatchingFields{index.User: which}))
				here := slices.DeleteFunc(found.Items, func(o v1alpha1.PhoneAuthenticationMethod) bool { return o.Namespace != one && o.Namespace != other })
				if len(here) != want {
					t.Errorf("%d resources of %s, want %d", len(here), which, want)
				}
			}
			var found v1alpha1.PhoneAuthenticationMethodList
			must(t, cached.List(t.Context(), &found, client.InNamespace(one), client.MatchingFields{claim: "m1"}))
			if len(found.Items) != 1 {
				t.Errorf("another index finds %d resources in a namespace, want 1", len(found.Items))
			}
			for _, i := range informers {
				for name, indexed := range i.GetIndexer().GetIndexers() {
					for _, o := range i.GetStore().List() {
						values, err := indexed(o)
						must(t, err)
						if slices.Contains(index.Everywhere, strings.TrimPrefix(name, "field:")) && len(values) > 1 {
							t.Fatalf("index %s has %q of one object", name, values)
						}
					}
				}
			}
		})
	}
}
