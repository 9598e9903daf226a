package phonemethod

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// What a resource is left with that the rules do not allow (any more): its own words, and
// nothing that Graph said.
func TestWhatIsTakenFromAResourceThatIsNotPermitted(t *testing.T) {
	const mask = "+1 ********01"
	for name, c := range map[string]struct {
		rule  func(*v1alpha1.AccessRule)
		parts []says
		mask  string

		lookedUp bool // the user is, before it is known
	}{
		"for another namespace":      {onlyPeopleMay, []says{number(numberOne)}, mask, false},
		"for another user":           {onlyBob, []says{number(numberOne)}, mask, true},
		"for another phone type":     {onlyOffice, []says{number(numberOne)}, mask, false},
		"for a number in a Secret":   {secretsOnly, []says{number(numberOne)}, mask, false},
		"a Secret's number, in none": {onlyPeopleMay, []says{fromSecret}, "", false},
	} {
		for _, asleep := range []bool{false, true} {
			if asleep && c.lookedUp {
				continue // nobody is looked up for the sake of who is suspended
			}
			t.Run(name+map[bool]string{true: ", suspended"}[asleep], func(t *testing.T) {
				told(t, func(m *model) {
					m.take(allowsSMS(ada, true),
						secretSays("staff", numberOne), creates("staff/a", ada, mobileType, c.parts...), waits(10*time.Minute))
					before := m.cluster.pams[keyFor("staff/a")].Status
					if before.ID == "" || before.SMSSignInState == "" || before.MaskedNumber != mask {
						t.Fatalf("it holds nothing: %+v", before)
					}
					m.take(ruled(name, c.rule), edits("staff/a", suspended(asleep), asking()), works(busy))
					o := m.cluster.pams[keyFor("staff/a")]
					want := v1alpha1.PhoneAuthenticationMethodStatus{
						ObservedGeneration: o.Generation, UserID: ada, MaskedNumber: c.mask, LastHandledRequest: requestOf(o),
					}
					got := o.Status
					got.Conditions = nil
					if diff := cmp.Diff(want, got); diff != "" {
						t.Error(diff)
					}
					m.saysReady(t, "staff/a", v1alpha1.ReasonNotPermitted)
					if isSuspended(o) != asleep || !meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled) {
						t.Errorf("suspended %t: %+v", asleep, o.Status.Conditions)
					}
					m.wants(t, numberOne) // it is let go, not cleaned up

					// Permitted again and awake it is what it was.
					m.take(ruled("all", func(*v1alpha1.AccessRule) {}), edits("staff/a", suspended(false)), waits(time.Minute))
					m.saysReady(t, "staff/a", v1alpha1.ReasonReady)
				})
			})
		}
	}
}

