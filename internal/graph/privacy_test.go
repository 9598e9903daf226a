package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/log"

	"github.com/entraops/phone-operator/internal/graph"
)

// What must not come out: of the number, of the names, of what Graph said, and the token.
var secrets = []string{"2065550", "5550187", "40917", "ada@", "o''brien", "said so", "a test token"}

func clean(t *testing.T, what, out string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(strings.ToLower(out), s) {
			t.Errorf("%s shows %q: %s", what, s, out)
		}
	}
}

func TestNoErrorShowsWhatGraphSaid(t *testing.T) {
	n := number(t, "+1 2065550187x40917")
	message := "Graph said so: ada@contoso.example has +1 2065550187x40917"
	for name, answer := range map[string]http.HandlerFunc{
		"refused": func(w http.ResponseWriter, _ *http.Request) {
			reply{status: 400, body: said("badRequest", message)}.write(w)
		},
		"as a code": func(w http.ResponseWriter, _ *http.Request) {
			reply{status: 400, body: said(message, message)}.write(w)
		},
		"as a text": func(w http.ResponseWriter, _ *http.Request) { reply{status: 500, body: message}.write(w) },
		"as an id": func(w http.ResponseWriter, _ *http.Request) {
			reply{400, map[string]string{"request-id": message}, ""}.write(w)
		},
		"as a success": func(w http.ResponseWriter, _ *http.Request) {
			reply{status: 200, body: `{"value":"` + message}.write(w)
		},
		"as a wait": func(w http.ResponseWriter, _ *http.Request) {
			reply{429, map[string]string{"Retry-After": message}, ""}.write(w)
		},
		"as a redirect": func(w http.ResponseWriter, _ *http.Request) {
			reply{302, map[string]string{"Location": "https://elsewhere.example/ada@contoso.example"}, ""}.write(w)
		},
		"cut": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, answer)
			c := s.client(t)
			for op, do := range operations(n) {
				err := do(context.Background(), c)
				if err == nil {
					continue // writes take any success
				}
				clean(t, op, fmt.Sprintf("%v %+v %#v %q", err, err, err, err))
				b, _ := json.Marshal(err)
				clean(t, op+" as JSON", string(b))
			}
			if _, err := c.User(context.Background(), "o'brien@contoso.example"); err != nil {
				clean(t, "look up", err.Error())
			}
		})
	}
}

// azcore writes a log of its own for whoever listens.
func TestTheLogOfAzcoreShowsNoNumberAndNoToken(t *testing.T) {
	var mu sync.Mutex
	var out bytes.Buffer
	log.SetListener(func(_ log.Event, s string) {
		mu.Lock()
		defer mu.Unlock()
		out.WriteString(s)
	})
	t.Cleanup(func() { log.SetListener(nil) })

	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		reply{400, map[string]string{"request-id": requestID}, said("badRequest", "Graph said so: +1 2065550187x40917")}.write(w)
	})
	c := s.client(t)
	for op, do := range operations(number(t, "+1 2065550187x40917")) {
		if op != "look up user" { // its address holds the name, as everywhere
			_ = do(context.Background(), c)
		}
	}
	clean(t, "the log", out.String())
	for _, want := range []string{"client-request-id", requestID, graph.MethodID("mobile")} {
		if !strings.Contains(strings.ToLower(out.String()), want) {
			t.Errorf("the log does not show %s", want)
		}
	}
}
