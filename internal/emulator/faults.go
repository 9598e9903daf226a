package emulator

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Effect is what a fault does to a request.
type Effect string

// The effects. With AfterWork the first three come after the work is done: the
// caller is told of a failure, or nothing, although Graph did what it asked.
const (
	Answer          Effect = "answer"          // Status, with Code and Retry
	Cut             Effect = "cut"             // the connection ends without an answer
	Late            Effect = "late"            // the connection ends, and the work is done after Delay, or when Hold is closed; at most Options.MaxHold
	Delay           Effect = "delay"           // Delay, or until Hold is closed; at most Options.MaxHold
	Half            Effect = "half"            // done, but the connection ends in the middle of the answer
	Garble          Effect = "garble"          // done, but the answer, if it has a body, is not JSON
	ExpiredToken    Effect = "expiredToken"    // 401, as for a token past its time
	ClaimsChallenge Effect = "claimsChallenge" // 401 with a claims challenge, to callers that declared cp1
	Lag             Effect = "lag"             // done, but the next Reads reads of the user, or those within Delay, show the state before
	Mask            Effect = "mask"            // numbers in the answer are masked with Glyph
	DeleteUser      Effect = "deleteUser"      // the user of the path is deleted just before
)

// Fault disturbs the requests it matches. The first fault of the list that
// matches and is due acts; the others wait.
type Fault struct {
	Name   string `json:"name,omitempty"`   // in the record; empty: the effect
	Method string `json:"method,omitempty"` // empty: any
	Path   string `json:"path,omitempty"`   // regular expression on the escaped path with the version; empty: any

	From        int     `json:"from,omitempty"`        // acts from the From-th matching request on; 0 and 1: the first
	Times       int     `json:"times,omitempty"`       // acts so often; 0: always
	Probability float64 `json:"probability,omitempty"` // of acting, by the seed; 0: certain

	Effect    Effect          `json:"effect"`
	AfterWork bool            `json:"afterWork,omitempty"`
	Status    int             `json:"status,omitempty"`     // of Answer
	Code      string          `json:"code,omitempty"`       // of Answer; empty: Graph's usual one
	Retry     string          `json:"retryAfter,omitempty"` // Retry-After of Answer, as it is sent
	RetryIn   time.Duration   `json:"retryIn,omitempty"`    // nanoseconds; the same as a date: so long after now by Graph's clock
	Delay     time.Duration   `json:"delay,omitempty"`      // nanoseconds; of Delay, Late and Lag
	Hold      <-chan struct{} `json:"-"`                    // of Delay and Late
	Reads     int             `json:"reads,omitempty"`      // of Lag
	Glyph     string          `json:"glyph,omitempty"`      // of Mask; empty: *

	path  *regexp.Regexp
	seen  int
	acted int
}

// check refuses a fault that could never act or would act without meaning.
func (f *Fault) check() error {
	var err error
	if f.path, err = regexp.Compile(f.Path); err != nil {
		return fmt.Errorf("fault path: %w", err)
	}
	switch f.Effect {
	case Answer:
		if f.Status < 400 || f.Status > 599 {
			return fmt.Errorf("fault status %d is no error", f.Status)
		}
	case Cut, Late, Delay, Half, Garble, ExpiredToken, ClaimsChallenge, Lag, Mask, DeleteUser:
	default:
		return fmt.Errorf("fault effect %q is not known", f.Effect)
	}
	return nil
}

type faultList struct {
	mu   sync.Mutex
	list []*Fault
}

func (l *faultList) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = nil
}

// AddFault puts a fault at the end of the list.
func (e *Emulator) AddFault(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	e.faults.mu.Lock()
	defer e.faults.mu.Unlock()
	e.faults.list = append(e.faults.list, &f)
	return nil
}

// ClearFaults removes every fault. State that reads lag behind stays so.
func (e *Emulator) ClearFaults() { e.faults.clear() }

// pickFault gives the fault that acts on a call, nil for none.
func (e *Emulator) pickFault(c *call) *Fault {
	e.faults.mu.Lock()
	defer e.faults.mu.Unlock()
	for _, f := range e.faults.list {
		if !f.matches(c) {
			continue
		}
		f.seen++
		if f.seen < f.From || (f.Times > 0 && f.acted >= f.Times) || !e.chance(f.Probability) {
			continue
		}
		f.acted++
		c.seen.Fault = cmp.Or(f.Name, string(f.Effect))
		acting := *f
		return &acting
	}
	return nil
}

func (f *Fault) matches(c *call) bool {
	return (f.Method == "" || strings.EqualFold(f.Method, c.method)) && f.path.MatchString(c.path)
}

// chance throws the seeded die.
func (e *Emulator) chance(p float64) bool {
	if p <= 0 {
		return true
	}
	e.rngMu.Lock()
	defer e.rngMu.Unlock()
	return e.rng.Float64() < p
}
