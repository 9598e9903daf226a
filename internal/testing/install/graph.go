package install

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/entraops/phone-operator/internal/leash"
)

// Endpoint is where the operator finds Graph and the token endpoint, and whom it trusts there (PEM).
type Endpoint struct {
	URL string
	CA  []byte
}

// Serve has h be a Graph over HTTPS. All that are served in one process have one CA.
func Serve(h http.Handler) (Endpoint, *httptest.Server) {
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true // as Graph
	server.StartTLS()
	return Endpoint{server.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})}, server
}

// Graph is the emulator as a program of its own.
type Graph struct {
	*leash.Process
	Endpoint
	Control string // the URL of its control interface
}

// StartGraph runs the emulator, which Build made in dir, on free ports, and returns when it serves.
func StartGraph(ctx context.Context, dir string, args ...string) (*Graph, error) {
	ready, ca, log := filepath.Join(dir, "graph.ready"), filepath.Join(dir, "graph.ca"), filepath.Join(dir, "emulator.log")
	p, err := leash.Logged(log, nil, filepath.Join(dir, "graph-emulator"), append([]string{
		"--bind-address=127.0.0.1:0", "--control-bind-address=127.0.0.1:0", "--ca-file=" + ca, "--ready-file=" + ready}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("start the emulator: %w", err)
	}
	g := &Graph{Process: p}
	var text []byte
	err = wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		text, err = os.ReadFile(ready)
		return err == nil, nil
	})
	if err != nil {
		p.Kill()
		said, _ := os.ReadFile(log)
		return nil, fmt.Errorf("the emulator is not ready: %w\n%s", err, said)
	}
	for line := range strings.Lines(string(text)) {
		switch what, url, _ := strings.Cut(strings.TrimSpace(line), " on "); what {
		case "listening":
			g.URL = url
		case "control":
			g.Control = url
		}
	}
	g.CA, err = os.ReadFile(ca)
	return g, err
}

// Tell sends an order to the control interface, with body as JSON.
func (g *Graph) Tell(ctx context.Context, method, path string, body any) error {
	return g.talk(ctx, method, path, body, nil)
}

// Ask reads what the control interface has at path.
func (g *Graph) Ask(ctx context.Context, path string, into any) error {
	return g.talk(ctx, http.MethodGet, path, nil, into)
}

func (g *Graph) talk(ctx context.Context, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, g.Control+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}
