package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/entraops/phone-operator/internal/emulator"
)

// stand is an emulator that is asked as a real Graph would be: by address, certificate and secret.
type stand struct {
	*emulator.Emulator

	args      []string
	recording string
}

func newStand(t *testing.T, o emulator.Options, change func(*emulator.Seed)) stand {
	t.Helper()
	world := emulatedWorld()
	if change != nil {
		change(&world)
	}
	e := emulator.New(o)
	if err := e.Load(world); err != nil {
		t.Fatal(err)
	}
	server, err := emulator.Serve(e, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, server.CAPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AZURE_CLIENT_SECRET", emulatedSecret)
	recording := filepath.Join(dir, "recording.jsonl")
	return stand{e, []string{
		"-tenant", emulatedTenant, "-client", emulatedClient, "-user", emulatedUPN, "-i-own-this-test-user", "-pause", "0",
		"-endpoint", server.URL, "-authority", server.URL, "-ca", ca, "-recording", recording,
	}, recording}
}

func (s stand) run(ctx context.Context, more ...string) (stdout string, err error) {
	var out bytes.Buffer
	err = run(ctx, append(append([]string{}, s.args...), more...), &out, io.Discard)
	return out.String(), err
}

func (s stand) text(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.recording)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (s stand) wantsNoPhones(t *testing.T) {
	t.Helper()
	if left := s.Phones(emulatedUser); len(left) > 0 {
		t.Errorf("%d phones are left on the user", len(left))
	}
}

func TestRecordingIsCompleteMaskedAndAsTheEmulatorAnswers(t *testing.T) {
	s := newStand(t, emulator.Options{}, nil)
	said, err := s.run(t.Context(), "-compare")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(said, "no difference") {
		t.Errorf("the emulator differs from itself:\n%s", said)
	}
	s.wantsNoPhones(t)

	entries, err := readRecording(s.recording)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]int{}
	for _, e := range entries {
		answers[e.Asks]++
		if e.Status == 0 || e.Status >= 400 && e.Code == "" {
			t.Errorf("%s: status %d, code %q", e.Asks, e.Status, e.Code)
		}
	}
	for _, step := range steps() {
		if want := max(1, step.times); answers[step.asks] != want {
			t.Errorf("%s: %d answers, want %d", step.asks, answers[step.asks], want)
		}
	}
	text := s.text(t)
	for _, secret := range []string{
		emulatedUser, "witness-1", "contoso", emulatedTenant, emulatedClient, emulatedSecret, "127.0.0.1", "Bearer", "eyJ",
		"2065550", "5550100", "2079460", "79460000",
	} {
		if strings.Contains(text, secret) {
			t.Errorf("the recording holds %q", secret)
		}
	}
	if !strings.Contains(text, `"phoneNumber":"+9 9999999999"`) {
		t.Error("the form of a number is not seen in the recording")
	}
}

func TestEveryQuestionHasItsName(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range steps() {
		if seen[s.asks] {
			t.Errorf("two steps are called %q", s.asks)
		}
		seen[s.asks] = true
	}
}

func TestDifferencesAreShown(t *testing.T) {
	s := newStand(t, emulator.Options{}, nil)
	if err := s.SetAssumptions(emulator.Assumptions{emulator.MalformedNumber: "badRequest", emulator.UnknownMethod: "itemNotFound"}); err != nil {
		t.Fatal(err)
	}
	said, err := s.run(t.Context(), "-compare")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"QUESTION", "a number of no country", "badRequest", "itemNotFound"} {
		if !strings.Contains(said, want) {
			t.Errorf("the table does not have %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "how a number is written back") {
		t.Errorf("an answer that is the same is in the table:\n%s", said)
	}
	s.wantsNoPhones(t)

	// The recording can be compared once more, without a tenant.
	var again bytes.Buffer
	if err := run(t.Context(), []string{"-compare", "-recording", s.recording}, &again, io.Discard); err != nil || again.String() != said {
		t.Errorf("%v; compared again:\n%s", err, again.String())
	}
	if _, err := s.run(t.Context()); !errors.Is(err, os.ErrExist) {
		t.Errorf("%v: a recording is written over", err)
	}
}

func TestAnInterruptedRunLeavesNoPhone(t *testing.T) {
	for sentence, after := range map[string]int{
		"after the first phone":                1,
		"with two phones":                      4,
		"while phones are made for a question": 6,
		"in the last questions":                8,
	} {
		t.Run(sentence, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			var made atomic.Int32
			s := newStand(t, emulator.Options{OnRequest: func(r emulator.Request) {
				if r.Method == "POST" && strings.HasSuffix(r.Path, "phoneMethods") && r.Status == 201 && int(made.Add(1)) == after {
					interrupt()
				}
			}}, nil)
			// Graph is busy just then.
			if err := s.AddFault(emulator.Fault{Method: "DELETE", Path: "phoneMethods/", Times: 1, Effect: emulator.Answer, Status: 429}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want that it was interrupted", err)
			}
			if int(made.Load()) < after {
				t.Errorf("only %d phones were made", made.Load())
			}
			s.wantsNoPhones(t)
		})
	}
}

