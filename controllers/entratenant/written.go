package entratenant

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// written are the versions of the EntraTenants that this operator wrote last, by name. It is safe for concurrent use.
type written struct {
	mu       sync.Mutex
	versions map[string]version
}

type version struct {
	uid     types.UID
	version string
}

func (w *written) note(o client.Object) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.versions == nil {
		w.versions = map[string]version{}
	}
	w.versions[o.GetName()] = version{o.GetUID(), o.GetResourceVersion()}
}

func (w *written) forget(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.versions, name)
}

// isBehind reports whether the cache has an EntraTenant as it was before this operator wrote it last.
func (w *written) isBehind(o client.Object) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	own, ok := w.versions[o.GetName()]
	if !ok || own.uid != o.GetUID() {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(o.GetResourceVersion(), own.version)
	return err == nil && order < 0
}
