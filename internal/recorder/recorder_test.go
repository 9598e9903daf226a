package recorder

import (
	"strings"
	"testing"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"pgregory.net/rapid"
)

func TestANoteIsCutBetweenTwoRunes(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"nothing":                   {"", ""},
		"as long as it may be":      {"12345678", "12345678"},
		"a byte longer":             {"123456789", "12345…"},
		"a rune across the limit":   {"1234üüü", "1234…"},
		"a rune up to the limit":    {"123üüüü", "123ü…"},
		"runes of four bytes alone": {"😀😀😀", "😀…"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := truncate(tc.in, 8); got != tc.want {
				t.Errorf("truncate() = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestANoteIsNeverOverTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringN(0, 900, -1).Draw(t, "note")
		fake := events.NewFakeRecorder(1)
		Bounded{Next: fake}.Eventf(nil, nil, corev1.EventTypeNormal, "R", "A", "%s", s)
		note := strings.TrimPrefix(<-fake.Events, "Normal R ")
		if len(note) > NoteLimit || !utf8.ValidString(note) {
			t.Fatalf("%d bytes, valid %v", len(note), utf8.ValidString(note))
		}
		if rest, cut := strings.CutSuffix(note, "…"); note != s && (!cut || !strings.HasPrefix(s, rest) || len(rest) < NoteLimit-6) {
			t.Fatalf("%q became %q", s, note)
		}
	})
}
