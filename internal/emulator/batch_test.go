package emulator_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

type object = map[string]any

var asJSON = object{"Content-Type": "application/json"}

func get(id, url string, dependsOn ...string) object {
	return object{"id": id, "method": "GET", "url": url, "dependsOn": dependsOn}
}

func create(id, user, number, phoneType string, dependsOn ...string) object {
	return object{
		"id": id, "method": "POST", "url": "/users/" + user + "/authentication/phoneMethods", "headers": asJSON,
		"body": object{"phoneNumber": number, "phoneType": phoneType}, "dependsOn": dependsOn,
	}
}

func remove(id, user, phoneType string, dependsOn ...string) object {
	return object{"id": id, "method": "DELETE", "url": "/users/" + user + "/authentication/phoneMethods/" + map[string]string{"mobile": mobileID, "office": officeID}[phoneType], "dependsOn": dependsOn}
}

func (g *graph) batch(steps ...object) reply {
	g.t.Helper()
	body, err := json.Marshal(object{"requests": steps})
	must(g.t, err)
	return g.do("POST", "/v1.0/$batch", string(body))
}

// answers gives the responses of a batch by id.
func (r reply) answers() map[string]object {
	r.t.Helper()
	r.wants(200, "")
	byID := map[string]object{}
	for _, one := range r.json()["responses"].([]any) {
		byID[one.(object)["id"].(string)] = one.(object)
	}
	return byID
}

func TestABatchCreatesAUsersPhonesInOrder(t *testing.T) {
	g := start(t)
	answers := g.batch(
		create("1", adaID, one, "mobile"),
		create("2", adaID, two, "alternateMobile", "1"),
		create("3", adaID, "+1 2065550102", "office", "2"),
	).answers()
	for id, a := range answers {
		if a["status"] != 201.0 || a["body"].(object)["phoneType"] == nil || a["headers"].(object)["Content-Type"] == nil {
			t.Errorf("%s: %v", id, a)
		}
	}
	if len(answers) != 3 || len(g.Phones(adaID)) != 3 || len(g.Writes()) != 3 {
		t.Errorf("%d answers, %d phones, %d writes", len(answers), len(g.Phones(adaID)), len(g.Writes()))
	}
}

func TestWithoutDependsOnABatchHasNoOrder(t *testing.T) {
	g := start(t)
	var done, refused bool
	for range 40 {
		answers := g.batch(create("1", adaID, one, "mobile"), create("2", adaID, two, "alternateMobile")).answers()
		done = done || answers["2"]["status"] == 201.0
		refused = refused || answers["2"]["status"] == 400.0
		must(t, g.RemovePhone(adaID, emulator.AlternateMobile))
		must(t, g.RemovePhone(adaID, emulator.Mobile))
	}
	if !done || !refused {
		t.Errorf("in 40 batches the second request came second: %v, came first: %v", done, refused)
	}
}

func TestTheAnswersOfABatchHaveNoOrder(t *testing.T) {
	g := start(t)
	seen := map[string]bool{}
	for range 40 {
		order := ""
		for _, one := range g.batch(get("1", "/users/"+adaID), get("2", "/users/"+bobID)).json()["responses"].([]any) {
			order += one.(object)["id"].(string)
		}
		seen[order] = true
	}
	if len(seen) != 2 {
		t.Errorf("orders seen: %v", seen)
	}
}

func TestWhatDependsOnAFailureFails(t *testing.T) {
	g := start(t)
	answers := g.batch(
		create("a", adaID, "no number", "mobile"),
		create("b", adaID, two, "alternateMobile", "A"),
		get("c", "/users/"+adaID, "b"),
	).answers()
	got := map[string]any{}
	for id, a := range answers {
		got[id] = a["status"]
	}
	if d := cmp.Diff(map[string]any{"a": 400.0, "b": 424.0, "c": 424.0}, got); d != "" {
		t.Error(d)
	}
	if len(g.Writes()) != 1 {
		t.Errorf("a request that was not run is recorded: %d writes", len(g.Writes()))
	}
}

