package controllers

import (
	"strings"
	"testing"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/events"
	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/api/v1alpha1"
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
		boundedEvents{fake}.Eventf(nil, nil, corev1.EventTypeNormal, "R", "A", "%s", s)
		note := strings.TrimPrefix(<-fake.Events, "Normal R ")
		if len(note) > noteLimit || !utf8.ValidString(note) {
			t.Fatalf("%d bytes, valid %v", len(note), utf8.ValidString(note))
		}
		if rest, cut := strings.CutSuffix(note, "…"); note != s && (!cut || !strings.HasPrefix(s, rest) || len(rest) < noteLimit-6) {
			t.Fatalf("%q became %q", s, note)
		}
	})
}

// What an app registration has too much of is told once, and its names are long.
func TestTheEventOfManyPermissionsIsShortAndTheConditionWhole(t *testing.T) {
	roles := []string{"User.ReadBasic.All"}
	for r := 'A'; r < 'A'+26; r++ {
		for _, verb := range []string{".Read.All", ".ReadWrite.All"} {
			roles = append(roles, strings.Repeat(string(r), 20)+verb)
		}
	}
	o := newOneTenant(t, roles...)
	recorded := events.NewFakeRecorder(10)
	o.Events = boundedEvents{recorded}
	must(o.reconcile())
	least := meta.FindStatusCondition(o.get().Status.Conditions, v1alpha1.ConditionLeastPrivilege)
	if least == nil || !strings.Contains(least.Message, roles[len(roles)-1]) {
		t.Fatalf("the condition leaves something out: %+v", least)
	}
	prefix := "Warning " + v1alpha1.ReasonBroadPermissions + " "
	for {
		select {
		case e := <-recorded.Events:
			note, ok := strings.CutPrefix(e, prefix)
			if !ok {
				continue
			}
			if len(note) > noteLimit || !strings.HasSuffix(note, "…") || !strings.HasPrefix(least.Message, strings.TrimSuffix(note, "…")) {
				t.Errorf("%d bytes: %s", len(note), note)
			}
			return
		default:
			t.Fatal("no event tells of the permissions")
		}
	}
}
