package graph

import (
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraops/phone-operator/internal/version"
)

// UserAgent is a policy that introduces the operator and its version, before whatever the User-Agent says already. It
// is run once per call. azcore's own way, Telemetry.ApplicationID, cuts at 24 characters, and the version of a build
// between two releases has more.
type UserAgent struct{}

// Do adds to the User-Agent.
func (UserAgent) Do(req *policy.Request) (*http.Response, error) {
	name := version.UserAgent()
	if library := req.Raw().UserAgent(); library != "" {
		name += " " + library
	}
	req.Raw().Header.Set("User-Agent", name)
	return req.Next()
}
