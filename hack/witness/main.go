// Command witness asks a real Microsoft Graph what no document tells: which status, code and body it answers to some
// thirty requests for phone methods. It needs a tenant for tests, a throw-away user in it, and an hour at most. It
// writes a recording without numbers, names and ids, and compares it with what the emulator answers to the same
// requests: each difference is a guess of the emulator's that is wrong.
//
//	go run ./hack/witness -tenant <id> -user witness-1@contoso.onmicrosoft.com -i-own-this-test-user -compare
//	go run ./hack/witness -compare                                   compare the recording that is there
//
// It works on that one user only, which must have no phone when it begins, and leaves the user without one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, interrupted := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second Ctrl-C ends the program at once.
	context.AfterFunc(ctx, interrupted)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "witness:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	tenant, user, client    string
	consent, compare        bool
	recording               string
	endpoint, authority, ca string
	pause                   time.Duration
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("witness", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.tenant, "tenant", "", "directory (tenant) id of a tenant for tests; without it nothing is asked of Graph")
	f.StringVar(&o.user, "user", "", "user principal name of the throw-away user, with \"witness\" before its @, or the object id")
	f.StringVar(&o.client, "client", os.Getenv("AZURE_CLIENT_ID"), "application (client) id, with the secret in AZURE_CLIENT_SECRET; without a secret azidentity's DefaultAzureCredential signs in")
	f.BoolVar(&o.consent, "i-own-this-test-user", false, "phones of this user may be made, changed and deleted")
	f.BoolVar(&o.compare, "compare", false, "compare the recording with the emulator's answers")
	f.StringVar(&o.recording, "recording", "witness.jsonl", "file for the recording, one JSON object a line")
	f.StringVar(&o.endpoint, "endpoint", "", "root of another Graph, such as the emulator's; empty: https://graph.microsoft.com")
	f.StringVar(&o.authority, "authority", "", "root of another sign-in host")
	f.StringVar(&o.ca, "ca", "", "file with the certificates (PEM) that endpoint and authority may show")
	f.DurationVar(&o.pause, "pause", 2*time.Second, "pause between requests: Graph may allow few of this kind")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unknown argument %q: see -help", f.Arg(0))
	case o.tenant == "" && !o.compare:
		return o, errors.New("give -tenant and -user to record, or -compare to compare a recording: see -help")
	case o.tenant != "" && o.user == "":
		return o, errors.New("give -user, the throw-away user of that tenant")
	case o.tenant != "" && !o.consent:
		return o, errors.New("phones of this user are made, changed and deleted: say with -i-own-this-test-user that it exists for nothing else")
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.tenant != "" {
		if err := record(ctx, o, stderr); err != nil {
			return err
		}
	}
	if !o.compare {
		return nil
	}
	seen, err := readRecording(o.recording)
	if err != nil {
		return err
	}
	emulated, err := askEmulator(ctx)
	if err != nil {
		return fmt.Errorf("ask the emulator: %w", err)
	}
	return table(stdout, compare(seen, emulated))
}

// record asks Graph and writes what it answered, also when it is interrupted: what was recorded by then stays.
func record(ctx context.Context, o options, stderr io.Writer) (err error) {
	g, err := connect(o)
	if err != nil {
		return err
	}
	u, err := g.testUser(ctx, o.user)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(o.recording, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("%w: give another -recording, or move that one away", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := &witness{graph: g, user: u, pause: o.pause, out: file, log: stderr}
	return w.run(ctx)
}
