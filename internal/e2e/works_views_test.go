package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
)

const pimGroups = "PrivilegedEligibilitySchedule.Read.AzureADGroup"

// seesAll lets the app registration see every kind of protected users.
func (s *story) seesAll() { s.app(append(slices.Clone(install.Permissions), pimGroups)...) }

// sees waits until the EntraTenant says of the protected users what it should, and returns the words.
func (s *story) sees(reason string) (message string) {
	s.t.Helper()
	s.eventually("ProtectedUsersVisible is "+reason, func() error {
		o, err := s.entraTenant()
		if err != nil {
			return err
		}
		c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionProtectedUsersVisible)
		if c == nil || c.Reason != reason {
			return fmt.Errorf("it is %+v, from %+v", c, o.Status.ProtectedUsers)
		}
		message = c.Message
		return nil
	})
	return message
}

// restarted lets another operator take over, with tokens of its own.
func (s *story) restarted() {
	s.t.Helper()
	s.endAll()
	s.launch(launch{})
}

// guarded is a user of a story that runs its own operator and sees every kind of protected users, with a phone.
func guarded(t *testing.T) (*story, *team, emulator.User) {
	t.Helper()
	s := newStoryAlone(t)
	s.seesAll()
	s.launch(launch{})
	p, u := s.people, s.user()
	p.apply(p.phone("mobile", u.ID, mobile, "+1 2065550101"))
	p.ready("mobile")
	s.sees(v1alpha1.ReasonAllVisible)
	return s, p, u
}

func TestALicenceThatEndsWhileTheOperatorRuns(t *testing.T) {
	t.Parallel()
	s, p, u := guarded(t)
	must(t, s.graph.AddTenant(emulator.Tenant{ID: s.tenantID, WithoutP2: true}))
	p.edit("mobile", number("+1 2065550102"))
	p.ready("mobile")
	s.sees(v1alpha1.ReasonUnlicensed)

	s.restarted()
	p.edit("mobile", number("+1 2065550103"))
	s.has(u, "mobile +1 2065550103")
	s.sees(v1alpha1.ReasonUnlicensed)
}

// What Graph showed once it must show again, whoever asks; an administrator may decide otherwise.
func TestAPermissionThatIsTakenAwayBetweenTwoOperators(t *testing.T) {
	t.Parallel()
	s, p, u := guarded(t)
	s.app(install.Permissions...)
	s.restarted()
	p.edit("mobile", number("+1 2065550102"))
	p.refusedSaying("mobile", "has lost "+pimGroups)
	if message := s.sees(v1alpha1.ReasonPermissionRevoked); !strings.Contains(message, "kubectl patch entratenant "+s.tenant+" --subresource=status") {
		t.Errorf("it says %s", message)
	}
	s.has(u, "mobile +1 2065550101")

	tenant, err := s.entraTenant()
	must(t, err)
	must(t, s.Status().Patch(t.Context(), tenant, client.RawPatch(types.MergePatchType, []byte(`{"status":{"protectedUsers":null}}`))))
	p.ready("mobile")
	s.has(u, "mobile +1 2065550102")
	s.sees(v1alpha1.ReasonPermissionMissing)
}

// What opens the objects that a user owns is not certain: where Graph refuses to show them, the operator goes on and says
// so, until it has seen them once. A refusal then is of one user, and says nothing of the others.
func TestOwnersThatGraphDoesNotShow(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.seesAll()
	p, u := s.people, s.user()
	refused := emulator.Fault{Method: http.MethodGet, Path: u.ID + "/ownedObjects", Effect: emulator.Answer, Status: http.StatusForbidden, Code: "Authorization_RequestDenied"}
	must(t, s.graph.AddFault(refused))
	p.apply(p.phone("mobile", u.ID, mobile, "+1 2065550101"))
	p.ready("mobile")
	if message := s.sees(v1alpha1.ReasonPermissionMissing); !strings.Contains(message, "User.Read.All") {
		t.Errorf("it says %s", message)
	}

	s.graph.ClearFaults()
	p.edit("mobile", number("+1 2065550102"))
	s.has(u, "mobile +1 2065550102")
	s.sees(v1alpha1.ReasonAllVisible)

	must(t, s.graph.AddFault(refused))
	p.edit("mobile", number("+1 2065550103"))
	p.refusedSaying("mobile", "which groups other users own")
	s.sees(v1alpha1.ReasonAllVisible)
	s.has(u, "mobile +1 2065550102")
}

// refusedSaying waits until a resource is refused for what its user is, and looks for words.
func (g *team) refusedSaying(name, words string) {
	g.t.Helper()
	o := g.reaches(name, v1alpha1.ConditionAccepted, no, v1alpha1.ReasonPrivilegedUser)
	if c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionAccepted); !strings.Contains(c.Message, words) {
		g.t.Errorf("it says %s", c.Message)
	}
}
