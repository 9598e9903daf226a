package emulator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// ours is this project's description of what the emulator serves. Without it no test
// of this package runs.
const ours = "testdata/openapi.yaml"

// microsofts is Microsoft's own description of the phone methods: one more check
// where it lies beside this checkout.
const microsofts = "../../../shared/graph/openapi-phonemethods-%s.yaml"

var versions = []string{"v1.0", "beta"}

// described loads a description once; nil for Microsoft's where it is not there.
var described = func() map[string]func() (*openapi3.T, error) {
	openapi3filter.RegisterBodyDecoder("text/plain", openapi3filter.JSONBodyDecoder) // a bare number
	all := map[string]func() (*openapi3.T, error){}
	for _, version := range versions {
		all["ours, "+version] = sync.OnceValues(func() (*openapi3.T, error) { return loadOurs(version) })
		all["Microsoft's, "+version] = sync.OnceValues(func() (*openapi3.T, error) { return loadMicrosofts(version) })
	}
	return all
}()

func loadOurs(version string) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(ours)
	if err != nil {
		return nil, err
	}
	if version == "v1.0" {
		for _, name := range []string{"phone", "onePhone"} {
			delete(doc.Components.Schemas[name].Value.Properties, "lastUsedDateTime")
		}
	}
	return doc, doc.Validate(context.Background())
}

func loadMicrosofts(version string) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(fmt.Sprintf(microsofts, version))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	readAsMeant(doc)
	return doc, nil
}

// readAsMeant repairs two habits of the description. It writes "further properties
// are objects" where it means "are anything", which would refuse every error and
// every annotation. And it allows every further property, which would accept a
// phone with properties Graph does not have; a phone gets a closed list instead.
func readAsMeant(doc *openapi3.T) {
	schemas := doc.Components.Schemas
	for name, s := range schemas {
		if strings.Contains(name, "ODataError") || strings.HasSuffix(name, "CollectionResponse") {
			s.Value.AdditionalProperties = openapi3.AdditionalProperties{}
		}
	}
	phone := schemas["microsoft.graph.phoneAuthenticationMethod"].Value
	properties := openapi3.Schemas{
		"@odata.context": openapi3.NewStringSchema().NewRef(), "@odata.type": openapi3.NewStringSchema().NewRef(),
	}
	collect(phone, properties)
	closed := false
	*phone = openapi3.Schema{ // in place: the operations hold it by pointer
		Type: &openapi3.Types{"object"}, Properties: properties,
		AdditionalProperties: openapi3.AdditionalProperties{Has: &closed},
	}
}

func collect(s *openapi3.Schema, into openapi3.Schemas) {
	maps.Copy(into, s.Properties)
	for _, part := range s.AllOf {
		collect(part.Value, into)
	}
}

// checking holds every request that Graph accepted, and every answer, against the
// descriptions.
type checking struct {
	t       testing.TB
	next    http.RoundTripper
	host    string
	routers map[string]routers.Router // by description
	mu      sync.Mutex
	checked map[string]int // answers, by description
}

func newChecking(t testing.TB, serverURL string, next http.RoundTripper) *checking {
	t.Helper()
	c := &checking{t: t, next: next, host: strings.TrimPrefix(serverURL, "https://"), routers: map[string]routers.Router{}, checked: map[string]int{}}
	for name, load := range described {
		doc, err := load()
		must(t, err)
		if doc == nil {
			continue
		}
		here := *doc
		_, version, _ := strings.Cut(name, ", ")
		here.Servers = openapi3.Servers{{URL: serverURL + "/" + version}}
		c.routers[name], err = gorillamux.NewRouter(&here)
		must(t, err)
	}
	return c
}

func (c *checking) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(sent))
	answer, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err // an answer cut short
	}
	answer.Body = io.NopCloser(bytes.NewReader(got))
	c.check(r, sent, answer, got)
	return answer, nil
}

func (c *checking) check(r *http.Request, sent []byte, answer *http.Response, got []byte) {
	if r.Header.Get("Content-Encoding") != "" {
		return
	}
	for name, router := range c.routers {
		c.checkBy(name, router, r, sent, answer, got)
	}
}

