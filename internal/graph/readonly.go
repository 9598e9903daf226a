package graph

import (
	"errors"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// readOnly refuses whatever would change something at Graph, before anything is sent. Code that writes can
// then be run to see what it would do, and no mistake in it reaches anybody's phone.
type readOnly struct{}

var errReadOnly = errors.New("this client only reads")

// Do passes a GET on.
func (readOnly) Do(req *policy.Request) (*http.Response, error) {
	if req.Raw().Method != http.MethodGet {
		return nil, &neverSent{errReadOnly}
	}
	return req.Next()
}