func TestWhichBatchesAreRefused(t *testing.T) {
	g := start(t)
	g.batch(repeated(20)...).wants(200, "")
	write := create("1", adaID, one, "mobile")
	without := func(field string) object {
		step := object{}
		for name, value := range write {
			if name != field {
				step[name] = value
			}
		}
		return step
	}
	for name, steps := range map[string][]object{
		"none":                       {},
		"one id twice":               {get("a", "/users/"+adaID), get("A", "/users/"+bobID)},
		"no id":                      {without("id")},
		"no method":                  {without("method")},
		"no url":                     {without("url")},
		"a write without its type":   {without("headers")},
		"a write without a body":     {without("body")},
		"a dependency on nothing":    {get("1", "/users/"+adaID, "2")},
		"a dependency on itself":     {get("1", "/users/"+adaID, "1")},
		"two that depend on one":     {get("1", "/users/"+adaID), get("2", "/users/"+adaID, "1"), get("3", "/users/"+adaID, "1")},
		"a circle":                   {get("1", "/users/"+adaID, "2"), get("2", "/users/"+adaID, "1")},
		"a whole address":            {get("1", g.server.URL+"/v1.0/users/"+adaID)},
		"a batch in a batch":         {{"id": "1", "method": "POST", "url": "/$batch", "headers": asJSON, "body": object{}}},
		"a property nobody knows":    {{"id": "1", "method": "GET", "url": "/users", "uri": "/users"}},
		"a property in another case": {{"id": "1", "method": "GET", "URL": "/users"}},
		"an id that is a number":     {{"id": 1, "method": "GET", "url": "/users"}},
		"one good and one bad step":  {write, {"id": "2", "method": "POST", "url": "/users"}},
	} {
		t.Run(name, func(t *testing.T) {
			g.t = t
			g.batch(steps...).wants(400, "BadRequest")
			if len(g.Phones(adaID)) != 0 {
				t.Error("a refused batch did something")
			}
		})
	}
	g.t = t
	g.do("GET", "/v1.0/$batch", "").wants(405, "Request_BadRequest")
	g.do("POST", "/v1.0/$batch", `{"requests":[{"id":"1","method":"GET","url":"/users"}],"more":1}`).wants(400, "BadRequest")
	g.do("POST", "/v1.0/$batch", `[]`).wants(400, "BadRequest")
	g.send(request{method: "POST", path: "/v1.0/$batch", body: "{}", header: map[string]string{"Authorization": ""}}).wants(401, "InvalidAuthenticationToken")
}

func TestInsideABatchTheUsualRulesHold(t *testing.T) {
	g := start(t)
	g.allow("UserAuthMethod-Phone.Read.All")
	answers := g.batch(
		create("write", adaID, one, "mobile"),
		get("directory", "/users/"+adaID),
		get("read", "/users/"+adaID+"/authentication/phoneMethods"),
		get("count", "/users/"+adaID+"/authentication/phoneMethods/$count"),
		get("escaped", "/users/"+strings.ReplaceAll(guestUPN, "#", "%23")+"/authentication/phoneMethods"),
		get("version", "/beta/users/"+adaID),
	).answers()
	got := map[string]any{}
	for id, a := range answers {
		got[id] = a["status"]
	}
	want := map[string]any{"write": 403.0, "directory": 403.0, "read": 200.0, "count": 200.0, "escaped": 404.0, "version": 400.0}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if raw, err := base64.StdEncoding.DecodeString(answers["count"]["body"].(string)); err != nil || string(raw) != "0" {
		t.Errorf("count %q", raw)
	}
}

func TestTheRecordTellsWhichBatchARequestCameIn(t *testing.T) {
	g := start(t)
	g.ResetRequests()
	r := g.batch(create("1", adaID, one, "mobile"))
	all := g.Requests()
	if len(all) != 2 || all[0].Batch == "" || all[0].Batch != r.header.Get("request-id") || all[1].Path != "/v1.0/$batch" || all[1].Batch != "" {
		t.Fatalf("%+v", all)
	}
	if all[0].User != adaID || all[0].PhoneType != "mobile" || all[0].Tenant != tenantID || all[0].App != clientID {
		t.Errorf("%+v", all[0])
	}
}

// Deletions of one user in a batch without an order collide, as they were seen to; in a
// sequence each is done, and so are those of several users.
func TestDeletionsOfOneUserInAParallelBatchCollide(t *testing.T) {
	for name, c := range map[string]struct {
		steps []object
		left  int
	}{
		"beside each other":    {[]object{remove("1", adaID, "mobile"), remove("2", adaID, "office")}, 1},
		"one after the other":  {[]object{remove("1", adaID, "mobile"), remove("2", adaID, "office", "1")}, 0},
		"of different users":   {[]object{remove("1", adaID, "mobile"), remove("2", bobID, "mobile")}, 1},
		"beside another write": {[]object{remove("1", adaID, "office"), create("2", bobID, one, "mobile")}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := start(t)
			must(t, g.SetPhone(adaID, emulator.Mobile, one))
			must(t, g.SetPhone(adaID, emulator.Office, two))
			g.batch(c.steps...).answers()
			if n := len(g.Phones(adaID)); n != c.left {
				t.Errorf("%d phones are left, want %d", n, c.left)
			}
		})
	}
}
