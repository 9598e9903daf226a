package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/throttle"
)

// witness asks the steps of one user and writes down the answers.
type witness struct {
	graph *service
	user  graph.User
	pause time.Duration
	out   io.Writer
	log   io.Writer

	// known is what the user has; nil: not read since something was asked that may have changed it.
	known phones
}

var (
	errNotShown = errors.New("the service does not come to show the phones that were asked for")
	errStays    = errors.New("a phone does not go")
)

// cleanupTime is how long the phones may take to go at the end.
const cleanupTime = 3 * time.Minute

// order is the one in which Graph takes creations; deletions go the other way.
var order = []string{string(phone.Mobile), string(phone.AlternateMobile), string(phone.Office)}

// run asks every step, and leaves the user without phones, however it ends. The user had none at the start, so
// whatever is there is the witness's own.
func (w *witness) run(ctx context.Context) (err error) {
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
		defer cancel()
		w.known = nil
		if cleanErr := w.arrange(ctx, phones{}); cleanErr != nil {
			err = errors.Join(err, fmt.Errorf("phones may be left on the test user, delete them in the portal: %w", cleanErr))
			return
		}
		_, _ = fmt.Fprintln(w.log, "witness: the user has no phones any more")
	}()
	for _, s := range steps() {
		_, _ = fmt.Fprintln(w.log, "witness:", s.asks)
		err := w.arrange(ctx, s.with)
		if errors.Is(err, errNotShown) { // Graph does not take what the question needs; the others may go on
			_, _ = fmt.Fprintln(w.log, "witness: left out:", err)
			continue
		}
		if err != nil {
			return fmt.Errorf("prepare %q: %w", s.asks, err)
		}
		if err := w.ask(ctx, s); err != nil {
			return fmt.Errorf("ask %q: %w", s.asks, err)
		}
	}
	return nil
}

// ask sends a step's request and records each answer. A single question that is answered 429 is asked again: how Graph
// throttles is for the step with many.
func (w *witness) ask(ctx context.Context, s step) error {
	if s.method != http.MethodGet {
		w.known = nil
	}
	for range max(1, s.times) {
		answer, err := w.graph.do(ctx, w.fill(request{s.method, s.path, s.body}))
		for tries := 0; s.times == 0 && err == nil && answer.status == http.StatusTooManyRequests && tries < 5; tries++ {
			if err := w.wait(ctx, answer); err != nil {
				return err
			}
			answer, err = w.graph.do(ctx, w.fill(request{s.method, s.path, s.body}))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return errors.New("no answer") // azcore's error names the address, and so the user
		}
		line, err := json.Marshal(w.entry(s, answer))
		if err != nil {
			return err
		}
		if _, err := w.out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return sleep(ctx, w.pause)
}

// wait waits as long as an answer asks to, and for the pause at least.
func (w *witness) wait(ctx context.Context, answer reply) error {
	asked, _ := throttle.RetryAfter(answer.header, time.Now())
	return sleep(ctx, max(asked, w.pause))
}

// fill puts ids in the place of their names.
func (w *witness) fill(r request) request {
	ids := []string{"{user}", w.user.ID}
	for _, t := range order {
		ids = append(ids, "{"+t+"}", graph.MethodID(phone.Type(t)))
	}
	names := strings.NewReplacer(ids...)
	r.path = names.Replace(r.path)
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			panic(err) // the steps are our own
		}
		r.body = json.RawMessage(names.Replace(string(text)))
	}
	return r
}

// arrange makes the user have these phones and no others. Reads lag behind writes, so it looks until they agree.
func (w *witness) arrange(ctx context.Context, want phones) error {
	for round := 0; ; round++ {
		if w.known == nil {
			if err := w.look(ctx); err != nil {
				return err
			}
		}
		if maps.Equal(w.known, want) {
			return nil
		}
		if round == 20 {
			for t, n := range w.known {
				if want[t] != n {
					return errStays
				}
			}
			return errNotShown
		}
		if err := w.change(ctx, want); err != nil {
			return err
		}
		if err := sleep(ctx, max(w.pause, 50*time.Millisecond)); err != nil {
			return err
		}
	}
}

// change sends one request towards what is wanted. What Graph refuses shows at the next look.
func (w *witness) change(ctx context.Context, want phones) error {
	path := "users/" + w.user.ID + "/authentication/phoneMethods"
	send := func(r request) error {
		answer, err := w.graph.do(ctx, r)
		w.known = nil
		if err == nil && answer.status == http.StatusTooManyRequests {
			return w.wait(ctx, answer)
		}
		return ctx.Err()
	}
	for i := range order {
		t := order[len(order)-1-i]
		if _, there := w.known[t]; there && want[t] != w.known[t] {
			return send(request{http.MethodDelete, path + "/" + graph.MethodID(phone.Type(t)), nil})
		}
	}
	for _, t := range order {
		if _, there := w.known[t]; !there && want[t] != "" {
			return send(request{http.MethodPost, path, number(t, want[t])})
		}
	}
	return nil
}

// look reads the user's phones. How Graph writes a number makes no difference.
func (w *witness) look(ctx context.Context) error {
	for tries := 0; ; tries++ {
		answer, err := w.graph.do(ctx, request{http.MethodGet, "users/" + w.user.ID + "/authentication/phoneMethods", nil})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			var rows []map[string]any
			if rows, err = answer.rows(); err == nil {
				w.known = phones{}
				for _, row := range rows {
					t, _ := row["phoneType"].(string)
					n, _ := row["phoneNumber"].(string)
					w.known[t] = written(n)
				}
				return nil
			}
		}
		if tries == 10 {
			return errors.New("the user's phones cannot be read")
		}
		if err := w.wait(ctx, answer); err != nil {
			return err
		}
	}
}

// written is a number as the steps write it, whatever Graph puts between its digits.
func written(n string) string {
	for _, known := range []string{numberA, numberB, british} {
		if digits(known) == digits(n) {
			return known
		}
	}
	return n
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
