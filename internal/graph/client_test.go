package graph_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
)

const methods = "/v1.0/users/" + adaID + "/authentication/phoneMethods"

// The list as Graph documents it: office first, and more in it than we know.
const listBody = `{
  "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users('0f1c0000-0000-4000-8000-000000000001')/authentication/phoneMethods",
  "value": [
    {"id": "e37fc753-ff3b-4958-9484-eaa9425c82bc", "phoneNumber": "+1 2065550102x123", "phoneType": "office",
     "smsSignInState": "notSupported", "createdDateTime": null, "fax": {"number": [1]}},
    {"id": "3179E48A-750B-4051-897C-87B9720928F7", "phoneNumber": "+1 206 555 0100", "phoneType": "mobile", "smsSignInState": "ready"},
    {"id": "00000000-0000-4000-8000-00000000000f", "phoneNumber": "+1 2065550103", "phoneType": "unknownFutureValue"}
  ]}`

func TestEachCallIsTheDocumentedRequest(t *testing.T) {
	n := number(t, "+12065550100")
	for op, tc := range map[string]struct {
		method, uri, body string
		answer            reply
	}{
		"look up user": {
			"GET", "/v1.0/users/ada@contoso.example?$select=id,userPrincipalName", "",
			reply{status: 200, body: `{"id":"` + adaID + `","userPrincipalName":"ada@contoso.example"}`},
		},
		"list phone methods": {"GET", methods, "", reply{status: 200, body: listBody}},
		"list audit records": {
			"GET", "/v1.0/auditLogs/directoryAudits?$filter=activityDateTime%20ge%202030-01-02T03%3A04%3A05Z%20and%20loggedByService%20eq%20%27Authentication%20Methods%27&$top=500", "",
			reply{status: 200, body: `{"value":[]}`},
		},
		"list registrations": {"GET", "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999", "", reply{status: 200, body: `{"value":[]}`}},
		"create phone method": {
			"POST", methods, `{"phoneNumber":"+1 2065550100","phoneType":"mobile"}`,
			reply{status: 201, body: `{"id":"3179e48a-750b-4051-897c-87b9720928f7","phoneNumber":"+1 2065550100","phoneType":"mobile","smsSignInState":"notEnabled"}`},
		},
		"update phone method": {
			"PATCH", methods + "/3179e48a-750b-4051-897c-87b9720928f7", `{"phoneNumber":"+1 2065550100","phoneType":"mobile"}`,
			reply{status: 204},
		},
		"delete phone method": {"DELETE", methods + "/3179e48a-750b-4051-897c-87b9720928f7", "", reply{status: 204, header: map[string]string{"request-id": requestID}}},
		"enable SMS sign-in":  {"POST", methods + "/3179e48a-750b-4051-897c-87b9720928f7/enableSmsSignIn", "", reply{status: 204}},
		"disable SMS sign-in": {"POST", methods + "/3179e48a-750b-4051-897c-87b9720928f7/disableSmsSignIn", "", reply{status: 204}},
	} {
		t.Run(op, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) { tc.answer.write(w) })
			must(t, operations(n)[op](context.Background(), s.client(t)))
			got := s.requests()
			if len(got) != 1 {
				t.Fatalf("%d requests", len(got))
			}
			want := seen{Method: tc.method, URI: tc.uri, Body: tc.body}
			if diff := cmp.Diff(want, got[0], cmpopts.IgnoreFields(seen{}, "Header")); diff != "" {
				t.Error(diff)
			}
			h := got[0].Header
			if h.Get("Authorization") != "Bearer a test token" {
				t.Error("the token is not sent")
			}
			if uuid.Validate(h.Get("client-request-id")) != nil {
				t.Errorf("client-request-id = %q", h.Get("client-request-id"))
			}
			if (tc.body != "") != (h.Get("Content-Type") == "application/json") {
				t.Errorf("Content-Type = %q with the body %q", h.Get("Content-Type"), tc.body)
			}
			if got := h.Get("User-Agent"); !regexp.MustCompile(`^phone-operator/\S+$`).MatchString(got) {
				t.Errorf("the User-Agent is %q", got)
			}
			if h.Get("x-ms-throttle-priority") != "" {
				t.Error("a priority is set that nobody asked for")
			}
		})
	}
}

func TestTheListIsReadTolerantly(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { reply{status: 200, body: "\ufeff" + listBody}.write(w) })
	got, err := s.client(t).PhoneMethods(context.Background(), adaID)
	must(t, err)
	want := []graph.PhoneMethod{
		{ID: "e37fc753-ff3b-4958-9484-eaa9425c82bc", Type: phone.Office, Number: phone.Read("+12065550102x123"), SMSSignInState: phone.NotSupported},
		{ID: "3179e48a-750b-4051-897c-87b9720928f7", Type: phone.Mobile, Number: phone.Read("+12065550100"), SMSSignInState: phone.Ready},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(phone.Reading{})); diff != "" {
		t.Error(diff)
	}
}

func TestTheTypeOfAMethodIsKnownByItsIDFirst(t *testing.T) {
	mobile, none := graph.MethodID(phone.Mobile), "00000000-0000-4000-8000-00000000000f"
	for name, tc := range map[string]struct {
		id, phoneType string
		want          phone.Type // "" is left out
	}{
		"by both":                 {mobile, "mobile", phone.Mobile},
		"by the id alone":         {mobile, "", phone.Mobile},
		"by the id, not the type": {mobile, "office", phone.Mobile},
		"by the type of a new id": {none, "office", phone.Office},
		"by neither":              {none, "unknownFutureValue", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
				return reply{status: 200, body: `{"value":[{"id":"` + tc.id + `","phoneType":"` + tc.phoneType + `"}]}`}.response(r), nil
			}))
			got, err := c.PhoneMethods(t.Context(), adaID)
			must(t, err)
			switch {
			case tc.want == "" && len(got) == 0:
			case len(got) != 1 || got[0].Type != tc.want || got[0].ID != tc.id:
				t.Errorf("methods = %v", got)
			}
		})
	}
}

