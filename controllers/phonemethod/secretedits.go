package phonemethod

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// secretEdits are the edits of the Secrets of resources that were seen. It is safe for concurrent use.
type secretEdits struct {
	mu    sync.Mutex
	byUID map[types.UID]secretEdit
}

type secretEdit struct {
	count    int // so far
	gathered int // of them, when the resource was last gathered
}

func newSecretEdits() *secretEdits { return &secretEdits{byUID: map[types.UID]secretEdit{}} }

// add records that the Secret of a resource was edited.
func (e *secretEdits) add(uid types.UID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	edits := e.byUID[uid]
	edits.count++
	e.byUID[uid] = edits
}

// gather returns how often the Secret of a resource was edited so far, and whether it was since it was last gathered.
func (e *secretEdits) gather(uid types.UID) (count int, isNew bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	edits, ok := e.byUID[uid]
	if ok {
		e.byUID[uid] = secretEdit{edits.count, edits.count}
	}
	return edits.count, edits.count > edits.gathered
}

// count returns how often the Secret of a resource was edited so far.
func (e *secretEdits) count(uid types.UID) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.byUID[uid].count
}

// forget drops what is known of a resource that is gone.
func (e *secretEdits) forget(uid types.UID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.byUID, uid)
}
