package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/leash"
)

const (
	tenantID = "11111111-2222-3333-4444-555555555555"
	clientID = "66666666-7777-8888-9999-000000000000"
	secret   = "not a secret"
	domain   = "contoso.com"
)

// graph is the emulator as it runs, steered over its control interface.
type graph struct {
	process      *leash.Process
	url, control string
	ca           []byte
}

func startGraph(ctx context.Context, dir string) (*graph, error) {
	g := &graph{}
	ready, ca := dir+"/graph.ready", dir+"/graph.ca"
	var err error
	g.process, err = leash.Logged(dir+"/emulator.log", nil, dir+"/graph-emulator", "--bind-address=127.0.0.1:0",
		"--control-bind-address=127.0.0.1:0", "--ca-file="+ca, "--ready-file="+ready,
		"--read-lag=0") // a figure of the operator is none of Graph's delays
	if err != nil {
		return nil, err
	}
	var text []byte
	err = wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		text, err = os.ReadFile(ready)
		return err == nil, nil
	})
	if err != nil {
		return nil, fmt.Errorf("wait for the emulator: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if what, url, _ := strings.Cut(strings.TrimSpace(line), " on "); what == "control" {
			g.control = url
		} else {
			g.url = url
		}
	}
	if g.ca, err = os.ReadFile(ca); err != nil {
		return nil, err
	}
	return g, g.tell(ctx, http.MethodPost, "/seed", emulator.Seed{
		Tenants: []emulator.Tenant{{ID: tenantID, Domains: []string{domain}}},
		Apps: []emulator.App{{ClientID: clientID, Secret: secret, Roles: []string{
			"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "RoleManagement.Read.Directory", "GroupMember.Read.All"}}},
	})
}

// tell sends an order to the control interface.
func (g *graph) tell(ctx context.Context, method, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return g.talk(ctx, method, path, bytes.NewReader(text), nil)
}

// requests returns what Graph was asked since forget, the token endpoint left out.
func (g *graph) requests(ctx context.Context) ([]emulator.Request, error) {
	var all, graph []emulator.Request
	if err := g.talk(ctx, http.MethodGet, "/requests", nil, &all); err != nil {
		return nil, err
	}
	for _, r := range all {
		if strings.HasPrefix(r.Path, "/v1.0/") && r.Batch == "" {
			graph = append(graph, r)
		}
	}
	return graph, nil
}

func (g *graph) forget(ctx context.Context) error {
	return g.talk(ctx, http.MethodDelete, "/requests", nil, nil)
}

func (g *graph) talk(ctx context.Context, method, path string, body io.Reader, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, g.control+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close() // read to its end, or of no use
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
