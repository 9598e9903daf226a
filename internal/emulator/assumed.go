package emulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// This file holds every ASSUMPTION about Graph: what nobody outside Microsoft has
// published, and what the operator's requests meet. Each has at least two plausible
// values, the first is the default. No client may lean on one; its tests run with all of
// them (Variants). What the operator never meets has one value, the strictest; see
// refusals.go.

// Guess names one assumption.
type Guess string

// The guesses. What each is about stands in the table below.
const (
	DuplicateType     Guess = "duplicateType"
	InvalidNumber     Guess = "invalidNumber"
	MalformedNumber   Guess = "malformedNumber"
	NumberPlan        Guess = "numberPlan"
	TrunkZero         Guess = "trunkZero"
	NeedsMobile       Guess = "needsMobile"
	NeededByAlternate Guess = "neededByAlternate"
	SignInRefused     Guess = "signInRefused"
	SignInOnUpdate    Guess = "signInOnUpdate"
	UnknownMethod     Guess = "unknownMethod"
	UnknownUser       Guess = "unknownUser"
	CreatedDate       Guess = "createdDate"
	ThrottleCode      Guess = "throttleCode"
	ThrottleHeaders   Guess = "throttleHeaders"
	OwnedObjects      Guess = "ownedObjects"
	ReadBasic         Guess = "readBasic"

	AuditAppID Guess = "auditAppID"
)

// assumption is one guess: what it is about, with its tag ([I] inferred from what is
// known, [U] looked for and not found), and the values it may have.
type assumption struct {
	Guess
	about  string
	values []assumed
}

// assumed is one value of a guess. With a status it is how a refusal looks; without
// one, the code that asks for it knows what to do.
type assumed struct {
	name   string
	status int
	code   string
}

func behaviour(names ...string) (values []assumed) {
	for _, name := range names {
		values = append(values, assumed{name: name})
	}
	return values
}

func refusals(values ...assumed) []assumed { return values }

// badOrConflict are the dresses of a rule's refusal: the service's habit, and the
// status that the same service has for a number that is taken.
var badOrConflict = refusals(
	assumed{"badRequest", http.StatusBadRequest, "badRequest"},
	assumed{"conflict", http.StatusConflict, "conflict"},
)

var assumptions = []assumption{
	{DuplicateType, "[U] code of a second phone of one type; both statuses are reported", badOrConflict},
	{InvalidNumber, "[I] status of the code invalidPhoneNumber", refusals(
		assumed{"400", http.StatusBadRequest, "invalidPhoneNumber"}, assumed{"422", http.StatusUnprocessableEntity, "invalidPhoneNumber"})},
	{MalformedNumber, "[U] code of a number that is too long or not in the documented form", refusals(
		assumed{"invalidPhoneNumber", http.StatusBadRequest, "invalidPhoneNumber"}, assumed{"badRequest", http.StatusBadRequest, "badRequest"})},
	{NumberPlan, "[U] what makes a number in the right form invalid: a length its country does not have, no such range there, or nothing", behaviour("possible", "valid", "grammar")},
	{TrunkZero, "[I] whether a zero after the country code stays", behaviour("kept", "dropped")},
	{NeedsMobile, "[U] code of an alternateMobile without a mobile", badOrConflict},
	{NeededByAlternate, "[I] status and code of deleting a mobile before its alternateMobile", badOrConflict},
	{SignInRefused, "[U] enableSmsSignIn where policy or type forbid it: refused, or 204 that does nothing", append(slices.Clone(badOrConflict), assumed{name: "ignored"})},
	{SignInOnUpdate, "[I] a PATCH of a mobile: SMS sign-in is registered again, or stays switched off", behaviour("registered", "kept")},
	{UnknownMethod, "[U] code of a phone that is not there; 404 is reported", refusals(
		assumed{"resourceNotFound", http.StatusNotFound, "resourceNotFound"}, assumed{"itemNotFound", http.StatusNotFound, "itemNotFound"},
		assumed{"Request_ResourceNotFound", http.StatusNotFound, "Request_ResourceNotFound"})},
	{UnknownUser, "[U] code of a user that is not there, below /authentication", refusals(
		assumed{"resourceNotFound", http.StatusNotFound, "resourceNotFound"},
		assumed{"Request_ResourceNotFound", http.StatusNotFound, "Request_ResourceNotFound"})},
	{CreatedDate, "[U] whether phones fill createdDateTime; passwords do", behaviour("filled", "null")},
	{ThrottleCode, "[I] code of a 429 below /authentication: the usual one, or that of the reports it is listed with", refusals(
		assumed{"TooManyRequests", http.StatusTooManyRequests, "TooManyRequests"}, assumed{"UnknownError", http.StatusTooManyRequests, "UnknownError"})},
	{ThrottleHeaders, "[U] whether a 429 below /authentication has the directory's x-ms-throttle headers", behaviour("shown", "absent")},
	{OwnedObjects, "[U] whether permissions for groups open ownedObjects of a user to an application, or only those for users do", behaviour("groups", "users")},
	{ReadBasic, "[U] what User.ReadBasic.All shows of users to an application: the basic profile, isManagementRestricted too, or nothing; the first is reported, and the last by others", behaviour("basic", "restriction", "nothing")},
	{AuditAppID, "[U] how a record of the audit log names an application that changed a phone: by its appId, or by its service principal alone", behaviour("appId", "servicePrincipal")},
}

// Assumptions choose a value for some guesses. A guess that is not there has its
// default, the first of its values.
type Assumptions map[Guess]string

// Check refuses a guess or a value that there is none of.
func (a Assumptions) Check() error {
	for _, g := range slices.Sorted(maps.Keys(a)) {
		known := assumptionOf(g)
		if known == nil {
			return fmt.Errorf("there is no assumption %q", g)
		}
		if !slices.ContainsFunc(known.values, func(v assumed) bool { return v.name == a[g] }) {
			return fmt.Errorf("%s cannot be %q: it is %s", g, a[g], known.names())
		}
	}
	return nil
}

// of gives the value of a guess.
func (a Assumptions) of(g Guess) assumed {
	known := assumptionOf(g)
	for _, v := range known.values {
		if v.name == a[g] {
			return v
		}
	}
	return known.values[0]
}

func assumptionOf(g Guess) *assumption {
	i := slices.IndexFunc(assumptions, func(k assumption) bool { return k.Guess == g })
	if i < 0 {
		return nil
	}
	return &assumptions[i]
}

func (k assumption) names() string {
	var names []string
	for _, v := range k.values {
		names = append(names, v.name)
	}
	return strings.Join(names, " or ")
}

// Variants gives every Graph that a client has to live with: the defaults, each
// other value of each guess alone, and the last value of all guesses together. Each
// has a name that a test can carry. With guesses named, only they vary.
func Variants(only ...Guess) map[string]Assumptions {
	all, variants := Assumptions{}, map[string]Assumptions{"the defaults": {}}
	for _, k := range assumptions {
		if len(only) > 0 && !slices.Contains(only, k.Guess) {
			continue
		}
		for _, v := range k.values[1:] {
			variants[string(k.Guess)+"="+v.name] = Assumptions{k.Guess: v.name}
			all[k.Guess] = v.name
		}
	}
	variants["none of the defaults"] = all
	return variants
}

// AssumptionsHelp lists the guesses with their values, the default first.
func AssumptionsHelp() string {
	var b strings.Builder
	for _, k := range assumptions {
		fmt.Fprintf(&b, "%-18s %s\n%18s %s\n", k.Guess, k.names(), "", k.about)
	}
	return b.String()
}
