package index_test

import (
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/user"
)

// indexers takes the indexes of PhoneAuthenticationMethods down, as the store of an informer takes them.
type indexers cache.Indexers

func (all indexers) IndexField(_ context.Context, of client.Object, name string, value client.IndexerFunc) error {
	if _, ok := of.(*v1alpha1.PhoneAuthenticationMethod); ok {
		all[name] = func(o any) ([]string, error) { return value(o.(client.Object)), nil }
	}
	return nil
}

const resources = 30_000

func resource(i int) *v1alpha1.PhoneAuthenticationMethod {
	return &v1alpha1.PhoneAuthenticationMethod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: fmt.Sprintf("mobile-%d", i)},
		Spec:       v1alpha1.PhoneAuthenticationMethodSpec{User: fmt.Sprintf("User%d@contoso.com", i/2), PhoneNumber: "+1 2065550101"},
		Status:     v1alpha1.PhoneAuthenticationMethodStatus{UserID: fmt.Sprintf("00000000-0000-0000-0000-%012d", i/2)},
	}
}

// BenchmarkIndex puts an edited resource into a store of many, and finds those of a user there.
func BenchmarkIndex(b *testing.B) {
	all := indexers{}
	if err := index.Add(b.Context(), all); err != nil {
		b.Fatal(err)
	}
	store := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers(all))
	for i := range resources {
		if err := store.Add(resource(i)); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("update one of 30000", func(b *testing.B) {
		edited := resource(resources / 2)
		b.ReportAllocs()
		for b.Loop() {
			if err := store.Update(edited); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("find a user's", func(b *testing.B) {
		key := user.KeyOf(resource(resources / 2)).String()
		b.ReportAllocs()
		for b.Loop() {
			if found, err := store.ByIndex(index.User, key); err != nil || len(found) != 2 {
				b.Fatalf("%d, %v", len(found), err)
			}
		}
	})
	b.Run("key of a resource", func(b *testing.B) {
		o := resource(1)
		b.ReportAllocs()
		for b.Loop() {
			_ = user.KeyOf(o).String()
		}
	})
}
