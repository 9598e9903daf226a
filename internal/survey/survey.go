package survey

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/inorder"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/preview"
)

// Options say whose phones are read, and for whom.
type Options struct {
	API    client.Client
	Tenant string // name of an EntraTenant of the cluster
	// Namespace is where the phones will be declared.
	Namespace string
	// Secrets says that the numbers will be in Secrets that name their user.
	Secrets bool
	// Ambient signs in to Graph with what the machine has, not with the EntraTenant's credential.
	Ambient bool
	Of      Selection
	// Done reports whether a user was handed out by an earlier survey, by ID or Asked of the Person; nil: nobody was.
	Done func(user string) bool
	// Progress is told after each user how many were handed out, and how many there are; 0: that is not known. nil: nobody is.
	Progress func(done, all int)

	pause time.Duration // the least that is waited for before something is asked again; 0: leastPause
}

// Selection says which users: one of its fields does. Without anything it is nobody.
type Selection struct {
	All    bool   // of the tenant
	Group  string // object id: its members, and those of groups in it
	Filter string // an OData filter over users
	Names  []Name // by name or object id, in whatever spelling
}

// byName reports whether users are named, and not those of a list of Graph.
func (s Selection) byName() bool { return !s.All && s.Group == "" && s.Filter == "" }

// Name is a user as a list names one.
type Name struct {
	Line int // 0: not of a file
	Text string
}

// Person is what was found of one user.
type Person struct {
	Line   int     // of the list; 0: not of a file
	Asked  string  // the name in the list; "": the users were not listed by name
	ID     string  // the object id, in lower case; "": there is no such user
	Name   string  // as Graph spells it; of an unknown user as the list has it
	Phones []Phone // those that may be declared, in the order of phone.Types
	Left   []Left  // what was left out, and why
	// Without says that the user has no phone.
	Without bool
}

// Phone is one that a user has.
type Phone struct {
	Type   phone.Type
	Number phone.Number
}

// Left is a user or phone that was left out.
type Left struct {
	Type    phone.Type // "": the user with all phones
	Reason  string
	Message string
	Masked  string // the number, if it may be shown
}

// The reasons, beside those of the API. The words are for programs, and stay.
const (
	DeclaredAlready = "DeclaredAlready" // a resource of the cluster is for this phone
	NotReadable     = "NumberNotShown"  // Graph shows the number masked, or shows what is none
	Extension       = "Extension"       // one on a phone that is no office phone
	Twice           = "SameUser"        // the list names the user more than once
)

// abreast is how many users are looked at side by side.
const abreast = 8

// Run reads the phones. put gets each user once, in the order of the selection; an error of put ends it. notes say what
// the reader should know. An error says what to do; what was handed out before it stands.
func Run(ctx context.Context, o Options, put func(Person) error) (notes []string, err error) {
	connected, err := preview.Open(ctx, o.API, o.Tenant, o.Namespace, o.Ambient)
	if err != nil {
		return nil, err
	}
	s := &survey{Options: o, tenant: connected}
	if err := s.checkPermissions(ctx); err != nil {
		return connected.Notes, err
	}
	done, named := 0, map[string]bool{}
	hand := holder{s: s, put: put}
	err = inorder.Do(ctx, abreast, s.ask, s.person, func(p Person) error {
		if done++; o.Progress != nil {
			defer func() { o.Progress(done, int(s.all.Load())) }()
		}
		switch {
		case p.ID == "" || !o.Of.byName():
		case o.Done != nil && o.Done(p.ID):
			return nil
		case named[p.ID]:
			p.Phones, p.Without = nil, false
			p.Left = []Left{{Reason: Twice, Message: "the list names this user more than once"}}
		default:
			named[p.ID] = true
		}
		return hand.add(p)
	})
	if err == nil {
		err = hand.release()
	}
	return connected.Notes, err
}

// mostHeld is how many users Graph may refuse before it shows the first one.
const mostHeld = 25

// holder hands persons on in their order. From the first user on whom Graph refuses before it has shown one, it holds them
// back: that one may be restricted, or all are.
type holder struct {
	s       *survey
	put     func(Person) error
	held    []Person
	refused int // of them
}

func (h *holder) add(p Person) error {
	h.held = append(h.held, p)
	if len(p.Left) == 1 && p.Left[0] == restricted {
		h.refused++
	}
	switch {
	case h.refused == 0 || h.s.phones.answered.Load() > 0:
		return h.release()
	case h.refused == mostHeld:
		return fmt.Errorf("Graph shows none of the first %d users, although the permission is there: see what keeps it from %s", mostHeld, h.s.application()) //nolint:staticcheck // a name
	}
	return nil
}

// release hands out those who were held back.
func (h *holder) release() error {
	for _, p := range h.held {
		if err := h.put(p); err != nil {
			return err
		}
	}
	h.held, h.refused = nil, 0
	return nil
}

// checkPermissions fails before anything is read where the token cannot do.
func (s *survey) checkPermissions(ctx context.Context) error {
	has, err := s.tenant.Graph.Permissions(ctx)
	if err != nil {
		return fmt.Errorf("sign in to EntraTenant %s: %w", s.Tenant, err)
	}
	protects := s.tenant.Spec.PrivilegedUsersOrDefault() == v1alpha1.PrivilegedUsersDeny
	if missing := graph.Missing(has, false, protects); len(missing) > 0 {
		return fmt.Errorf("%s lacks %s: grant these application permissions, with admin consent", s.application(), strings.Join(missing, ", "))
	}
	return nil
}

func (s *survey) application() string {
	if s.Ambient {
		return "the application that you are signed in as"
	}
	return "the app registration of EntraTenant " + s.Tenant
}
