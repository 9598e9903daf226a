package phonemethod

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// secretEdits are the resources whose Secret was edited since they were last gathered. It is safe
// for concurrent use.
type secretEdits struct {
	mu    sync.Mutex
	byUID map[types.UID]bool
}

func newSecretEdits() *secretEdits { return &secretEdits{byUID: map[types.UID]bool{}} }

// add records that the Secret of a resource was edited.
func (e *secretEdits) add(uid types.UID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.byUID[uid] = true
}

// take reports whether the Secret of a resource was edited, once.
func (e *secretEdits) take(uid types.UID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	edited := e.byUID[uid]
	delete(e.byUID, uid)
	return edited
}
