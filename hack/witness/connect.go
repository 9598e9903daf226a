package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
)

// service is a Graph to ask. Beside the operator's client it sends requests as they are, with what that client would
// never send, once each.
type service struct {
	client   *graph.Client
	pipeline runtime.Pipeline
	root     string // with the version, without a slash at the end
}

// connect makes the clients of the Graph that the command line names. It sends nothing.
func connect(o options) (*service, error) {
	place := tenant.Place{Graph: o.endpoint, Authority: o.authority}
	if o.ca != "" {
		bundle, err := os.ReadFile(o.ca)
		if err != nil {
			return nil, fmt.Errorf("read -ca: %w", err)
		}
		place.CABundle = bundle
	}
	credential, err := credentialFor(o, place)
	if err != nil {
		return nil, err
	}
	return serviceAt(place, credential)
}

// connectEmulator is the same for an emulator of this process.
func connectEmulator(server *emulator.Server) (*service, error) {
	place := tenant.Place{Graph: server.URL, Authority: server.URL, CABundle: server.CAPEM}
	credential, err := place.Credential(tenant.Identity{
		TenantID: emulatedTenant, ClientID: emulatedClient, Proof: tenant.ClientSecret(emulatedSecret),
	})
	if err != nil {
		return nil, err
	}
	return serviceAt(place, credential)
}

func serviceAt(place tenant.Place, credential azcore.TokenCredential) (*service, error) {
	to, err := place.GraphOptions(credential)
	if err != nil {
		return nil, err
	}
	client, err := graph.New(to)
	if err != nil {
		return nil, err
	}
	audience := to.Audience
	if audience == "" {
		audience = strings.TrimRight(to.Endpoint, "/")
	}
	bearer := runtime.NewBearerTokenPolicy(credential, []string{audience + "/.default"}, nil)
	return &service{
		client: client,
		pipeline: runtime.NewPipeline("phone-operator-witness", "v0", runtime.PipelineOptions{PerRetry: []policy.Policy{bearer}},
			&policy.ClientOptions{Transport: to.Transport, Retry: policy.RetryOptions{MaxRetries: -1, TryTimeout: 70 * time.Second}}),
		root: strings.TrimRight(to.Endpoint, "/") + "/v1.0",
	}, nil
}

// credentialFor takes the secret of the environment if there is one. Without, DefaultAzureCredential looks for a
// workload identity, a managed identity, and who is signed in with az.
func credentialFor(o options, place tenant.Place) (azcore.TokenCredential, error) {
	if secret := os.Getenv("AZURE_CLIENT_SECRET"); secret != "" {
		return place.Credential(tenant.Identity{TenantID: o.tenant, ClientID: o.client, Proof: tenant.ClientSecret(secret)})
	}
	if o.authority != "" {
		return nil, errors.New("with -authority, give -client and AZURE_CLIENT_SECRET")
	}
	return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{TenantID: o.tenant})
}

// request is one to be sent, below the version.
type request struct {
	method, path string
	body         any // written as JSON; nil: none
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request once. An error means that there was no answer.
func (s *service) do(ctx context.Context, r request) (reply, error) {
	req, err := runtime.NewRequest(ctx, r.method, s.root+"/"+r.path)
	if err != nil {
		return reply{}, err
	}
	req.Raw().Header.Set("Accept", "application/json")
	if r.body != nil {
		if err := runtime.MarshalAsJSON(req, r.body); err != nil {
			return reply{}, err
		}
	}
	resp, err := s.pipeline.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return reply{resp.StatusCode, resp.Header, body}, err
}

// rows are the entries of a collection in an answer.
func (r reply) rows() ([]map[string]any, error) {
	var page struct {
		Value []map[string]any `json:"value"`
	}
	if r.status != http.StatusOK {
		return nil, fmt.Errorf("status %d", r.status)
	}
	err := json.NewDecoder(bytes.NewReader(r.body)).Decode(&page)
	return page.Value, err
}
