package importing

import "github.com/entraops/phone-operator/internal/phone"

// Kind is what a finding is about.
type Kind string

// The kinds. The words are for programs, and stay.
const (
	Refused   Kind = "refused"   // left out: a person must correct the table
	Guessed   Kind = "guess"     // imported, and a person is to look at it
	Duplicate Kind = "duplicate" // left out: the same phone is there already
	Shared    Kind = "shared"    // imported, and another user has the same number
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{Refused, Guessed, Duplicate, Shared} }

// Finding is what a person should know of a cell. It holds no number but a masked one.
type Finding struct {
	Line      int    `json:"line"`
	Column    string `json:"column,omitempty"`
	User      string `json:"user,omitempty"` // "": not known
	PhoneType string `json:"phoneType,omitempty"`
	Kind      Kind   `json:"kind"`
	Reason    string `json:"reason"`
	Number    string `json:"number,omitempty"` // masked
	Message   string `json:"message"`
}

// Phone is one that was read: a resource to be.
type Phone struct {
	Line    int
	Column  string
	User    string
	Type    phone.Type
	Number  phone.Number
	Guesses []string // sentences

	ending string // see ending
}

// Name is that of its resource.
func (p Phone) Name() string { return nameOf(p.User, p.Type) }

// finding is one about this phone.
func (p Phone) finding(kind Kind, reason, message string) Finding {
	return Finding{p.Line, p.Column, p.User, string(p.Type), kind, reason, p.Number.Masked(), message}
}

// Summary is what became of a table.
type Summary struct {
	Rows    int                     `json:"rows"`
	Phones  int                     `json:"phones"` // imported
	Empty   int                     `json:"empty"`  // cells without a number
	Counts  map[Kind]int            `json:"counts"`
	Reasons map[Kind]map[string]int `json:"reasons"`
}

func newSummary() Summary { return Summary{Counts: map[Kind]int{}, Reasons: map[Kind]map[string]int{}} }

func (s *Summary) add(f Finding) {
	s.Counts[f.Kind]++
	if s.Reasons[f.Kind] == nil {
		s.Reasons[f.Kind] = map[string]int{}
	}
	s.Reasons[f.Kind][f.Reason]++
}
