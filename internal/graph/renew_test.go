package graph_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

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
