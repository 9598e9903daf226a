package plan

import (
	"time"

	"github.com/entraops/phone-operator/internal/phone"
)

// Claim is one PhoneAuthenticationMethod without its Kubernetes: what one
// resource wants of one phone type of one user, and what it has made before.
type Claim struct {
	Ref     string    // "namespace/name", unique among the claims of a user
	Created time.Time // the older claim wins where nobody holds the type
	Type    phone.Type
	Number  phone.Number // zero where it is not known: Barred says why, or the claim is leaving and needs none
	SMS     SMSSignIn
	Adopt   AdoptionPolicy
	Drift   DriftPolicy
	Delete  DeletionPolicy

	Terminating bool // the resource is being deleted
	Suspended   bool // nothing is written for it, and it keeps what it holds

	// Holder says that the method in Graph was made or adopted for this claim.
	Holder bool
	// Pending is the masked number of a create, or an update that takes a phone over, that was begun and
	// whose outcome was never recorded: a crash may lie between the two. "" is none.
	Pending string
	// Unread says that this write was a create, and that Graph was not read before it: a phone of the
	// same mask may be another's.
	Unread bool
	// PendingNumber is the number of that write itself, zero where it is not known.
	PendingNumber phone.Number
	// Last is the masked number that was last in sync, "" before the first time.
	Last string
	// Was is that number itself, zero where it is not known: it is not written down.
	Was phone.Number
	// Changed says that the resource asks for something that was not yet acted
	// on: its spec is new, or a reconcile was requested.
	Changed bool
	// Edited says that its spec is new. The number need not be.
	Edited bool

	// Blind says that the claim's number must not be compared with what Graph shows: too
	// many others were tried before it. It then counts as another number.
	Blind bool

	Barred Barrier // why the claim may not act at all
	Holds  Holds   // which writes must not be made for it, and why
}

// Method is what Graph shows of one phone type now.
type Method struct {
	Type   phone.Type
	Number phone.Reading
	SMS    phone.SMSSignInState
}

// Action is one write to Graph. Number is set for Create and Update only.
type Action struct {
	Verb   Verb
	Type   phone.Type
	Number phone.Number
	For    string // Ref of the claim that it is for
	Drift  bool   // it undoes a change that was made in Graph behind our back
}

// Verdict is what the plan says of one claim, as of what Graph shows now: an
// action of the same plan has not happened yet.
type Verdict struct {
	Outcome Outcome
	// Winner is the Ref of the claim that has the phone type, for Conflict.
	Winner string
	// Verb is the write that is meant, for Pending, Denied, Privileged and Rejected.
	Verb Verb
	// Owns says that the method in Graph is, or is now to be recorded as, this claim's.
	Owns bool
	// Method is what Graph shows of the phone type; nil where it shows none.
	Method *Method
	// Respelled says that Graph shows the claim's number in other digits than were sent.
	Respelled bool
	// SMS says how Graph's SMS sign-in state compares with what the claim asks for.
	SMS SMSVerdict
}

// Plan is the answer for one user. Actions are in the order in which they must
// run. Verdicts has exactly one entry for each claim, by Ref.
type Plan struct {
	Actions  []Action
	Verdicts map[string]Verdict
}
