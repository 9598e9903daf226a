package entratenant

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
)

// The sentences below are for a connection that cannot be made, or was tried in
// vain. They say what was seen, and where in the EntraTenant to look.

// paceTooSlow names no figures: they are in status, and change.
const paceTooSlow = "At the pace that Graph accepts, to read each user once takes longer (status.pace.driftPass) than spec.resyncPeriod: " +
	"what is changed in Entra is found later, and nothing else waits for that. Set a longer resyncPeriod, or a higher " +
	"limits.authenticationRequestsPerMinute if that is what holds the pace."

const auditLogNotGranted = "The app registration may not read Entra's audit log: each user is read once in resyncPeriod to find what is " +
	"changed in Entra. To find it within minutes, and with far fewer requests, grant it AuditLog.Read.All and " +
	"Directory.Read.All, with admin consent. It counts from the operator's next token on."

func noSecret(ref *v1alpha1.SecretReference) string {
	return fmt.Sprintf("There is no Secret %s/%s: create it with the credential under key %q.", ref.Namespace, ref.Name, ref.Key)
}

func noSecretKey(ref *v1alpha1.SecretReference) string {
	return fmt.Sprintf("Secret %s/%s has no key %q: add it, with the credential as its value.", ref.Namespace, ref.Name, ref.Key)
}

func namespaceNotAllowed(ref *v1alpha1.SecretReference, allowed []string) string {
	return fmt.Sprintf("The operator takes no credential from namespace %s: keep the Secret in %s, or have the operator started "+
		"with --credential-namespaces=%s.", ref.Namespace, strings.Join(allowed, " or "), ref.Namespace)
}

func secretForbidden(ref *v1alpha1.SecretReference) string {
	return fmt.Sprintf("The operator may not read Secret %s/%s: grant its ServiceAccount the verb get on secrets in namespace %s, "+
		"or name a Secret that it may read.", ref.Namespace, ref.Name, ref.Namespace)
}

// unread: the API server does not give the Secret, for no reason of its own.
func unread(spec *v1alpha1.EntraTenantSpec) string {
	const waits = " The operator keeps trying, and does nothing for this tenant meanwhile; its log says more."
	if ref := spec.Credential.SecretReference(); ref != nil {
		return fmt.Sprintf("Secret %s/%s could not be read from the API server.", ref.Namespace, ref.Name) + waits
	}
	return "The API server does not answer as it should." + waits
}

// noToken: Entra does not accept the credential.
func noToken(e *graph.Error) string {
	return fmt.Sprintf("Entra gives no token for spec.credential: check tenantID, clientID and the credential, and that "+
		"it has not expired (Entra says %s).", cmp.Or(e.Code, "no more")) + conditions.RequestID(e)
}

// noAccess: Graph does not take the token, or it does not allow to read users.
func noAccess(e *graph.Error) string {
	if e.Kind == graph.TokenRefused {
		return "Graph does not accept the token that Entra gave: check spec.cloud, or spec.endpoint, which must be of one and the same cloud." + conditions.RequestID(e)
	}
	if e.Kind == graph.Restricted {
		return "Graph does not let the app registration read users, although its token carries a permission for it: grant it " +
			"User.Read.All, with admin consent, and look for policies that restrict the app." + conditions.RequestID(e)
	}
	return "The app registration may not read users: grant it User.ReadBasic.All with admin consent."
}

// heldByAnother: two operators select one EntraTenant, or it moves from one to the other.
func heldByAnother(holder, waiting string) string {
	return fmt.Sprintf("Operator %s selects this EntraTenant, too, and leaves it alone: operator %s holds its Lease. While the EntraTenant "+
		"moves from the one to the other, this is over in a moment; if it lasts, give the two a --tenant-selector each of which only one matches, "+
		"or end one of them.", waiting, holder)
}

// mendProxy says what to do about a proxy that refuses.
func mendProxy(p *graph.ProxyError) string {
	if p.Status == http.StatusProxyAuthRequired {
		return "Put the user and password that it asks for into HTTPS_PROXY, have it let the operator through without, or except the host with NO_PROXY"
	}
	return "Have it let the operator through, or except the host with NO_PROXY"
}

// noAnswer: bad weather, or an address that is wrong.
func noAnswer(spec *v1alpha1.EntraTenantSpec, e *graph.Error) string {
	if p := e.Proxy; p != nil {
		return fmt.Sprintf("The proxy %s, which the operator's environment names (HTTPS_PROXY), does not connect to %s: it answers HTTP %d %s. "+
			"%s. The operator keeps trying.", p.Proxy, p.Target, p.Status, http.StatusText(p.Status), mendProxy(p))
	}
	check := "check that the operator's pods can reach it; where a proxy inspects TLS, its certificate authority goes into spec.endpoint.caBundle"
	if spec.Endpoint != nil && (spec.Endpoint.Graph != "" || spec.Endpoint.Authority != "") {
		check = "check spec.endpoint: graph, authority and caBundle"
	}
	return fmt.Sprintf("Graph or the token endpoint does not answer as it should (%s). The operator keeps trying; if this lasts, %s.",
		cmp.Or(e.Cause, fmt.Sprintf("HTTP %d", e.Status)), check)
}
