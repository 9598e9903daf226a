package tenant

import (
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
)

const (
	// inventoryPeriod is how often the registration report is read, which is hours behind.
	inventoryPeriod = 12 * time.Hour
	// inventoryUsers is how many users with a phone are remembered: some 10 MiB. Of a larger
	// directory nothing is.
	inventoryUsers = 250_000
)

// Inventory is which users had which types of phones when the registration report was read. It is a
// hint: what to ask first. It is safe for concurrent use. A nil one knows nothing.
type Inventory struct {
	mu    sync.Mutex
	types map[uuid.UUID]uint8 // a bit for each type; nil before the first report was read to its end
	read  time.Time           // when the last report was read to its end, or that was given up
	next  string              // the next page of the one that is being read
	fresh map[uuid.UUID]uint8 // what its pages had so far; nil: none is being read
}

// NewInventory returns one that knows nothing.
func NewInventory() *Inventory { return &Inventory{} }

// Due reports whether a page is to be read now, and which.
func (i *Inventory) Due(now time.Time) (next string, due bool) {
	if i == nil {
		return "", false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.next, i.fresh != nil || i.read.IsZero() || now.Sub(i.read) >= inventoryPeriod
}

// Heard takes a page down.
func (i *Inventory) Heard(page graph.Page[graph.Registration], now time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fresh == nil {
		i.fresh = map[uuid.UUID]uint8{}
	}
	for _, row := range page.Rows {
		if id, err := uuid.Parse(row.User); err == nil && len(row.Types) > 0 {
			i.fresh[id] = bits(row.Types)
		}
	}
	if len(i.fresh) > inventoryUsers {
		i.types, i.fresh, i.next, i.read = nil, nil, "", now
		return
	}
	if i.next = page.Next; i.next == "" {
		i.types, i.fresh, i.read = i.fresh, nil, now
	}
}

// Refused gives up the report, until the next one is due.
func (i *Inventory) Refused(now time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.types, i.fresh, i.next, i.read = nil, nil, "", now
}

// Has reports whether the user had a phone of one of these types. That there was none is not told: the
// report leaves users out, and is hours behind.
func (i *Inventory) Has(user string, types []phone.Type, now time.Time) bool {
	if i == nil {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	id, err := uuid.Parse(user)
	return err == nil && now.Sub(i.read) < 2*inventoryPeriod && i.types[id]&bits(types) != 0
}

func bits(types []phone.Type) (set uint8) {
	for _, t := range types {
		set |= 1 << (slices.Index(phone.Types(), t) + 1)
	}
	return set
}
