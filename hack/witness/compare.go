package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"text/tabwriter"

	"github.com/entraops/phone-operator/internal/emulator"
)

func readRecording(name string) ([]entry, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read the recording: %w", err)
	}
	defer func() { _ = file.Close() }()
	return decode(file)
}

func decode(r io.Reader) ([]entry, error) {
	var entries []entry
	for lines := bufio.NewReader(r); ; {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var e entry
			if err := json.Unmarshal(line, &e); err != nil {
				return nil, fmt.Errorf("line %d of the recording: %w", len(entries)+1, err)
			}
			entries = append(entries, e)
		}
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// difference is one thing that Graph answered in another way than the emulator.
type difference struct{ asks, what, seen, emulated string }

// compare puts the answers side by side: those to one question in the order in which they came. Headers are recorded
// only.
func compare(seen, emulated []entry) []difference {
	var found []difference
	answers := map[string][]entry{}
	for _, e := range emulated {
		answers[e.Asks] = append(answers[e.Asks], e)
	}
	for _, s := range seen {
		if len(answers[s.Asks]) == 0 {
			found = append(found, difference{s.Asks, "answer", fmt.Sprint(s.Status), "none"})
			continue
		}
		e := answers[s.Asks][0]
		answers[s.Asks] = answers[s.Asks][1:]
		note := func(what string, a, b any) {
			if !reflect.DeepEqual(a, b) {
				found = append(found, difference{s.Asks, what, inline(a), inline(b)})
			}
		}
		note("status", s.Status, e.Status)
		note("code", s.Code, e.Code)
		note("message", s.Message, e.Message)
		if s.Code == "" && e.Code == "" {
			note("body", s.Shape, e.Shape)
		}
	}
	for _, e := range emulated {
		if len(answers[e.Asks]) > 0 {
			answers[e.Asks] = answers[e.Asks][1:]
			found = append(found, difference{e.Asks, "answer", "none", fmt.Sprint(e.Status)})
		}
	}
	return found
}

func inline(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// table prints the differences.
func table(out io.Writer, found []difference) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(out, "no difference: the emulator answers as Graph did")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(w, "QUESTION\tWHAT\tGRAPH\tEMULATOR")
	for _, d := range found {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.asks, d.what, d.seen, d.emulated)
	}
	return w.Flush()
}

// A tenant such as the one that a real run wants.
const (
	emulatedTenant = "11111111-2222-3333-4444-555555555555"
	emulatedClient = "66666666-7777-8888-9999-000000000000"
	emulatedSecret = "a test secret"
	emulatedUser   = "0f1c0000-0000-4000-8000-000000000001"
	emulatedUPN    = "witness-1@contoso.example"
)

func emulatedWorld() emulator.Seed {
	return emulator.Seed{
		Tenants: []emulator.Tenant{{ID: emulatedTenant}},
		Apps: []emulator.App{{ClientID: emulatedClient, Secret: emulatedSecret, Roles: []string{
			"UserAuthenticationMethod.ReadWrite.All", "User.Read.All", "GroupMember.Read.All", "RoleManagement.Read.Directory",
		}}},
		Users: []emulator.User{{ID: emulatedUser, UPN: emulatedUPN}},
	}
}

// askEmulator asks all steps of an emulator in this process.
func askEmulator(ctx context.Context) (_ []entry, err error) {
	e := emulator.New(emulator.Options{})
	if err := e.Load(emulatedWorld()); err != nil {
		return nil, err
	}
	server, err := emulator.Serve(e, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	g, err := connectEmulator(server)
	if err != nil {
		return nil, err
	}
	u, err := g.testUser(ctx, emulatedUPN)
	if err != nil {
		return nil, err
	}
	var recording bytes.Buffer
	w := &witness{graph: g, user: u, out: &recording, log: io.Discard}
	if err := w.run(ctx); err != nil {
		return nil, err
	}
	return decode(&recording)
}
