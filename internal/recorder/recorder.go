// Package recorder records events that the API server accepts.
package recorder

import (
	"fmt"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
)

// NoteLimit is the longest note of an event, in bytes. The API server refuses an event
// with a longer one, and the recorder drops what is refused.
//
// Source: NoteLengthLimit in k8s.io/kubernetes/pkg/apis/core/validation
const NoteLimit = 1024

// Bounded records events with notes that the API server takes: a longer note is
// cut. Conditions hold the whole sentence.
type Bounded struct{ Next events.EventRecorder }

var _ events.EventRecorder = Bounded{}

// Eventf records an event with a note of at most NoteLimit bytes.
func (r Bounded) Eventf(regarding, related runtime.Object, eventType, reason, action, note string, args ...any) {
	r.Next.Eventf(regarding, related, eventType, reason, action, "%s", truncate(fmt.Sprintf(note, args...), NoteLimit))
}

// truncate returns s, or where it is longer than limit bytes as many whole runes of it
// as fit with an ellipsis after them.
func truncate(s string, limit int) string {
	const ellipsis = "…"
	if len(s) <= limit {
		return s
	}
	end := limit - len(ellipsis)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}
