package graph

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// longAgo is what every token of now was issued after, whatever the clocks say.
const longAgo = time.Hour

// renewed says, of an answer that the token was not accepted, whether there is another
// one to try. Graph may refuse a token before its time is up, by its own clock or because
// it was revoked, and the caches below keep it until then: only a request with claims
// passes them. The claim is that of a challenge, the least time of issue.
//
// Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge
func (c *credential) renewed(ctx context.Context, resp *http.Response, scopes []string) bool {
	if resp.StatusCode != http.StatusUnauthorized || resp.Request == nil {
		return false
	}
	refused := strings.TrimPrefix(resp.Request.Header.Get("Authorization"), "Bearer ")
	c.renewing.Lock() // many hear the same at once, and one new token does for all
	defer c.renewing.Unlock()
	anew := fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, time.Now().Add(-longAgo).Unix())
	for _, claims := range []string{"", anew} {
		token, err := c.GetToken(ctx, policy.TokenRequestOptions{Scopes: scopes, EnableCAE: true, Claims: claims})
		if err != nil || token.Token != refused {
			return err == nil
		}
	}
	return false
}
