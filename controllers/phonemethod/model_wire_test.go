package phonemethod

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
)

// wire carries the operator's requests to the emulator without a network.
type wire struct{ *process }

func (w wire) Do(r *http.Request) (*http.Response, error) {
	w.tick("before a request to Graph")
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body) // from memory
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	asked := w.m.asking(r, body)
	resp, err := serve(w.m.graph, r)
	w.m.answered(asked, resp, err)
	w.tick("after a request to Graph")
	if ended := r.Context().Err(); ended != nil {
		return nil, ended
	}
	return resp, err
}

// serve has the emulator answer. What it does to a connection by panicking, as
// HTTP servers do, becomes what a client sees of it.
func serve(e *emulator.Emulator, r *http.Request) (resp *http.Response, err error) {
	w := httptest.NewRecorder()
	defer func() {
		switch cut := recover(); {
		case cut == nil:
			resp = w.Result()
		case cut != any(http.ErrAbortHandler):
			panic(cut)
		case w.Body.Len() == 0:
			err = io.ErrUnexpectedEOF
			return
		default:
			resp = w.Result()
			resp.Body = io.NopCloser(io.MultiReader(w.Body, broken{}))
		}
		resp.Request = r // as net/http does: the client reads there which token was refused
	}()
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	e.ServeHTTP(w, in)
	return nil, nil // set above
}

// broken is a connection that ends in the middle of an answer.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

const (
	graphURL   = "https://graph.example"
	modelTID   = "11111111-2222-3333-4444-555555555555"
	modelCID   = "66666666-7777-8888-9999-000000000000"
	modelScope = graphURL + "/.default"
)

// connect is a Graph client of this process.
func (p *process) connect() *graph.Client {
	client, err := graph.New(graph.Options{
		Credential: tokens{p.m}, Endpoint: graphURL, Transport: wire{p}, Throttle: p.throttle,
		Abreast: 1, // a history is the same each time
	})
	must(err)
	return client
}

// tokens gets tokens from the emulator's token endpoint. Each history begins at
// the same time by its own clock, so what one got serves the others.
type tokens struct{ m *model }

var issued []azcore.AccessToken // the time of issue is in RefreshOn

func (t tokens) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	now := time.Now()
	for _, token := range issued {
		if t.m.grantedAnew {
			break
		}
		if o.Claims == "" && !now.Before(token.RefreshOn) && now.Before(token.ExpiresOn.Add(-10*time.Minute)) {
			return azcore.AccessToken{Token: token.Token, ExpiresOn: token.ExpiresOn}, nil
		}
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {modelCID}, "client_secret": {"secret"}, "scope": {modelScope},
		"claims": {`{"access_token":{"xms_cc":{"values":["cp1"]}}}`},
	}
	r := httptest.NewRequest(http.MethodPost, graphURL+"/"+modelTID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := serve(t.m.graph, r)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	var got struct {
		Token string `json:"access_token"`
		Life  int    `json:"expires_in"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Token == "" {
		return azcore.AccessToken{}, errors.Join(err, fmt.Errorf("no token: %d", resp.StatusCode))
	}
	token := azcore.AccessToken{Token: got.Token, RefreshOn: now, ExpiresOn: now.Add(time.Duration(got.Life) * time.Second)}
	if !t.m.grantedAnew {
		issued = append(issued, token)
	}
	token.RefreshOn = time.Time{}
	return token, nil
}
