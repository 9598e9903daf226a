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
	Skipped   Kind = "skipped"   // left out by the rules of the tenant; of a live tenant only
)

// Kinds are those of a table.
func Kinds() []Kind { return []Kind{Refused, Guessed, Duplicate, Shared} }

// KindsOfTenant are those of a live tenant.
func KindsOfTenant() []Kind { return []Kind{Refused, Skipped, Duplicate} }

// Finding is what a person should know of a cell. It holds no number but a masked one.
type Finding struct {
	Line      int    `json:"line,omitempty"` // 0: not of a file
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

// Tally counts what was imported, and what was found.
type Tally struct {
	Phones  int                     `json:"phones"` // imported
	Counts  map[Kind]int            `json:"counts"`
	Reasons map[Kind]map[string]int `json:"reasons"`
}

// NewTally counts from zero.
func NewTally() Tally { return Tally{Counts: map[Kind]int{}, Reasons: map[Kind]map[string]int{}} }

// Add counts a finding.
func (t *Tally) Add(f Finding) {
	t.Counts[f.Kind]++
	if t.Reasons[f.Kind] == nil {
		t.Reasons[f.Kind] = map[string]int{}
	}
	t.Reasons[f.Kind][f.Reason]++
}

// Summary is what became of a table.
type Summary struct {
	Rows int `json:"rows"`
	Tally
	Empty int `json:"empty"` // cells without a number
}
