package emulator_test

import (
	"bytes"
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

// Microsoft's own description of the phone methods, where this repository is
// checked out beside it.
const descriptions = "../../../shared/graph/openapi-phonemethods-%s.yaml"

// description loads Microsoft's description of one version, nil where it is not there.
var description = map[string]func() (*openapi3.T, error){
	"v1.0": sync.OnceValues(func() (*openapi3.T, error) { return load("v1.0") }),
	"beta": sync.OnceValues(func() (*openapi3.T, error) { return load("beta") }),
}

func load(version string) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(fmt.Sprintf(descriptions, version))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	readAsMeant(doc)
	openapi3filter.RegisterBodyDecoder("text/plain", openapi3filter.JSONBodyDecoder) // a bare number
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

// checking holds every request that Graph accepted, and every answer, against
// Microsoft's description.
type checking struct {
	t       testing.TB
	next    http.RoundTripper
	routers map[string]routers.Router
	checked func()
}

func newChecking(t testing.TB, serverURL string, next http.RoundTripper) *checking {
	t.Helper()
	c := &checking{t: t, next: next, routers: map[string]routers.Router{}, checked: func() {}}
	for version, load := range description {
		doc, err := load()
		must(t, err)
		if doc == nil {
			continue
		}
		here := *doc
		here.Servers = openapi3.Servers{{URL: serverURL + "/" + version}}
		c.routers[version], err = gorillamux.NewRouter(&here)
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
	version, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	router := c.routers[version]
	if router == nil || r.Header.Get("Content-Encoding") != "" {
		return
	}
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(sent))
	again.URL = &url.URL{Scheme: "https", Host: r.URL.Host, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	route, parameters, err := router.FindRoute(again)
	if err != nil {
		return // not an operation of the description
	}
	input := &openapi3filter.RequestValidationInput{
		Request: again, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if answer.StatusCode < 300 {
		if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
			c.t.Errorf("accepted, although Microsoft's description does not: %s %s: %v", r.Method, r.URL.Path, err)
		}
	}
	if answer.StatusCode != http.StatusNoContent {
		response := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: answer.StatusCode, Header: answer.Header}
		response.SetBodyBytes(got)
		if err := openapi3filter.ValidateResponse(r.Context(), response); err != nil {
			c.t.Errorf("answered otherwise than Microsoft's description: %s %s: %v", r.Method, r.URL.Path, err)
		}
	}
	c.checked()
}

// TestEveryOperationOfTheDescriptionIsServed walks through all operations, so that
// the check that all other tests run under has met each of them.
func TestEveryOperationOfTheDescriptionIsServed(t *testing.T) {
	for version, load := range description {
		t.Run(version, func(t *testing.T) {
			doc, err := load()
			must(t, err)
			if doc == nil {
				t.Skip("Microsoft's OpenAPI description is not beside this checkout")
			}
			g := start(t)
			checks := 0
			g.client.Transport.(*checking).checked = func() { checks++ }
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
			if checks != 10 {
				t.Errorf("%d of 10 answers were checked", checks)
			}
		})
	}
}

// TestTheCheckAgainstTheDescriptionCanFail proves that the check sees what it is for.
func TestTheCheckAgainstTheDescriptionCanFail(t *testing.T) {
	doc, err := description["v1.0"]()
	must(t, err)
	if doc == nil {
		t.Skip("Microsoft's OpenAPI description is not beside this checkout")
	}
	for name, entity := range map[string]any{
		"an unknown property": map[string]any{"id": "1", "number": "x"},
		"an unknown state":    map[string]any{"smsSignInState": "on"},
		"an unknown type":     map[string]any{"phoneType": "fax"},
		"a date of no form":   map[string]any{"createdDateTime": "yesterday"},
	} {
		schema := doc.Components.Schemas["microsoft.graph.phoneAuthenticationMethod"].Value
		if schema.VisitJSON(entity) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