// Reads lag behind writes: questions are asked of the phones that Graph shows. A question that is answered 429 is asked
// again.
func TestABusyGraphChangesNoAnswer(t *testing.T) {
	s := newStand(t, emulator.Options{}, nil)
	for _, f := range []emulator.Fault{
		{Method: "POST", Path: "phoneMethods$", Effect: emulator.Lag, Reads: 3},
		{Method: "PATCH", Times: 1, Effect: emulator.Answer, Status: 429},
	} {
		if err := s.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.wantsNoPhones(t)
	entries, err := readRecording(s.recording)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Status == 429 {
			t.Errorf("%s: recorded 429", e.Asks)
		}
		if e.Asks == "PATCH to another number" && e.Status != 204 || e.Asks == "a create of a type that is there" && e.Status != 400 {
			t.Errorf("%s: status %d %s", e.Asks, e.Status, e.Code)
		}
	}
}

func TestPhonesThatCannotBeDeletedAreTold(t *testing.T) {
	s := newStand(t, emulator.Options{}, nil)
	if err := s.AddFault(emulator.Fault{Method: "DELETE", Path: "phoneMethods/", Effect: emulator.Answer, Status: 400}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.run(t.Context()); err == nil || !strings.Contains(err.Error(), "phones may be left on the test user") {
		t.Errorf("error %v", err)
	}
}

func TestUsersThatAreRefused(t *testing.T) {
	admin := []emulator.Role{{TemplateID: "62e90394-69f5-4237-9190-012177145e10", DisplayName: "Global Administrator"}}
	for sentence, c := range map[string]struct {
		change func(*emulator.Seed)
		args   []string
		want   string
	}{
		"without consent": {args: []string{"-i-own-this-test-user=false"}, want: "-i-own-this-test-user"},
		"a name without the marker": {
			change: func(s *emulator.Seed) { s.Users[0].UPN = "ada@witness.example" },
			args:   []string{"-user", "ada@witness.example"}, want: `does not have "witness" before the @`,
		},
		"the same by object id": {
			change: func(s *emulator.Seed) { s.Users[0].UPN = "ada@contoso.example" },
			args:   []string{"-user", emulatedUser}, want: `does not have "witness" before the @`,
		},
		"a user that is not there": {args: []string{"-user", "witness-2@contoso.example"}, want: "look up the user"},
		"a user with a phone": {
			change: func(s *emulator.Seed) { s.Users[0].Phones = phones{"office": "+1 2065550123"} },
			want:   "the user has a phone or another method",
		},
		"a user with an authenticator": {
			change: func(s *emulator.Seed) {
				s.Users[0].OtherMethods = []emulator.OtherMethod{{ID: emulatedClient, Type: "microsoftAuthenticatorAuthenticationMethod"}}
			},
			want: "the user has a phone or another method",
		},
		"an administrator": {
			change: func(s *emulator.Seed) { s.Users[0].Roles = admin },
			want:   "the user is protected",
		},
		"one who may become an administrator": {
			change: func(s *emulator.Seed) { s.Users[0].EligibleRoles = admin },
			want:   "the user is protected",
		},
		"methods that may not be read": {
			change: func(s *emulator.Seed) { s.Apps[0].Roles[0] = "UserAuthMethod-Phone.ReadWrite.All" },
			want:   "the user's methods cannot be read",
		},
		"roles that may not be read": {
			change: func(s *emulator.Seed) { s.Apps[0].Roles = s.Apps[0].Roles[:2] },
			want:   "cannot be found out",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := newStand(t, emulator.Options{}, c.change)
			_, err := s.run(t.Context(), c.args...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if writes := s.Writes(); len(writes) > 0 {
				t.Errorf("%d writes", len(writes))
			}
			if _, err := os.Stat(s.recording); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("there is a recording, %v", err)
			}
		})
	}
}

func TestMaskTakesOutWhoItWas(t *testing.T) {
	w := &witness{}
	w.user.ID, w.user.UserPrincipalName = emulatedUser, emulatedUPN
	for text, want := range map[string]string{
		"Resource '" + strings.ToUpper(emulatedUser) + "' does not exist": "Resource '{user}' does not exist",
		"method [3179e48a-750b-4051-897c-87b9720928f7]":                   "method [{mobile}]",
		"tenant " + emulatedTenant + " at 2026-11-26T10:00:00Z":           "tenant <guid> at <time>",
		"Witness-1@Contoso.example or contoso.example":                    "{upn} or {domain}",
		"another@fabrikam.example":                                        "<name>",
		"https://graph.example/v1.0/users":                                "<host>/v9.9/users",
		"(206) 555-0100":                                                  "(999) 999-9999",
		"+44 20 7946 0000":                                                "+99 99 9999 9999",
		"opaque eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsIng1dCI6":             "opaque <opaque>",
		"AuthenticationMethodsPolicyNotAllowed":                           "AuthenticationMethodsPolicyNotAllowed",
	} {
		if got := w.mask(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}
