package conditions

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
)

// ForFailure says why Graph could not be asked or did not answer, and who can help, with
// Graph's request id for those who can. observe is whether the EntraTenant is in mode Observe.
func ForFailure(e *graph.Error, observe bool) Set {
	switch e.Kind {
	case graph.Throttled:
		return unknown(v1alpha1.ReasonThrottled, InProgress,
			"Graph asked for a pause, or is asked as much as it accepts: the users of the tenant take turns.")
	case graph.Forbidden:
		grant := cmp.Or(e.Permission, "UserAuthMethod-Phone.ReadWrite.All and User.ReadBasic.All")
		if !observe { // who reads phones in mode Enforce will write them
			grant = strings.Replace(grant, "Phone.Read.All", "Phone.ReadWrite.All", 1)
		}
		return unknown(v1alpha1.ReasonForbidden, Failed, fmt.Sprintf(
			"Graph does not allow this to the app registration: grant it %s, with admin consent.", grant)+RequestID(e))
	case graph.CredentialFailed:
		return unknown(v1alpha1.ReasonForbidden, Failed, "Entra gives no token for the credential of the EntraTenant: its Ready condition says more.")
	case graph.TokenRefused:
		return unknown(v1alpha1.ReasonForbidden, Failed,
			"Graph does not accept the token for the credential of the EntraTenant: its Ready condition says more. "+
				"If that is True, the EntraTenant was tried anew and Graph accepts the token there, but not for phones: look for a policy that restricts the app registration."+RequestID(e))
	case graph.Restricted:
		return unknown(v1alpha1.ReasonUserRestricted, Failed, userRestricted+RequestID(e))
	case graph.Busy:
		return unavailable("Entra is busy with other changes of this tenant and did nothing; the operator tries again.", e)
	case graph.NotFound:
		return unavailable("Graph does not show this user or phone everywhere yet; the operator looks again.", e)
	case graph.Refused, graph.InvalidNumber, graph.NumberNotUnique, graph.Unavailable, graph.Unclear:
	}
	return unavailable("Graph does not answer as it should; the operator tries again, later and later.", e)
}

func unavailable(message string, e *graph.Error) Set {
	return unknown(v1alpha1.ReasonGraphUnavailable, InProgress, message+RequestID(e))
}

// RequestID ends a sentence with the id under which Microsoft finds the request; it is
// empty where Graph gave none.
func RequestID(e *graph.Error) string {
	if e.RequestID == "" {
		return ""
	}
	return requestIDMark + e.RequestID + "."
}

// userRestricted: Graph refuses for one user what the app registration may do for others.
const userRestricted = "Graph refuses this for this user, although the app registration has the permission: the user may be in a restricted " +
	"management administrative unit, or a policy may protect the user. Give the app's service principal a role at the scope of that unit, " +
	"or manage this user's phones by hand. It is tried again at the resync."