// A resource that goes needs no permission to go, and takes nothing along without one.
func TestWhatBecomesOfAPhoneWhoseResourceMayNotDeleteIt(t *testing.T) {
	under := func(rule func(*v1alpha1.AccessRule), phone string) story {
		return story{[]step{
			creates("staff/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute), ruled("the rule", rule), deletes("staff/a"), waits(5 * time.Minute),
		}, phone, "", map[string]string{"staff/a": ""}}
	}
	only := func(actions ...v1alpha1.Action) func(*v1alpha1.AccessRule) {
		return func(r *v1alpha1.AccessRule) { r.Actions = actions }
	}
	tells(t, map[string]story{
		"it may":                              under(nil, ""),
		"it may delete and nothing else":      under(only(v1alpha1.ActionDelete), ""),
		"it may do anything else":             under(only(v1alpha1.ActionCreate, v1alpha1.ActionUpdate), numberOne),
		"no rule is for its namespace":        under(onlyPeopleMay, numberOne),
		"no rule covers its user":             under(onlyBob, numberOne),
		"no rule covers its phone type":       under(onlyOffice, numberOne),
		"the rule wants a number in a Secret": under(secretsOnly, numberOne),
	})
}

// A request for a reconcile stays on a suspended resource, and must not count as work to do whenever
// a resource that is not permitted wakes the user.
func TestARequestOfASuspendedResourceIsNoWork(t *testing.T) {
	told(t, func(m *model) {
		m.take(ruled("only people may", onlyPeopleMay), creates("people/a", ada, mobileType, number(numberOne)),
			creates("people/b", ada, v1alpha1.PhoneTypeOffice, number(numberTwo), suspended(true)), edits("people/b", asking()),
			creates("staff/x", ada, mobileType, number(numberOne)), waits(20*time.Minute))
		before := m.asked("/phoneMethods")
		for range 10 {
			m.take(edits("staff/x", asking()), waits(2*time.Minute))
		}
		if n := m.asked("/phoneMethods") - before; n > 0 {
			t.Errorf("%d lists for edits of a resource that is not permitted", n)
		}
	})
}

// What is certain before the user is looked up costs Graph nothing, and what is found out
// by a look-up is not found out again with each edit.
func TestHowOftenAResourceThatIsNotPermittedAsksGraph(t *testing.T) {
	for name, c := range map[string]struct {
		rule       func(*v1alpha1.AccessRule)
		user       string
		first, all int // requests about the user, at most: for the resource, and with ten edits in a minute
	}{
		"of another namespace":                 {onlyPeopleMay, ada, 0, 0},
		"a name that no rule covers":           {onlyBob, "ada@contoso.com", 0, 0},
		"an object id of somebody not covered": {onlyBob, ada, 1, 1},
		"an object id of nobody":               {onlyBob, "0b0d1e00-0000-4000-8000-000000000099", 3, 5},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(ruled(name, c.rule), creates("staff/a", c.user, mobileType, number(numberOne)), works(busy))
				if n := m.asked("/users/"); n > c.first {
					t.Errorf("%d requests, want at most %d: %v", n, c.first, m.paths)
				}
				for i := range 10 {
					m.take(edits("staff/a", number([]string{numberTwo, numberOne}[i%2]), asking()), waits(5*time.Second))
				}
				if n := m.asked("/users/"); n > c.all {
					t.Errorf("%d requests with ten edits, want at most %d: %v", n, c.all, m.paths)
				}
				m.wants(t, "")
			})
		})
	}
}

// A refusal is of a moment: a user may be renamed into the rules, and the rules may be edited.
func TestARefusalIsNotKept(t *testing.T) {
	for name, then := range map[string][]step{
		"an edit of the rules counts at once":                  {ruled("all", func(*v1alpha1.AccessRule) {}), waits(5 * time.Second)},
		"a user renamed into the rules is found when asked":    {renames(ada, "bobby@contoso.com"), waits(rulingTTL), edits("people/a", asking()), waits(5 * time.Second)},
		"a user renamed into the rules is found at the resync": {renames(ada, "bobby@contoso.com"), waits(2 * time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(ruled("only bob", onlyBob), creates("people/a", ada, mobileType, number(numberOne)), works(busy), edits("people/a", asking()), works(busy))
				m.saysReady(t, "people/a", v1alpha1.ReasonNotPermitted)
				m.take(then...)
				m.saysReady(t, "people/a", v1alpha1.ReasonReady)
				m.wants(t, numberOne)
			})
		})
	}
}