func (c *checking) checkBy(name string, router routers.Router, r *http.Request, sent []byte, answer *http.Response, got []byte) {
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(sent))
	again.URL = &url.URL{Scheme: "https", Host: r.URL.Host, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	route, parameters, err := router.FindRoute(again)
	if err != nil {
		_, version, _ := strings.Cut(name, ", ")
		if strings.HasPrefix(name, "ours") && r.URL.Host == c.host && answer.StatusCode < 300 && strings.HasPrefix(r.URL.Path, "/"+version+"/") &&
			strings.Contains(r.URL.Path, "/authentication/") && !strings.Contains(r.URL.Path, "(") {
			c.t.Errorf("served, although no operation of %s: %s %s", ours, r.Method, r.URL.Path)
		}
		return
	}
	input := &openapi3filter.RequestValidationInput{
		Request: again, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if answer.StatusCode < 300 {
		if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
			c.t.Errorf("accepted, although the description (%s) does not: %s %s: %v", name, r.Method, r.URL.Path, err)
		}
	}
	if answer.StatusCode != http.StatusNoContent {
		response := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: answer.StatusCode, Header: answer.Header}
		response.SetBodyBytes(got)
		if err := openapi3filter.ValidateResponse(r.Context(), response); err != nil {
			c.t.Errorf("answered otherwise than the description (%s): %s %s: %v", name, r.Method, r.URL.Path, err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked[name]++
}

// TestEveryOperationOfTheDescriptionsIsServed walks through all operations on phones, so
// that the check that all other tests run under has met each of them.
func TestEveryOperationOfTheDescriptionsIsServed(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			g := start(t)
			root := "/" + version + "/users/" + adaID + "/authentication/phoneMethods"
			must(t, g.UpdateUser(adaID, allowSMS))
			g.do("POST", root, phoneJSON("+1 2065550100", "mobile")).wants(201, "")
			g.do("GET", root, "").wants(200, "")
			g.do("GET", root+"?$filter=phoneType%20eq%20'mobile'&$select=id,phoneNumber", "").wants(200, "")
			g.do("GET", root+"/$count", "").wants(200, "")
			g.do("GET", root+"/"+mobileID, "").wants(200, "")
			g.do("PATCH", root+"/"+mobileID, phoneJSON("+1 2065550101", "mobile")).wants(204, "")
			g.do("POST", root+"/"+mobileID+"/disableSmsSignIn", "").wants(204, "")
			g.do("POST", root+"/"+mobileID+"/enableSmsSignIn", "").wants(204, "")
			g.do("DELETE", root+"/"+mobileID, "").wants(204, "")
			g.do("DELETE", root+"/"+mobileID, "").wants(404, "")
			for name := range described {
				t.Run(name, func(t *testing.T) {
					checked := g.client.Transport.(*checking)
					switch {
					case !strings.HasSuffix(name, version):
					case checked.routers[name] == nil:
						t.Skip("not checked: this description does not lie beside the checkout")
					case checked.checked[name] != 10:
						t.Errorf("%d of 10 answers were checked", checked.checked[name])
					}
				})
			}
		})
	}
}

// TestWhatOursDescribesIsServed keeps the description from promising more than there
// is. That what is served is described, checkBy sees.
func TestWhatOursDescribesIsServed(t *testing.T) {
	doc, err := described["ours, v1.0"]()
	must(t, err)
	g := start(t)
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			url := strings.NewReplacer("{user}", adaID, "{method}", mobileID, "{phone}", mobileID, "{group}", deskID).Replace(path)
			body := ""
			if method == http.MethodPatch || strings.HasSuffix(path, "phoneMethods") && method == http.MethodPost {
				body = phoneJSON(one, "mobile")
			}
			if r := g.do(method, "/v1.0"+url, body); r.status >= 400 && (r.code() == "UnknownError" || r.status == 405 || strings.Contains(r.body, "for segment")) {
				t.Errorf("%s %s is described and not served: %d %s", method, path, r.status, r.body)
			}
		}
	}
}
