package graph_test

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/golang-jwt/jwt/v5"

	"github.com/entraops/phone-operator/internal/graph"
)

// witness is an answer of the real Graph, as somebody saw it. A message that nobody
// wrote down in full is left out: no message decides anything.
type witness struct {
	reply
	lacks       bool       // the token does not carry the permission
	read, write graph.Kind // "" is an answer that is not given to such a request
}

// witnesses are what real tenants were seen to answer, each with where it is recorded
// or which client relies on it: "seen" is a recorded answer, "coded" what a client in
// use branches on. Add to them what you see.
var witnesses = map[string]witness{
	// coded: scripts of an organisation that fall back to another number after this code,
	// for numbers that have Graph's form already. The status is likely and not recorded.
	"a number that Graph calls invalid": {
		reply: reply{status: 400, body: said("invalidPhoneNumber", "")}, read: graph.Refused, write: graph.InvalidNumber,
	},
	"a number that Graph calls invalid, with another status": {
		reply: reply{status: 422, body: said("invalidPhoneNumber", "")}, read: graph.Refused, write: graph.InvalidNumber,
	},
	// seen: github.com/IdentityMan/AzureAD issue 1. The code is not recorded.
	"a second phone of a type": {reply: reply{status: 400, body: said("badRequest", "already registered")}, write: graph.Refused},
	// coded: microsoft/b2c-to-meeid-migration-tool, GraphClient.cs
	"a second phone of a type, as a conflict": {reply: reply{status: 409, body: said("conflict", "already registered")}, write: graph.Refused},
	// seen: github.com/microsoftgraph/microsoft-graph-docs-contrib issue 1888
	"the default method is not deleted": {reply: reply{status: 400, body: said("badRequest", deleteDefault)}, write: graph.Refused},
	// coded: Tools4ever HelloID MFA reset
	"a mobile before the alternate mobile": {
		reply: reply{status: 400, body: said("badRequest", "without first deleting alternate mobile number")}, write: graph.Refused,
	},
	// coded: realmjoin runbooks
	"a number that another user signs in with": {
		reply: reply{status: 409, body: said("phoneNumberNotUnique", "")}, write: graph.NumberNotUnique,
	},
	// seen: github.com/nais/azurerator issue 448, several times a day
	"others change the directory": {
		reply: reply{status: 409, body: said("Directory_ConcurrencyViolation", "Please wait briefly and retry.")}, read: graph.Busy, write: graph.Busy,
	},
	// seen: github.com/Azure/azure-cli issue 23081, without Retry-After
	"others change the directory, as an error of the server": {
		reply: reply{status: 503, body: said("Directory_ConcurrencyViolation", "")}, read: graph.Unavailable, write: graph.Unclear,
	},
	// seen: github.com/microsoftgraph/msgraph-sdk-go issue 441
	"no permission for methods": {
		reply: reply{status: 403, body: said("accessDenied", "Request Authorization failed")}, lacks: true, read: graph.Forbidden, write: graph.Forbidden,
	},
	// seen: github.com/microsoftgraph/microsoft-graph-docs-contrib, json-batching.md
	"no permission for the directory": {
		reply: reply{status: 403, body: said("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")},
		lacks: true, read: graph.Forbidden, write: graph.Forbidden,
	},
	// seen: martin-machacek.com, blog post 40841599; the same code as above
	"a user in a restricted management administrative unit": {
		reply: reply{status: 403, body: said("Authorization_RequestDenied", "restricted management administrative unit")},
		read:  graph.Restricted, write: graph.Restricted,
	},
	// The service for methods says it in its own word, as of every refusal.
	"a user whom the service for methods protects": {
		reply: reply{status: 403, body: said("accessDenied", "Request Authorization failed")}, read: graph.Restricted, write: graph.Restricted,
	},
	// seen: many, such as github.com/microsoftgraph/microsoft-graph-docs issue 6059
	"no such user": {
		reply: reply{status: 404, body: said("Request_ResourceNotFound", "")}, read: graph.NotFound, write: graph.NotFound,
	},
	// The status is coded (microsoft/b2c-to-meeid-migration-tool); that the code is this
	// one is likely, by the other codes of this service.
	"no such method": {reply: reply{status: 404, body: said("resourceNotFound", "")}, read: graph.NotFound, write: graph.NotFound},
	// seen: github.com/microsoftgraph/msgraph-sdk-java issue 260, of another service
	"no such method, in other capitals": {reply: reply{status: 404, body: said("ResourceNotFound", "")}, read: graph.NotFound, write: graph.NotFound},
	// documented: learn.microsoft.com/graph/errors
	"no such item": {reply: reply{status: 404, body: said("itemNotFound", "")}, read: graph.NotFound, write: graph.NotFound},
	// seen: github.com/microsoftgraph/microsoft-graph-docs-contrib issue 1267, to a DELETE
	"a route that is lost": {
		reply: reply{status: 404, body: said("UnknownError", `{"Message":"No HTTP resource was found that matches the request URI"}`)},
		read:  graph.Unavailable, write: graph.Unclear,
	},
	// seen: github.com/microsoftgraph/microsoft-graph-docs issue 2290, of one account only
	"a page of the web server behind Graph": {
		reply: reply{status: 404, body: said("UnknownError", "<title>404 - File or directory not found.</title>")},
		read:  graph.Unavailable, write: graph.Unclear,
	},
	// seen: github.com/microsoftgraph/microsoft-graph-docs-contrib, json-batching.md
	"a code that is empty": {
		reply: reply{status: 404, body: `{"error":{"code":"","message":"The requested item is not found."}}`}, read: graph.Unavailable, write: graph.Unclear,
	},
	"a code of 404 that nobody has seen": {reply: reply{status: 404, body: said("notHere", "")}, read: graph.Unavailable, write: graph.Unclear},
	// general Graph
	"a token that is not accepted": {
		reply: reply{status: 401, body: said("InvalidAuthenticationToken", "Lifetime validation failed")}, read: graph.TokenRefused, write: graph.TokenRefused,
	},
	// seen: github.com/jsa2/AADAppAudit issue 9
	"the directory is asked too often": {
		reply: reply{429, map[string]string{"Retry-After": "10"}, said("TooManyRequests", "under category:aadgraph.app.tenant_large")},
		read:  graph.Throttled, write: graph.Throttled,
	},
	// seen: github.com/JBines/Remove-StaleGuests issue 3
	"reports are asked too often": {
		reply: reply{status: 429, body: said("UnknownError", "This request is throttled.")}, read: graph.Throttled, write: graph.Throttled,
	},
	// documented: learn.microsoft.com/graph/errors
	"an error inside Graph": {reply: reply{status: 500, body: said("generalException", "")}, read: graph.Unavailable, write: graph.Unclear},
	// seen: github.com/Galvnyz/M365-Assess issue 117
	"no licence": {reply: reply{status: 400, body: said("AadPremiumLicenseRequired", "The tenant needs to have…")}, read: graph.Refused},
	// seen: github.com/microsoftgraph/microsoft-graph-docs-contrib, json-batching.md
	"a verb that is not for the directory": {reply: reply{status: 405, body: said("Request_BadRequest", "")}, write: graph.Refused},
	// seen: github.com/microsoftgraph/microsoft-graph-docs issue 22292, of PIM: the code is in the message
	"a scope that is missing": {
		reply: reply{status: 403, body: said("UnknownError", `{"errorCode":"PermissionScopeNotGranted","message":"Authorization failed due to missing permission scope"}`)},
		read:  graph.Forbidden, write: graph.Forbidden,
	},
	// seen: several clients branch on it, of sign-ins and of the registration report
	"a scope that is missing, of the audit log": {
		reply: reply{status: 403, body: said("Authentication_MSGraphPermissionMissing", "")}, read: graph.Forbidden,
	},
	// seen: github.com/microsoftgraph/microsoft-graph-docs-contrib issue 3808
	"no licence for a report": {
		reply: reply{status: 403, body: said("Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is B2C or tenant doesn't have premium license")}, read: graph.Restricted,
	},
	// Nobody saw the next three of a service; Graph's front answers so to what it does not understand.
	"a refusal that Graph's front does not understand": {
		reply: reply{status: 403, body: said("UnknownError", "")}, read: graph.Unavailable, write: graph.Unclear,
	},
	"a refusal that Graph's front does not understand, to a token without the permission": {
		reply: reply{status: 403, body: said("UnknownError", "")}, lacks: true, read: graph.Forbidden, write: graph.Forbidden,
	},
	"a code of 403 that nobody has seen": {reply: reply{status: 403, body: said("notToday", "")}, read: graph.Unavailable, write: graph.Unclear},
	// Not Graph's: a page of a gateway to somebody who may do all this.
	"a page of a gateway": {reply: reply{status: 403, body: "<html>blocked</html>"}, read: graph.Unavailable, write: graph.Unclear},
}

