package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// forAuditLog are the permissions for the audit log, beside those that the README asks for.
var forAuditLog = slices.Concat(install.Permissions, []string{"AuditLog.Read.All", "Directory.Read.All"})

// What somebody changes in Entra is found by the audit log, and nobody else is read for it. The
// annotation has the log read at once.
func TestTheAuditLogTellsOfDrift(t *testing.T) {
	t.Parallel()
	s := unconnected(t)
	s.app(forAuditLog...)
	s.connect()
	s.tenantReaches(v1alpha1.ConditionAuditLogFollowed, metav1.ConditionTrue, v1alpha1.ReasonFollowed)
	s.tenantReaches(v1alpha1.ConditionLeastPrivilege, metav1.ConditionTrue, v1alpha1.ReasonLeastPrivilege)
	u, other := s.user(), s.user()
	p := s.people
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"), p.phone("other", other.ID, mobile, "+1 2065550102"))
	p.ready("mobile", "other")

	s.readAuditLog() // what the operator wrote itself makes no work
	must(t, s.graph.SetPhone(u.ID, "mobile", "+1 2065550109"))
	before := len(s.graph.Requests())
	s.eventually("the operator puts the number back", func() error { // a record is acted on when it is a minute old
		s.readAuditLog()
		if got := s.phones(u); got != "[mobile +1 2065550101]" {
			return errNotYet
		}
		return nil
	})
	for _, r := range s.graph.Requests()[before:] {
		if strings.Contains(r.Path, other.ID) {
			t.Errorf("for another user's phone %s %s was asked", r.Method, r.LogPath())
		}
	}
	p.ready("mobile")
}

// Without the permission the EntraTenant says what to grant, and the log is not asked for.
func TestTheAuditLogThatIsNotGranted(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.tenantReaches(v1alpha1.ConditionAuditLogFollowed, metav1.ConditionFalse, v1alpha1.ReasonNotGranted)
	if slices.ContainsFunc(s.graph.Requests(), func(r emulator.Request) bool { return strings.Contains(r.Path, "/auditLogs/") }) {
		t.Error("it was asked for")
	}
}

// readAuditLog has the operator read the audit log now, and waits until it asked.
func (s *story) readAuditLog() {
	s.t.Helper()
	asked := func() (n int) {
		for _, r := range s.graph.Requests() {
			if strings.Contains(r.Path, "/auditLogs/") {
				n++
			}
		}
		return n
	}
	before := asked()
	o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: s.tenant}}
	patch := `{"metadata":{"annotations":{"` + v1alpha1.ReconcileRequestedAtAnnotation + `":"` + time.Now().Format(time.RFC3339Nano) + `"}}}`
	must(s.t, s.Patch(s.t.Context(), o, client.RawPatch(types.MergePatchType, []byte(patch))))
	s.eventually("the audit log is read", func() error {
		if asked() == before {
			return errNotYet
		}
		return nil
	})
}
