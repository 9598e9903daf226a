package emulator_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// authority points azidentity at the emulator.
func (g *graph) authority() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: g.server.URL},
		Transport: &http.Client{Transport: trusting(g.t, g.server)},
	}
}

// accepts checks that a credential gets a token with which Graph answers.
func (g *graph) accepts(credential azcore.TokenCredential) {
	g.t.Helper()
	token, err := credential.GetToken(context.Background(), policy.TokenRequestOptions{
		Scopes: []string{g.server.URL + "/.default"}, EnableCAE: true,
	})
	must(g.t, err)
	g.token = token.Token
	g.do("GET", phones(adaID), "").wants(200, "")
}

func TestAzidentitySignsInWithAClientSecret(t *testing.T) {
	g := start(t)
	credential, err := azidentity.NewClientSecretCredential(tenantID, clientID, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: g.authority(), DisableInstanceDiscovery: true,
	})
	must(t, err)
	g.accepts(credential)
}
