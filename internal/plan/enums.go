package plan

// Verb is a kind of write to Graph.
type Verb int

// The writes, one Graph call each.
const (
	None Verb = iota
	Create
	Update
	Delete
	EnableSMS
	DisableSMS
)

// String names the verb in lower-case words, for logs and metrics.
func (v Verb) String() string {
	return [...]string{"none", "create", "update", "delete", "enable SMS sign-in", "disable SMS sign-in"}[v]
}

// Verbs is a set of verbs.
type Verbs uint8

// SetOf returns the set of the given verbs.
func SetOf(verbs ...Verb) Verbs {
	var s Verbs
	for _, v := range verbs {
		s |= 1 << v
	}
	return s
}

// Has reports whether v is in the set.
func (s Verbs) Has(v Verb) bool { return s&(1<<v) != 0 }

// SMSSignIn is what a claim asks of SMS sign-in.
type SMSSignIn int

// AsIs leaves SMS sign-in as Graph has it.
const (
	AsIs SMSSignIn = iota
	Enabled
	Disabled
)

// SMSVerdict compares SMS sign-in as asked for with SMS sign-in as it is.
type SMSVerdict int

// SMSAsAsked includes claims that ask for nothing. SMSUnavailable: Graph's
// policy, the number or the account stands against it, and a person must act.
const (
	SMSAsAsked SMSVerdict = iota
	SMSPending
	SMSUnavailable
)

// AdoptionPolicy says what to do where Graph already has the phone type.
type AdoptionPolicy int

// The adoption policies of the API.
const (
	AdoptIfNumberMatches AdoptionPolicy = iota
	AdoptAlways
	AdoptNever
)

// DriftPolicy says what to do about changes made in Graph behind our back.
type DriftPolicy int

// The drift policies of the API.
const (
	CorrectDrift DriftPolicy = iota
	ReportDrift
)

// DeletionPolicy says what becomes of the phone when its resource is deleted.
type DeletionPolicy int

// The deletion policies of the API.
const (
	DeleteMethod DeletionPolicy = iota
	OrphanMethod
)

// Barrier is a reason for which a claim may not act, known before the plan.
type Barrier int

// A barrier leaves a holder in its place. Claims that the access rules do not allow are
// no claims: they never reach the plan.
const (
	NotBarred Barrier = iota
	InvalidNumber
	NumberSourceNotFound
	UserChanged
)

// Outcome is what the plan says of a claim.
type Outcome int

// The outcomes; zero is none. Those from Released on are for leaving claims only.
const (
	// Synced: Graph holds what the claim says.
	Synced Outcome = iota + 1
	// Pending: an action of this plan is for this claim, or one must wait a moment.
	Pending
	// Conflict: another claim, Winner, has the phone type.
	Conflict
	// Barred: the claim's Barrier stands.
	Barred
	// Suspended: nothing is written for the claim.
	Suspended
	// AlreadyExists: Graph has a phone of this type that is not ours, and the adoption policy forbids taking it over.
	AlreadyExists
	// DriftDetected: Graph was changed behind our back and the claim wants that reported.
	DriftDetected
	// WaitingForMobile: an alternateMobile needs a mobile first.
	WaitingForMobile
	// Denied: the access rules do not allow Verb to this claim.
	Denied
	// Privileged: a write or a comparison is needed, and Entra protects the user.
	Privileged
	// Rejected: Graph refused Verb for this content.
	Rejected
	// Released: nothing of this claim is left in Graph that it should take along.
	Released
	// HandingOver: a rival takes the method over in this plan; the claim goes after that.
	HandingOver
	// WaitingForAlternateMobile: the mobile cannot go while an alternateMobile is in Graph.
	WaitingForAlternateMobile
	// DeleteRefused: Graph refused to delete the method.
	DeleteRefused
	// BudgetExhausted: the tenant's deletions of this hour are spent.
	BudgetExhausted
)
