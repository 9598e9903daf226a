package entratenant

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/events"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/recorder"
)

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
	o.Events = recorder.Bounded{Next: recorded}
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
			if len(note) > recorder.NoteLimit || !strings.HasSuffix(note, "…") || !strings.HasPrefix(least.Message, strings.TrimSuffix(note, "…")) {
				t.Errorf("%d bytes: %s", len(note), note)
			}
			return
		default:
			t.Fatal("no event tells of the permissions")
		}
	}
}
