package preview

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/user"
)

// Phone is one in Graph that no resource declares. Its number is masked.
type Phone struct {
	Tenant    string `json:"tenant"`
	User      string `json:"user"`
	PhoneType string `json:"phoneType"`
	Number    string `json:"maskedNumber"`
}

// unmanaged lists the phones of users for which there is no resource.
func (v verdicts) unmanaged(ctx context.Context, of map[user.Key]string) ([]Phone, error) {
	all := []Phone{}
	for _, key := range slices.SortedFunc(maps.Keys(of), func(a, b user.Key) int { return strings.Compare(a.String(), b.String()) }) {
		t, ok := v.graphs.Get(key.Tenant)
		if !ok || t.Problem != nil {
			continue
		}
		methods, err := retried(ctx, func() ([]graph.PhoneMethod, error) {
			if err := v.graphs.awaitTurn(ctx, key.Tenant); err != nil {
				return nil, err
			}
			return t.Graph.PhoneMethods(ctx, key.User)
		})
		if err != nil {
			return nil, fmt.Errorf("read the phones of user %s: %w", key.User, err)
		}
		for _, m := range methods {
			if !v.declares(key, string(m.Type)) {
				all = append(all, Phone{key.Tenant, of[key], string(m.Type), m.Number.Masked()})
			}
		}
	}
	return all, nil
}

// retried does something again for which Graph is too busy.
func retried[T any](ctx context.Context, do func() (T, error)) (got T, err error) {
	for range attempts {
		if got, err = do(); graph.KindOf(err) != graph.Throttled {
			break
		}
		if err := Wait(ctx, lasting/attempts/10); err != nil {
			return got, err
		}
	}
	return got, err
}

// declares reports whether a resource is for a phone of a user.
func (v verdicts) declares(key user.Key, phoneType string) bool {
	return slices.ContainsFunc(v.ofUser(key), func(o *method) bool { return string(o.Spec.PhoneType) == phoneType })
}