func TestAStateThatCannotBeOneIsNotPassedOn(t *testing.T) {
	for name, tc := range map[string]struct{ says, want string }{
		"a state":                 {`"ready"`, "ready"},
		"one that is new":         {`"somethingNew"`, "somethingNew"},
		"none":                    {`""`, ""},
		"no text":                 {`{"state":"ready"}`, ""},
		"a number":                {`"+1 2065550100"`, "unknownFutureValue"},
		"a sentence":              {`"ready for ada"`, "unknownFutureValue"},
		"a line break":            {`"ready\n"`, "unknownFutureValue"},
		"a word that is too long": {`"` + strings.Repeat("a", 41) + `"`, "unknownFutureValue"},
		"letters of another kind": {`"rеady"`, "unknownFutureValue"}, // the e is Cyrillic
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, over(func(r *http.Request) (*http.Response, error) {
				return reply{status: 200, body: `{"value":[{"id":"` + graph.MethodID(phone.Mobile) + `","smsSignInState":` + tc.says + `}]}`}.response(r), nil
			}))
			methods, err := c.PhoneMethods(context.Background(), adaID)
			must(t, err)
			if got := string(methods[0].SMSSignInState); got != tc.want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestCreateGivesTheMethodAsGraphHasIt(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		reply{status: 201, body: `{"id":"b6332ec1-7057-4abe-9331-3d72feddfe41","phoneNumber":"+1 2065550101","phoneType":"alternateMobile","smsSignInState":"somethingNew"}`}.write(w)
	})
	got, err := s.client(t).CreatePhoneMethod(context.Background(), adaID, phone.AlternateMobile, number(t, "+12065550101"))
	must(t, err)
	want := graph.PhoneMethod{
		ID: graph.MethodID(phone.AlternateMobile), Type: phone.AlternateMobile,
		Number: phone.Read("+1 2065550101"), SMSSignInState: "somethingNew",
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(phone.Reading{})); diff != "" {
		t.Error(diff)
	}
}

func TestAnUpdateMayBeAnsweredWithTheMethod(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		reply{status: 200, header: map[string]string{"request-id": "3c1e2f9a-6f6e-4c43-9f6d-111111111111"}, body: `{"id":"x","phoneNumber":17}`}.write(w)
	})
	must(t, s.client(t).UpdatePhoneMethod(context.Background(), adaID, phone.Office, number(t, "+12065550102x1")))
}

func TestTheVersionIsPartOfThePath(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	c := s.client(t, func(o *graph.Options) { o.Version, o.Endpoint = "beta", s.URL+"/gateway/" })
	must(t, c.EnableSMSSignIn(context.Background(), adaID))
	want := "/gateway/beta/users/" + adaID + "/authentication/phoneMethods/3179e48a-750b-4051-897c-87b9720928f7/enableSmsSignIn"
	if got := s.requests()[0].URI; got != want {
		t.Errorf("URI = %s", got)
	}
}

func TestLowPriorityIsAskedForByContext(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { reply{status: 200, body: `{"value":[]}`}.write(w) })
	_, err := s.client(t).PhoneMethods(graph.WithLowPriority(context.Background()), adaID)
	must(t, err)
	if got := s.requests()[0].Header.Get("x-ms-throttle-priority"); got != "low" {
		t.Errorf("x-ms-throttle-priority = %q", got)
	}
}

func TestNoSMSSignInIsAskedForWhereThereIsNone(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	c := s.client(t, func(o *graph.Options) { o.NoSMSSignIn = true })
	for _, err := range []error{c.EnableSMSSignIn(context.Background(), adaID), c.DisableSMSSignIn(context.Background(), adaID)} {
		if failure(t, err).Kind != graph.Refused {
			t.Errorf("error = %v", err)
		}
	}
	if got := s.requests(); len(got) != 0 {
		t.Errorf("%d requests were sent", len(got))
	}
}

func TestAnUnknownPhoneTypeIsRefusedHere(t *testing.T) {
	c := newClient(t, over(func(*http.Request) (*http.Response, error) { panic("a request was sent") }))
	if err := c.DeletePhoneMethod(context.Background(), adaID, "fax"); failure(t, err).Kind != graph.Refused {
		t.Errorf("error = %v", err)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for name, o := range map[string]graph.Options{
		"no credential":          {Endpoint: "https://graph.example"},
		"no endpoint":            {Credential: staticToken{}},
		"no https":               {Credential: staticToken{}, Endpoint: "http://graph.example"},
		"a password in it":       {Credential: staticToken{}, Endpoint: "https://a:b@graph.example"},
		"a query":                {Credential: staticToken{}, Endpoint: "https://graph.example?a=b"},
		"no host":                {Credential: staticToken{}, Endpoint: "https:///v1.0"},
		"another version":        {Credential: staticToken{}, Endpoint: "https://graph.example", Version: "v2.0"},
		"an audience of no kind": {Credential: staticToken{}, Endpoint: "https://graph.example", Audience: "graph"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := graph.New(o); err == nil {
				t.Error("accepted")
			}
		})
	}
}
