package phonemethod

import (
	"time"

	"k8s.io/apimachinery/pkg/util/cache"
)

// expiring is a cache.Expiring with types: values by key, each for a time of its own. It is safe for concurrent use.
type expiring[K comparable, V any] struct{ cache *cache.Expiring }

func newExpiring[K comparable, V any]() expiring[K, V] { return expiring[K, V]{cache.NewExpiring()} }

// Get returns the value of a key; the zero value and false where there is none, or not any more.
func (e expiring[K, V]) Get(key K) (V, bool) {
	found, ok := e.cache.Get(key)
	v, _ := found.(V) // nil where there is none
	return v, ok
}

// Set keeps a value for a time.
func (e expiring[K, V]) Set(key K, v V, ttl time.Duration) { e.cache.Set(key, v, ttl) }

// Delete drops the value of a key.
func (e expiring[K, V]) Delete(key K) { e.cache.Delete(key) }