// A resource that is made anew is no new question, and neither is one whose Secret is edited
// without pause. Whoever corrects the Secret need not wait.
func TestHowOftenWhatIsMadeAnewAsksGraph(t *testing.T) {
	forUser := func(r *v1alpha1.AccessRule) { r.NumberSource = v1alpha1.NumberSourceSecretForUser }
	secretFor := func(user string) step {
		return step{"the Secret is for " + user, func(m *model) {
			secretSays("staff", numberOne).do(m)
			m.cluster.secrets[keyFor("staff/phones")].Annotations = map[string]string{v1alpha1.UserAnnotation: user}
		}}
	}
	anew := func(parts ...says) step {
		return step{"made anew", func(m *model) {
			m.take(deletes("staff/a"), works(busy), creates("staff/a", ada, mobileType, parts...))
		}}
	}
	for name, c := range map[string]struct {
		before      []step
		attack      step
		look, lists int // for the user and for phones, at most, with ten attacks in a minute
		mend        step
	}{
		"an object id of somebody not covered": {
			[]step{ruled("only bob", onlyBob), creates("staff/a", ada, mobileType, number(numberOne))},
			anew(number(numberOne)), 1, 0, ruled("all", func(*v1alpha1.AccessRule) {}),
		},
		"an object id of nobody yet": {
			[]step{ruled("only bob", onlyBob), removesUser(ada), creates("staff/a", ada, mobileType, number(numberOne))},
			anew(number(numberOne)), 3 * 2, 0, step{"ada comes, and all are covered", func(m *model) {
				must(m.graph.AddUser(emulator.User{ID: ada, UPN: "ada@contoso.com"}))
				ruled("all", func(*v1alpha1.AccessRule) {}).do(m)
			}},
		},
		"a Secret that is for somebody else": {
			[]step{ruled("for the user", forUser), secretFor(bob), creates("staff/a", ada, mobileType, fromSecret)},
			secretFor(bob), 3 * 2, 0, secretFor(ada),
		},
		"a Secret that is for somebody else, and the resource made anew": {
			[]step{ruled("for the user", forUser), secretFor(bob), creates("staff/a", ada, mobileType, fromSecret)},
			anew(fromSecret), 3 * 2, 0, secretFor(ada),
		},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(c.before...)
				for range 10 {
					m.take(works(busy), waits(5*time.Second), c.attack)
				}
				m.take(works(busy))
				if n := m.asked("/users/"); n > c.look || n == 0 {
					t.Errorf("%d requests about the user, want %d at most: %v", n, c.look, m.paths)
				}
				if n := m.asked("/phoneMethods"); n > c.lists {
					t.Errorf("%d requests for phones", n)
				}
				m.saysReady(t, "staff/a", v1alpha1.ReasonNotPermitted)
				m.take(c.mend, waits(rulingTTL+5*time.Second))
				m.saysReady(t, "staff/a", v1alpha1.ReasonReady)
			})
		})
	}
	t.Run("a Secret is corrected", func(t *testing.T) {
		told(t, func(m *model) {
			m.take(ruled("for the user", forUser), secretFor(bob), creates("staff/a", ada, mobileType, fromSecret), works(busy))
			m.saysReady(t, "staff/a", v1alpha1.ReasonNotPermitted)
			m.take(secretFor(ada), works(busy))
			m.saysReady(t, "staff/a", v1alpha1.ReasonReady)
		})
	})
}

// A neighbour that the rules refuse and that cannot be written, or whose finalizer cannot be
// taken off, has looks of its own: for the sake of those none is made at a user's phones.
func TestARefusedNeighbourThatCannotBeWrittenBringsNoLookForward(t *testing.T) {
	refused := func(answer error) func(m *model) {
		return func(m *model) {
			m.spoils(func(o *pam, _ bool) error {
				if o.Namespace == "staff" {
					return answer
				}
				return nil
			})
		}
	}
	tooLarge := apierrors.NewInternalError(errors.New("etcdserver: request is too large"))
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "phoneauthenticationmethods"}, "b", errors.New("it was changed"))
	for name, c := range map[string]struct {
		fails func(*model)
		then  step
	}{
		"its status is refused":               {refused(tooLarge), edits("staff/b", asking())},
		"its status is changed without pause": {refused(conflict), edits("staff/b", asking())},
		"its finalizer stays":                 {refused(tooLarge), deletes("staff/b")},
		"it is edited while it goes":          {refused(conflict), deletes("staff/b")},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(creates("people/a", ada, mobileType, number(numberOne)), creates("staff/b", ada, v1alpha1.PhoneTypeOffice, number(numberTwo)), waits(10*time.Minute))
				m.take(ruled("only people", onlyPeopleMay), works(busy), waits(time.Minute))
				c.fails(m)
				before := m.asked("/users/")
				m.take(c.then)
				m.tries(10 * time.Minute)
				if n := m.asked("/users/") - before; n > 0 {
					t.Errorf("%d requests: %v", n, m.paths[len(m.paths)-n:])
				}
			})
		})
	}
}

