package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/entraops/phone-operator/internal/emulator"
)

type flags struct {
	bind, control, caFile, seedFile, readyFile string
	seed                                       int64
	listedLimits, version                      bool
	readLag                                    time.Duration
	assumptions                                assumptions
}

// assumptions is the flag --assume name=value, which may come more than once.
type assumptions emulator.Assumptions

func (a *assumptions) String() string { return "" }

func (a *assumptions) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found {
		return errors.New("write it as name=value")
	}
	if *a == nil {
		*a = assumptions{}
	}
	(*a)[emulator.Guess(name)] = value
	return emulator.Assumptions(*a).Check()
}

const usage = `graph-emulator runs a Microsoft Graph with its token endpoint on this machine.

A seed file (YAML or JSON) says what is there at the start:

  tenants: [{id: 11111111-2222-3333-4444-555555555555, domains: [contoso.example]}]
                                           # and withoutP2: true, listsGroupRoles: true
  apps:
  - clientID: 66666666-7777-8888-9999-000000000000
    secret: not a secret
    roles: [UserAuthMethod-Phone.ReadWrite.All, User.ReadBasic.All]
  groups:                                  # everybody is in an ordinary one, All Users, as well
  - id: 0f1c0000-0000-4000-8000-0000000000a1
    displayName: Help Desk
    isAssignableToRole: true               # left out: null, as of most ordinary groups; false: of some
    roles: [{templateID: 729827e3-9c14-49f7-bb1b-9608f156bbb8, displayName: Helpdesk Administrator}]
  users:
  - id: 0f1c0000-0000-4000-8000-000000000001
    upn: ada@contoso.example
    smsSignIn: true                        # the policy lets her sign in by SMS
    defaultMethod: mobile                  # cannot be deleted while others are there
    roles: [{templateID: 62e90394-69f5-4237-9190-012177145e10, displayName: Global Administrator}]
                                           # and scope: /administrativeUnits/{id}, custom: true
    eligibleRoles: []                      # roles that she may activate (PIM)
    groups: [0f1c0000-0000-4000-8000-0000000000a1]
    ownedGroups: []
    eligibleGroups: [{group: 0f1c0000-0000-4000-8000-0000000000a1, access: owner}]     # PIM for Groups
    managementRestricted: true             # in a restricted management administrative unit: no write
    phones: {mobile: "+1 2065550100"}
  faults: [{method: POST, path: phoneMethods$, times: 1, effect: cut, afterWork: true}]
  throttle: {class: authentication, requests: 5, per: 10s}

The control interface, off unless --control-bind-address is given:

%s
What nobody outside Microsoft knows of Graph is a choice. --assume takes these names, the first value is the default:

%s
Flags:
`

func parseFlags(args []string, stderr io.Writer) (flags, error) {
	var f flags
	s := flag.NewFlagSet("graph-emulator", flag.ContinueOnError)
	s.SetOutput(stderr)
	s.Usage = func() {
		_, _ = fmt.Fprintf(stderr, usage, emulator.ControlHelp, emulator.AssumptionsHelp())
		s.PrintDefaults()
	}
	s.StringVar(&f.bind, "bind-address", "127.0.0.1:9443", "loopback address of Graph and the token endpoint; port 0: any free one")
	s.StringVar(&f.control, "control-bind-address", "", "loopback address of the control interface; empty: none")
	s.StringVar(&f.caFile, "ca-file", "", "where to write the certificate authority to trust, PEM")
	s.StringVar(&f.seedFile, "seed-file", "", "what is there at the start, YAML or JSON; empty: nothing")
	s.StringVar(&f.readyFile, "ready-file", "", "where to write, when ready, what is printed on standard output")
	s.Int64Var(&f.seed, "random-seed", 1, "seed of the order in batches and of faults with a probability")
	s.Var(&f.assumptions, "assume", "`name=value` of an assumption; may be repeated")
	s.DurationVar(&f.readLag, "read-lag", 500*time.Millisecond, "how long reads of phones show the state before a write; 0: not at all")
	s.BoolVar(&f.listedLimits, "listed-limits", false, "throttle as Microsoft lists it: 5 requests in 10 s below /authentication, 5 in 10 s of the audit log and the reports, 3,500 in 10 s of the directory")
	s.BoolVar(&f.version, "version", false, "print the version and exit")
	if err := s.Parse(args); err != nil {
		return flags{}, err
	}
	if s.NArg() > 0 {
		return flags{}, fmt.Errorf("unexpected argument %q", s.Arg(0))
	}
	return f, nil
}