func TestWhatRealAnswersMean(t *testing.T) {
	for name, tc := range witnesses {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // reads are retried: time is not real here
				roles := append([]string{"AuditLog.Read.All"}, permissions...)
				if tc.lacks {
					roles = nil
				}
				c := newClient(t, over(func(r *http.Request) (*http.Response, error) { return tc.response(r), nil }), credentials(&carrying{roles: [][]string{roles}}))
				for op, do := range operations(number(t, "+12065550100")) {
					want := tc.write
					if isRead(op) {
						want = tc.read
					}
					if want == "" || op == "list privileges" { // which asks more than one question
						continue
					}
					err := do(context.Background(), c)
					if e := failure(t, err); e.Kind != want || e.Status != tc.status || graph.Silent(err) {
						t.Errorf("%s: %v, want %s", op, e, want)
					}
				}
			})
		})
	}
}

// carrying is a credential whose tokens carry permissions: with each token that is
// asked for with claims those of the next list.
type carrying struct {
	roles  [][]string
	anew   int // tokens asked for with claims
	failed error
}

func credentials(c azcore.TokenCredential) option { return func(o *graph.Options) { o.Credential = c } }

// issuing guards all credentials of the tests: privileges are asked with several requests at once.
var issuing sync.Mutex

func (c *carrying) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	issuing.Lock()
	defer issuing.Unlock()
	if o.Claims != "" {
		if c.failed != nil {
			return azcore.AccessToken{}, c.failed
		}
		c.anew++
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"roles": c.roles[min(c.anew, len(c.roles)-1)], "jti": strconv.Itoa(c.anew),
	}).SignedString([]byte("a key of no use"))
	return azcore.AccessToken{Token: signed, ExpiresOn: time.Now().Add(24 * time.Hour)}, err
}
