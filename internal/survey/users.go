package survey

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/preview"
	"github.com/entraops/phone-operator/internal/throttle"
)

type survey struct {
	Options
	tenant *preview.Connection
	all    atomic.Int64 // users of the selection; 0: not known

	names, phones, protections question
}

// question is one that Graph is asked about each user.
type question struct {
	answered atomic.Int64                                    // for so many users
	again    atomic.Pointer[func(ctx context.Context) error] // asks it about one of those; nil: there is none
}

// asked is a user to look at.
type asked struct {
	Name            // Text "": the user is known
	user graph.User // unless it is to be looked up
}

// ask hands out the users of the selection.
func (s *survey) ask(ctx context.Context, do func(asked) error) error {
	if s.Of.byName() {
		s.all.Store(int64(len(s.Of.Names)))
		for _, n := range s.Of.Names {
			if s.Done != nil && s.Done(n.Text) {
				continue
			}
			if err := do(asked{Name: n}); err != nil {
				return err
			}
		}
		return nil
	}
	seen, pages := map[string]bool{}, map[string]bool{}
	of := graph.Selection{Group: s.Of.Group, Filter: s.Of.Filter}
	for next, again := "", false; ; {
		p, err := patiently(ctx, s, func(ctx context.Context) (graph.Page[graph.User], error) {
			return s.tenant.Graph.Users(ctx, of, next)
		}, throttle.Directory)
		switch {
		case err == nil:
		case next != "" && !again && graph.KindOf(err) == graph.Refused:
			// What leads to the next page does not last for ever, and a page may take long to work off.
			next, again = "", true
			clear(pages)
			continue
		default:
			return s.refused(err)
		}
		if p.Count > 0 {
			s.all.Store(int64(p.Count))
		}
		for _, u := range p.Rows {
			if seen[u.ID] || s.Done != nil && s.Done(u.ID) {
				continue
			}
			seen[u.ID], again = true, false
			if err := do(asked{user: u}); err != nil {
				return err
			}
		}
		if next = p.Next; next == "" {
			return nil
		}
		if pages[next] {
			return errors.New("the list of users that Graph gives leads round in a circle: try again later")
		}
		pages[next] = true
	}
}

// refused says what to do about a list of users that Graph does not give.
func (s *survey) refused(err error) error {
	e, ok := errors.AsType[*graph.Error](err)
	switch {
	case !ok:
		return err
	case e.Kind == graph.Forbidden && e.Permission != "":
		return fmt.Errorf("%s lacks %s: grant this application permission, with admin consent: %w", s.application(), e.Permission, err)
	case e.Kind == graph.Restricted && s.Of.Filter != "":
		return fmt.Errorf("Graph refuses this filter to %s. With User.ReadBasic.All only id, displayName, givenName, surname, mail and "+ //nolint:staticcheck // a name
			"userPrincipalName can be filtered by: grant User.Read.All, with admin consent, for others: %w", s.application(), err)
	case e.Kind == graph.Refused && s.Of.Filter != "":
		return fmt.Errorf("Graph does not take this filter: see https://learn.microsoft.com/graph/filter-query-parameter: %w", err) //nolint:staticcheck // a name
	case e.Kind == graph.NotFound && s.Of.Group != "":
		return fmt.Errorf("Entra has no group with this object id: %w", err) //nolint:staticcheck // a name
	}
	return err
}

const (
	// silences is how often in a row something is asked for without an answer.
	silences = 8
	// longestSilence is waited for between two of them.
	longestSilence = 30 * time.Second
	// leastPause is waited for where Graph is too busy.
	leastPause = time.Second
)

// patiently asks Graph for something that can wait: when the tenant's pace allows it, after each pause that Graph wants,
// and again for a while where no answer comes.
func patiently[T any](ctx context.Context, s *survey, do func(context.Context) (T, error), classes ...throttle.Class) (got T, err error) {
	least := cmp.Or(s.pause, leastPause)
	for silent := 0; ; {
		admitted, done, err := s.tenant.Admit(ctx, classes...)
		if err == nil {
			got, err = do(graph.WithLowPriority(admitted))
			done(err)
		}
		rejected, open := errors.AsType[*throttle.Rejected](err)
		var pause time.Duration
		switch kind := graph.KindOf(err); {
		case ctx.Err() != nil:
			return got, ctx.Err()
		case open:
			silent++
			pause = rejected.RetryAfter
		case kind == graph.Throttled:
			e, _ := errors.AsType[*graph.Error](err)
			pause = max(e.RetryAfter, least)
		case kind == graph.Unavailable:
			silent++
			pause = min(least<<silent, longestSilence)
		default:
			return got, err
		}
		if silent == silences {
			return got, fmt.Errorf("Graph does not answer: %w", err) //nolint:staticcheck // a name
		}
		if err := preview.Wait(ctx, pause); err != nil {
			return got, err
		}
	}
}
