package phonemethod

import (
	"testing"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
)

func TestWhatHasTheTenantLookedAt(t *testing.T) {
	for sentence, tc := range map[string]struct {
		failure graph.Error
		looked  bool
	}{
		"Graph does not accept the token":        {graph.Error{Kind: graph.TokenRefused}, true},
		"Entra gives no token":                   {graph.Error{Kind: graph.CredentialFailed}, true},
		"the token lacks a permission":           {graph.Error{Kind: graph.Forbidden, Permission: "User.ReadBasic.All"}, true},
		"Graph refuses one user":                 {graph.Error{Kind: graph.Forbidden}, false},
		"Graph asks for a pause":                 {graph.Error{Kind: graph.Throttled}, false},
		"Graph does not answer":                  {graph.Error{Kind: graph.Unavailable}, false},
		"the user is in a unit out of our reach": {graph.Error{Kind: graph.Restricted}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			looked := false
			r := &Reconciler{Doubt: func(string, graph.Kind) { looked = true }}
			r.doubtTenant(snapshot{tenant: &tenant.Tenant{Name: "contoso"}}, &tc.failure)
			if looked != tc.looked {
				t.Errorf("the tenant is looked at: %v", looked)
			}
		})
	}
}
