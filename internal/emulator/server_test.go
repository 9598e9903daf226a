package emulator_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

func TestOnlyThisMachineReachesTheEmulator(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "graph.example:0", "[::]:0", "127.0.0.1"} {
		if s, err := emulator.Serve(emulator.New(emulator.Options{}), addr); err == nil {
			_ = s.Close()
			t.Errorf("%s is served", addr)
		}
		if s, err := emulator.ServeControl(emulator.New(emulator.Options{}), addr); err == nil {
			_ = s.Close()
			t.Errorf("%s is controlled", addr)
		}
	}
}

func compressed(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	must(t, err)
	must(t, z.Close())
	return b.String()
}

func TestCompressedBodiesAreRead(t *testing.T) {
	g := start(t)
	packed := map[string]string{"Content-Encoding": "gzip"}
	g.send(request{method: "POST", path: phones(adaID), body: compressed(t, phoneJSON(one, "mobile")), header: packed}).wants(201, "")
	g.send(request{method: "PATCH", path: phones(adaID, "/", mobileID), body: compressed(t, phoneJSON(two, "mobile")), header: packed}).wants(204, "")
	if got := g.Phones(adaID)[0].Number; got != two {
		t.Errorf("number %s", got)
	}
	if got := g.Writes()[0].Body; got != phoneJSON(one, "mobile") {
		t.Errorf("recorded body %q", got)
	}
	bomb := compressed(t, strings.Repeat("0", 5<<20))
	g.send(request{method: "POST", path: phones(adaID), body: bomb, header: packed}).wants(413, "RequestEntityTooLarge")
}

func TestManyCallersAtOnce(t *testing.T) {
	g := start(t)
	must(t, g.AddGroup(emulator.Group{ID: deskID}))
	must(t, g.UpdateUser(adaID, allowSMS))
	must(t, g.UpdateUser(bobID, allowSMS))
	g.fault(emulator.Fault{Probability: 0.1, Effect: emulator.Lag, Reads: 3})
	created := make([]int, 8)
	var all sync.WaitGroup
	for i := range created {
		all.Go(func() {
			for range 20 {
				r, err := g.try(request{method: "POST", path: phones(adaID), body: phoneJSON(fmt.Sprintf("+1 206555010%d", i), "mobile")})
				if err == nil && r.status == 201 {
					created[i]++
				}
				_, _ = g.try(request{method: "GET", path: phones(adaID)})
				_ = g.UpdateUser(adaID, func(u *emulator.User) { u.Disabled = !u.Disabled })
				_ = g.SetPhone(bobID, emulator.Mobile, one)
				_ = g.Snapshot()
				_ = g.Requests()
			}
		})
	}
	all.Wait()
	sum := 0
	for _, n := range created {
		sum += n
	}
	if sum != 1 {
		t.Errorf("one phone was created %d times", sum)
	}
}

func TestWhatIsLoggedOfAPath(t *testing.T) {
	g := start(t)
	g.ResetRequests()
	g.do("GET", phones(adaUPN, "/", mobileID), "")
	g.do("GET", "/v1.0/users('"+adaUPN+"')/authentication/phoneMethods", "")
	g.do("GET", phones("nobody@contoso.example"), "")
	g.do("GET", "/v1.0/contacts/"+adaUPN+"/+12065550100", "")
	g.do("GET", "/v1.0/users/"+adaID+"/authentication/phoneMethods('"+mobileID+"')", "")
	g.do("GET", "/contoso.example/v2.0/.well-known/openid-configuration", "")
	g.do("GET", "/v1.0/users?$filter=userPrincipalName%20eq%20'"+adaUPN+"'", "")
	var paths []string
	for _, r := range g.Requests() {
		paths = append(paths, r.LogPath())
	}
	want := []string{phones(adaID, "/", mobileID), phones(adaID), phones("-"), "/v1.0/-/-/-", phones(adaID, "/-"), "/-/v2.0/.well-known/openid-configuration", "/v1.0/users"}
	if d := cmp.Diff(want, paths); d != "" {
		t.Error(d)
	}
}

func TestTheRecordForgetsTheOldest(t *testing.T) {
	g := start(t, func(o *emulator.Options) { o.KeepRequests = 4 })
	for i := range 10 {
		g.do("GET", phones(adaID)+fmt.Sprint("?n=", i), "")
	}
	all := g.Requests()
	if len(all) > 4 || len(all) == 0 || all[len(all)-1].Query != "n=9" {
		t.Errorf("%d requests, the last %+v", len(all), all[len(all)-1])
	}
}
