package graph_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
)

// revoking refuses the first token that it sees for ever, and all others if every.
type revoking struct {
	policy.Transporter
	every bool

	mu   sync.Mutex
	bad  string
	seen map[string]int // requests to Graph by token
}

func (r *revoking) Do(req *http.Request) (*http.Response, error) {
	token := req.Header.Get("Authorization")
	r.mu.Lock()
	if r.seen == nil {
		r.bad, r.seen = token, map[string]int{}
	}
	r.seen[token]++
	refused := r.every || token == r.bad
	r.mu.Unlock()
	if refused {
		return reply{status: 401, body: said("InvalidAuthenticationToken", "")}.response(req), nil
	}
	return r.Transporter.Do(req)
}

func revoke(r *revoking) option {
	return func(o *graph.Options) { r.Transporter, o.Transport = o.Transport, r }
}

// Graph may refuse a token whose time is not up, and say nothing of claims. Caches would give it out for an hour more.
func TestATokenThatIsRefusedBeforeItsTimeIsReplaced(t *testing.T) {
	r := &revoking{}
	g := emulated(t, revoke(r))
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			if _, err := g.client.User(context.Background(), adaID); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	if _, err := g.client.CreatePhoneMethod(context.Background(), adaID, phone.Mobile, number(t, "+12065550100")); err != nil {
		t.Error(err)
	}
	if len(r.seen) != 2 {
		t.Errorf("%d tokens were used, want the refused one and one more", len(r.seen))
	}
}

func TestATokenThatIsRefusedLikeTheOneBefore(t *testing.T) {
	r := &revoking{every: true}
	g := emulated(t, revoke(r))
	_, err := g.client.User(context.Background(), adaID)
	if e := failure(t, err); e.Kind != graph.TokenRefused || e.Status != http.StatusUnauthorized {
		t.Error(err)
	}
	if len(r.seen) != 2 || r.seen[r.bad] != 1 {
		t.Errorf("%d tokens were used, the first one %d times", len(r.seen), r.seen[r.bad])
	}
}

// refusing is a client whom Graph answers every call with one reply.
func refusing(t *testing.T, r reply, credential *carrying) *graph.Client {
	t.Helper()
	return newClient(t, credentials(credential), over(func(req *http.Request) (*http.Response, error) { return r.response(req), nil }))
}

func TestTokensThatDoNotHelpAreAskedForLessAndLess(t *testing.T) {
	for name, tc := range map[string]struct {
		answer  reply
		carries []string
		kind    graph.Kind
	}{
		"new tokens are refused, too":   {reply{status: 401, body: said("InvalidAuthenticationToken", "")}, permissions, graph.TokenRefused},
		"the permission is not granted": {reply{status: 403, body: said("accessDenied", "")}, []string{"User.ReadBasic.All"}, graph.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				credential := &carrying{roles: [][]string{tc.carries}}
				calls := 0
				c := newClient(t, credentials(credential), over(func(req *http.Request) (*http.Response, error) {
					calls++
					return tc.answer.response(req), nil
				}))
				for range 3600 {
					if e := failure(t, c.EnableSMSSignIn(t.Context(), adaID)); e.Kind != tc.kind {
						t.Fatal(e)
					}
					time.Sleep(time.Second) //nolint:forbidigo // the clock is synctest's
				}
				if credential.anew < 12 || credential.anew > 16 {
					t.Errorf("%d new tokens in an hour", credential.anew)
				}
				if again := calls - 3600; again > credential.anew || tc.kind == graph.Forbidden && again > 0 {
					t.Errorf("%d calls were made once more: a token that carries no more is not worth it", again)
				}
			})
		})
	}
}

// What was refused in the morning does not slow down what is refused in the evening.
func TestThePausesBeginAnewAfterALongTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		credential := &carrying{roles: [][]string{permissions}}
		c := refusing(t, reply{status: 401}, credential)
		for range 1000 {
			_ = c.EnableSMSSignIn(t.Context(), adaID)
			time.Sleep(time.Second) //nolint:forbidigo // the clock is synctest's
		}
		time.Sleep(time.Hour) //nolint:forbidigo // the clock is synctest's
		before := credential.anew
		for range 32 {
			_ = c.EnableSMSSignIn(t.Context(), adaID)
			time.Sleep(time.Second) //nolint:forbidigo // the clock is synctest's
		}
		if n := credential.anew - before; n != 2 {
			t.Errorf("%d new tokens in the first 32 seconds, want one at once and one after 30", n)
		}
	})
}

// Who waits for one permission is not held up by who waits for another.
func TestEachPermissionHasAPauseOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		credential := &carrying{roles: [][]string{nil}}
		c := refusing(t, reply{status: 403, body: said("accessDenied", "")}, credential)
		for want, do := range []func() error{
			func() error { return c.EnableSMSSignIn(t.Context(), adaID) },
			func() error { _, err := c.User(t.Context(), adaID); return err },
			func() error { _, err := c.PhoneMethods(t.Context(), adaID); return err },
		} {
			for range 3 {
				if e := failure(t, do()); e.Kind != graph.Forbidden {
					t.Fatal(e)
				}
				if credential.anew != want+1 {
					t.Errorf("%d new tokens, want %d", credential.anew, want+1)
				}
			}
		}
	})
}

// Who grants one permission may be about to grant the next.
func TestAGrantEndsThePauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := []string{"User.ReadBasic.All"}
		credential := &carrying{roles: [][]string{nil, nil, nil, one, one, permissions}}
		c := newClient(t, credentials(credential), over(func(req *http.Request) (*http.Response, error) {
			if credential.anew >= 5 && req.Method == http.MethodPost {
				return reply{status: 204}.response(req), nil
			}
			return reply{status: 403, body: said("accessDenied", "")}.response(req), nil
		}))
		sign := func() error { return c.EnableSMSSignIn(t.Context(), adaID) }
		for range 2 { // at 0 and 31 seconds, so that the pause is a minute now
			_ = sign()
			time.Sleep(31 * time.Second) //nolint:forbidigo // the clock is synctest's
		}
		must(t, c.Renew(t.Context())) // brings a permission
		_ = sign()                    // for another one: at once
		if credential.anew != 4 {
			t.Errorf("%d new tokens, want one more right after the grant", credential.anew)
		}
		must(t, c.Renew(t.Context()))
		must(t, sign())
	})
}
