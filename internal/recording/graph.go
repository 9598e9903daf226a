package recording

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/golang-jwt/jwt/v5"

	"github.com/entraops/phone-operator/internal/graph"
)

// NotRecorded is the error of a question that was not asked when the recording was made. Asking again does not help.
type NotRecorded struct{}

func (*NotRecorded) Error() string { return "the recording has no answer to this" }

// NonRetriable has azcore not ask again.
func (*NotRecorded) NonRetriable() {}

// HasGraph reports whether the Graph of an EntraTenant was asked.
func (r *Recording) HasGraph(tenant string) bool {
	return r.tenants[tenant] != nil && r.tenants[tenant].Reason == ""
}

// Broken is why an EntraTenant did not work: a reason of the API, and a sentence; "": it did, or was not looked at.
func (r *Recording) Broken(tenant string) (reason, message string) {
	if of := r.tenants[tenant]; of != nil {
		reason, message = of.Reason, of.Message
	}
	return reason, message
}

// Transport answers in place of a tenant's Graph.
func (r *Recording) Transport(tenant string) policy.Transporter {
	return playback{r.answers[tenant], r.whole[tenant]}
}

type playback struct {
	answers map[string]*answer
	whole   bool
}

// lookUp is how it is asked who a user is.
var lookUp = regexp.MustCompile(`^(.*/users)(?:/[^/?]+|\('.*'\))(\?[^/]*)$`)

func (p playback) Do(req *http.Request) (*http.Response, error) {
	path := req.URL.RequestURI()
	a := p.answers[path]
	if of := lookUp.FindStringSubmatch(path); a == nil && p.whole && of != nil { // nobody has this name
		a = p.answers[of[1]+"/"+graph.Nobody+of[2]]
	}
	if a == nil || req.Method != http.MethodGet {
		return nil, &NotRecorded{}
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if a.RequestID != "" {
		header.Set("request-id", a.RequestID)
	}
	return &http.Response{
		StatusCode: a.Status, Status: fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader([]byte(a.Body))), ContentLength: int64(len(a.Body)), Request: req,
	}, nil
}

// Credential gives tokens that say what the token of the recording said, and are good nowhere.
func (r *Recording) Credential(tenant string) azcore.TokenCredential {
	return unsigned{r.tenants[tenant]}
}

type unsigned struct{ *identity }

func (u unsigned) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	until := time.Now().Add(24 * time.Hour)
	token, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"roles": u.Permissions, "appid": u.ClientID}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	return azcore.AccessToken{Token: token, ExpiresOn: until}, err
}
