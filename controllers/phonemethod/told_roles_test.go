package phonemethod

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// says wants words in the message of a resource's Ready, and others not in it.
func (m *model) saysWords(t *testing.T, name, words, never string) {
	t.Helper()
	message := readyOf(m.cluster.pams[keyFor(name)]).Message
	if !strings.Contains(message, words) {
		t.Errorf("%s says %q, want %q in it", name, message, words)
	}
	if never != "" && strings.Contains(message, never) {
		t.Errorf("%s says %q, and %q is wrong", name, message, never)
	}
}

// Only where a permission is missing a grant helps. Whatever is answered in place of
// the roles, nothing is written, and what was wanted is done when Graph answers.
func TestARoleQuestionWithoutAnAnswer(t *testing.T) {
	const doesNotAnswer = "Graph does not answer as it should"
	for name, c := range map[string]struct {
		status       int
		code         string
		lacks        bool // the token has no permission for it
		reason       string
		words, never string
	}{
		"the token is not accepted":              {status: 401, reason: v1alpha1.ReasonForbidden, words: "does not accept the token", never: "grant"},
		"the permission is missing":              {status: 403, code: "Authorization_RequestDenied", lacks: true, reason: v1alpha1.ReasonPrivilegedUser, words: "grant the app registration GroupMember.Read.All"},
		"refused though the permission is there": {status: 403, code: "Authorization_RequestDenied", reason: v1alpha1.ReasonGraphUnavailable, words: doesNotAnswer, never: "grant"},
		"refused by who is not Graph":            {status: 403, reason: v1alpha1.ReasonGraphUnavailable, words: doesNotAnswer, never: "grant"},
		"a lost route":                           {status: 404, code: "UnknownError", reason: v1alpha1.ReasonGraphUnavailable, words: doesNotAnswer, never: "grant"},
		"the user does not show there":           {status: 404, code: "Request_ResourceNotFound", reason: v1alpha1.ReasonGraphUnavailable, words: "does not show this user", never: "grant"},
		"a pause":                                {status: 429, code: "TooManyRequests", reason: v1alpha1.ReasonThrottled, words: "a pause", never: "grant"},
		"an error of Graph's":                    {status: 500, reason: v1alpha1.ReasonGraphUnavailable, words: doesNotAnswer, never: "grant"},
	} {
		fault := graphFault(name, emulator.Fault{Method: http.MethodGet, Path: "/transitiveMemberOf", Effect: emulator.Answer, Status: c.status, Code: c.code})
		without := step{"", func(*model) {}}
		if c.lacks {
			without = granted("UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "RoleManagement.Read.Directory")
		}
		t.Run(name+": a phone comes", func(t *testing.T) {
			told(t, func(m *model) {
				m.take(without, fault, creates("people/a", ada, mobileType, number(numberOne)), works(busy))
				m.saysReady(t, "people/a", c.reason)
				m.saysWords(t, "people/a", c.words, c.never)
				m.take(waits(10 * time.Minute))
				m.wants(t, "")
				m.take(granted(modelRoles...), graphWell, waits(20*time.Minute))
				m.wants(t, numberOne)
			})
		})
		t.Run(name+": a phone goes", func(t *testing.T) {
			told(t, func(m *model) {
				m.take(creates("people/a", ada, mobileType, number(numberOne)), waits(10*time.Minute),
					without, reborn,
					fault, deletes("people/a"), waits(10*time.Minute))
				m.saysReady(t, "people/a", c.reason)
				m.saysWords(t, "people/a", c.words, c.never)
				m.wants(t, numberOne)
				m.take(granted(modelRoles...), graphWell, waits(20*time.Minute))
				m.wants(t, "")
			})
		})
	}
}

// A holder is told no more than a stranger once its user came to be protected: each number
// that it is edited to comes to the same end, be it the user's or not.
func TestANumberOfAUserWhoCameToBeProtectedCannotBeGuessedByTheHolder(t *testing.T) {
	const theirs = "+1 2065550177"
	protected := []step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute), promotes(ada)}
	guess := func(n string, between ...step) story {
		return story{slices.Concat(protected, []step{setsByHand(ada, mobileType, theirs)}, between, []step{edits("people/a", number(n)), waits(time.Minute)}),
			theirs, v1alpha1.ReasonPrivilegedUser, nil}
	}
	tells(t, map[string]story{
		"theirs":                   guess(theirs),
		"another":                  guess("+1 2065550178"),
		"theirs, after a restart":  guess(theirs, reborn, waits(5*time.Minute)),
		"another, after a restart": guess("+1 2065550178", reborn, waits(5*time.Minute)),
		"an edit of something else is no guess": {
			slices.Concat(protected, []step{edits("people/a", drifting(v1alpha1.DriftReport)), waits(time.Minute)}), numberOne, v1alpha1.ReasonReady, nil,
		},
	})
}
