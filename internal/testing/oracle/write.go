package oracle

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// Verb is what a write does to a phone.
type Verb string

// The verbs.
const (
	Create  Verb = "create"
	Update  Verb = "update"
	Delete  Verb = "delete"
	Enable  Verb = "enable" // SMS sign-in
	Disable Verb = "disable"
)

// Write is a request that asks Graph to change a phone of a user.
type Write struct {
	Verb   Verb
	Type   string // phone type
	Number string // of a create or update, plain
}

func (w Write) String() string { return string(w.Verb) + " of " + w.Type }

var methodPath = regexp.MustCompile(`/users/([^/]+)/authentication/phoneMethods(?:/([^/]+)(/[A-Za-z]+)?)?$`)

// methodTypes are Graph's well-known ids.
// https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod
var methodTypes = map[string]string{
	"3179e48a-750b-4051-897c-87b9720928f7": emulator.Mobile,
	"b6332ec1-7057-4abe-9331-3d72feddfe41": emulator.AlternateMobile,
	"e37fc753-ff3b-4958-9484-eaa9425c82bc": emulator.Office,
}

// Read understands what a request asks for, and whose phone it is. What changes no phone is the zero Write.
func Read(r emulator.Request) (user string, w Write) {
	m := methodPath.FindStringSubmatch(r.Path)
	if m == nil {
		return "", Write{}
	}
	var body struct {
		Number string `json:"phoneNumber"`
		Type   string `json:"phoneType"`
	}
	_ = json.Unmarshal([]byte(r.Body), &body) // what is no JSON says nothing
	w = Write{Type: methodTypes[m[2]], Number: Plain(body.Number)}
	switch {
	case r.Method == http.MethodPost && m[2] == "":
		w.Verb, w.Type = Create, body.Type
	case r.Method == http.MethodPost:
		w.Verb = Verb(strings.TrimSuffix(strings.TrimPrefix(m[3], "/"), "SmsSignIn"))
	case r.Method == http.MethodDelete:
		w.Verb = Delete
	case r.Method == http.MethodPatch, r.Method == http.MethodPut:
		w.Verb = Update
	}
	return strings.ToLower(m[1]), w
}

// Says is what a resource asks for.
type Says struct {
	Number string // plain
	Adopt  v1alpha1.AdoptionPolicy
	Drift  v1alpha1.DriftPolicy
	Delete v1alpha1.DeletionPolicy
	SMS    v1alpha1.SMSSignIn
}

// Speaker is a resource of the phone type that is written, and not gone.
type Speaker struct {
	Name      string
	Says      []Says // all that it said and the operator may go by
	Leaving   bool   // its deletion was asked for
	Permitted bool   // the rules let it, as far as the operator can know
	Mute      string // why it speaks for no such write, by what only the caller knows; "": nothing
}

// objection is why a resource does not speak for a write; "" if it does.
func (r Speaker) objection(w Write) string {
	says := func(is func(Says) bool) bool { return slices.ContainsFunc(r.Says, is) }
	switch sms := map[Verb]v1alpha1.SMSSignIn{Enable: v1alpha1.SMSSignInEnabled, Disable: v1alpha1.SMSSignInDisabled}[w.Verb]; {
	case !r.Permitted:
		return "is not permitted"
	case r.Mute != "":
		return r.Mute
	case w.Verb == Delete && !r.Leaving:
		return "is not leaving"
	case w.Verb == Delete && !says(func(v Says) bool { return v.Delete != v1alpha1.DeletionOrphan }):
		return "leaves its phone behind"
	case (w.Verb == Create || w.Verb == Update) && !says(func(v Says) bool { return v.Number == w.Number }):
		return "says another number"
	case sms != "" && !says(func(v Says) bool { return v.SMS == sms }):
		return "does not ask for it"
	}
	return ""
}

// Situation is what is true when a write reaches Graph.
type Situation struct {
	Speakers []Speaker
	// Unusual circumstances, of which the operator was told or has had the time to know.
	Observe    bool   // the tenant is in mode Observe
	Privileged string // why nobody may write to this user's phones; "": somebody may
	Drifted    bool   // a phone in sync was changed by hand, and its one resource wants that reported
	// Stranger says that a phone is there which is neither the operator's nor could have been adopted, and whose
	// resource, if the operator took it over, has gone.
	Stranger bool
	// Overdrawn says that the deletion is of a phone that counts, and that the budget is spent.
	Overdrawn bool
	// What Graph has, of which the operator was told and which no hand and no lag can have hidden from it.
	Exists, MissesMobile, HasAlternate bool
}

// Rule is one of the rules for writes.
type Rule string

// The rules.
const (
	Observing Rule = "nothing is written in mode Observe"
	Speaks    Rule = "a resource asks for each write"
	Protects  Rule = "nothing is written of protected users"
	Order     Rule = "one phone of each type, the mobile first and last"
	Budget    Rule = "the deletion budget is kept"
)

// Objection is a rule that a write breaks, and how.
type Objection struct {
	Rule Rule
	What string
}

func (o Objection) String() string { return o.What }

// Objections are the rules that a write breaks.
func (s Situation) Objections(w Write) (all []Objection) {
	object := func(rule Rule, broken bool, format string, args ...any) {
		if broken {
			all = append(all, Objection{rule, w.String() + fmt.Sprintf(format, args...)})
		}
	}
	object(Observing, s.Observe, " in a tenant in mode Observe")
	if s.Spokesman(w) < 0 {
		var why []string
		for _, r := range s.Speakers {
			why = append(why, r.Name+" "+r.objection(w))
		}
		object(Speaks, true, ", for which nobody speaks: %s", strings.Join(why, "; "))
	}
	object(Protects, s.Privileged != "", " of somebody whom Entra protects: %s", s.Privileged)
	object(Speaks, s.Drifted, ", which was changed by hand when in sync, and driftPolicy is Report")
	object(Speaks, s.Stranger && (w.Verb == Update || w.Verb == Delete), ", which is not ours: no resource could have adopted it")
	object(Order, s.Exists && w.Verb == Create, ", and there is one")
	object(Order, s.MissesMobile && w.Verb == Create && w.Type == emulator.AlternateMobile, " without a mobile")
	object(Order, s.HasAlternate && w.Verb == Delete && w.Type == emulator.Mobile, " while there is an alternateMobile")
	object(Budget, s.Overdrawn && w.Verb == Delete, " over the deletion budget")
	return all
}

// Spokesman is the first of the speakers who speaks for a write; -1 if nobody does.
func (s Situation) Spokesman(w Write) int {
	return slices.IndexFunc(s.Speakers, func(r Speaker) bool { return r.objection(w) == "" })
}