// Whether an object id is anybody's is not told to a namespace whose rules do not cover
// everybody: a user that no rule covers and one that does not exist are said the same of.
func TestAnObjectIDOfNobodyIsLikeOneOfSomebodyNotCovered(t *testing.T) {
	const nobody = "0b0d1e00-0000-4000-8000-000000000099"
	whatIsSaid := func(m *model) string {
		s := m.cluster.pams[keyFor("people/a")].Status.DeepCopy()
		var said []string
		for _, c := range s.Conditions {
			said = append(said, fmt.Sprint(c.Type, c.Status, c.Reason, c.Message))
		}
		s.Conditions = nil
		return strings.Join(append(said, fmt.Sprintf("%+v", *s)), "\n")
	}
	troubles := map[string]step{
		"Graph answers":              {"", func(*model) {}},
		"the user may not be read":   answers(http.MethodGet, "/users/[^/]*$", 403, 2),
		"the user cannot be read":    answers(http.MethodGet, "/users/[^/]*$", 500, 2),
		"the user does not show yet": answers(http.MethodGet, "/users/[^/]*$", 404, 2),
	}
	for name, trouble := range troubles {
		t.Run(name, func(t *testing.T) {
			said := map[string]string{}
			for _, user := range []string{ada, nobody} {
				told(t, func(m *model) {
					m.take(ruled("only bob", onlyBob), trouble, creates("people/a", user, mobileType, number(numberOne)))
					m.tries(10 * time.Minute)
					said[user] = whatIsSaid(m)
				})
			}
			if diff := cmp.Diff(said[ada], said[nobody]); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("where everybody is covered, it is said", func(t *testing.T) {
		told(t, func(m *model) {
			m.take(creates("people/a", nobody, mobileType, number(numberOne)))
			m.tries(10 * time.Minute)
			m.saysReady(t, "people/a", v1alpha1.ReasonUserNotFound)
		})
	})
}

// A look for drift stays one that can wait, whom it finds beside those whom it is for.
func TestARefusedNeighbourHurriesNoLookForDrift(t *testing.T) {
	told(t, func(m *model) {
		m.take(tenantEdited("staff may manage bob", func(s *tenantState) {
			s.spec.Access = append(rules(onlyPeopleMay), rules(func(r *v1alpha1.AccessRule) {
				r.Users, r.Namespaces.MatchExpressions[0].Values = []string{"bob*"}, []string{"staff"}
			})...)
		}), creates("people/a", ada, mobileType, number(numberOne)), creates("staff/b", ada, v1alpha1.PhoneTypeOffice, number(numberTwo)), waits(10*time.Minute))
		m.saysReady(t, "people/a", v1alpha1.ReasonReady)
		m.saysReady(t, "staff/b", v1alpha1.ReasonNotPermitted)
		hurried, asked := m.hurried, len(m.paths)
		m.take(waits(5 * time.Hour))
		if n := m.hurried - hurried; n > 0 || len(m.paths) == asked {
			t.Errorf("%d of %d requests are hurried: %v", n, len(m.paths)-asked, m.paths[asked:])
		}
	})
}

// A reconcile of several writes takes minutes where Graph is slow. The rules count by the name that the user has by then.
func TestAUserWhoIsRenamedOutOfTheRulesBetweenTwoWrites(t *testing.T) {
	told(t, func(m *model) {
		m.take(ruled("Ada only", func(r *v1alpha1.AccessRule) { r.Users = []string{"ada@*"} }),
			graphFault("a slow create", emulator.Fault{Method: http.MethodPost, Path: "/phoneMethods$", Times: 1, Effect: emulator.Delay, Delay: 40 * time.Second}),
			creates("people/a", ada, mobileType, number(numberOne)), creates("people/b", ada, v1alpha1.PhoneTypeOffice, number(numberTwo)))
		go func() {
			elapse(20 * time.Second) // Graph is at the create
			renames(ada, "adele@contoso.com").do(m)
		}()
		m.take(waits(5 * time.Minute))
		if p := m.has(ada, v1alpha1.PhoneTypeOffice); p != nil {
			t.Errorf("the office phone is %s, want none", p.Number)
		}
		m.saysReady(t, "people/b", v1alpha1.ReasonNotPermitted)
	})
}

// The time counts from the look-up, also where that was made for the name that a resource says, some seconds before.
func TestAUserWhoIsRenamedOutOfTheRulesAfterTheLookUpOfTheName(t *testing.T) {
	told(t, func(m *model) {
		m.take(ruled("Ada only", func(r *v1alpha1.AccessRule) { r.Users = []string{"ada@*"} }), creates("people/a", "ada@contoso.com", mobileType, number(numberOne)))
		key, _ := m.due()
		m.pass(key)
		m.take(renames(ada, "adele@contoso.com"))
		elapse(4 * time.Second)
		m.spoils(func(*pam, bool) error { elapse(2 * time.Second); return nil }) // the API server is slow
		m.take(waits(time.Minute))
		m.wants(t, "")
		m.saysReady(t, "people/a", v1alpha1.ReasonNotPermitted)
	})
}
