package preview

import (
	"fmt"
	"slices"
)

// told is what a stage tells the reader.
type told struct {
	rows  []Row    // of manifests at which the reconciler does not look
	notes []string // in any order, and maybe twice
}

func (t told) and(more told) told {
	return told{slices.Concat(t.rows, more.rows), slices.Concat(t.notes, more.notes)}
}

func note(format string, of ...any) told { return told{notes: []string{fmt.Sprintf(format, of...)}} }
