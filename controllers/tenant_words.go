package controllers

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
)

// The sentences below are for a connection that was tried in vain. They say what
// was seen, and where in the EntraTenant to look.

// noToken: Entra does not accept the credential, or it is not Entra who answers.
func noToken(spec *v1alpha1.EntraTenantSpec, e *graph.Error) string {
	if e.Code == "" && spec.Endpoint != nil && spec.Endpoint.Authority != "" {
		return "There is no token, and what answers at spec.endpoint.authority does not speak as Entra does: check the address."
	}
	return fmt.Sprintf("Entra gives no token for spec.credential: check tenantID, clientID and the credential, and that "+
		"it has not expired (Entra says %s).", cmp.Or(e.Code, "no more")) + requestID(e)
}

// noAccess: Graph does not take the token, or it does not allow to read users.
func noAccess(e *graph.Error) string {
	if e.Status == http.StatusUnauthorized {
		return "Graph does not accept the token that Entra gave: check spec.cloud, or spec.endpoint, which must be of one and the same cloud." + requestID(e)
	}
	return "The app registration may not read users: grant it User.ReadBasic.All with admin consent."
}

// noAnswer: bad weather, or an address that is wrong.
func noAnswer(spec *v1alpha1.EntraTenantSpec, e *graph.Error) string {
	check := "check that the operator's pods can reach it"
	if spec.Endpoint != nil {
		check = "check spec.endpoint: graph, authority and caBundle"
	}
	return fmt.Sprintf("Graph or the token endpoint does not answer as it should (%s). The operator keeps trying; if this lasts, %s.",
		cmp.Or(e.Cause, fmt.Sprintf("HTTP %d", e.Status)), check)
}
