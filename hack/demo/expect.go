package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// people is the namespace of the samples.
const people = "people"

// expectedMethods are the methods of config/samples and the reason of Ready that each ends with.
var expectedMethods = []struct{ name, reason string }{
	{"ada-alternate-mobile", v1alpha1.ReasonReady},
	{"ada-mobile", v1alpha1.ReasonReady},
	{"ben-office", v1alpha1.ReasonReady},
	{"conflict-ada-mobile", v1alpha1.ReasonConflict},
	{"cora-mobile", v1alpha1.ReasonReady},
	{"erin-mobile", v1alpha1.ReasonInvalidNumber},
	{"kim-mobile", v1alpha1.ReasonReady},
}

// expectedPhones are what Graph holds at the end: Finn's is the seed's and nobody's business.
var expectedPhones = []struct{ user, phoneType, number string }{
	{"ada@contoso.com", "alternateMobile", "+1 2065550101"},
	{"ada@contoso.com", "mobile", "+1 2065550100"},
	{"ben@contoso.com", "office", "+1 2065550123x4567"},
	{"cora@contoso.com", "mobile", "+44 2079460100"},
	{"finn@contoso.com", "mobile", "+1 2065550160"},
	{"kim@contoso.com", "mobile", "+1 2065555555"},
}

// world is all that can be seen of a run from outside.
type world struct {
	methods []v1alpha1.PhoneAuthenticationMethod
	phones  []phone
	writes  []write
	log     string // the operator's
}

// check looks at the world once and says everything that is not as it should be.
func (d *demo) check(ctx context.Context) (err error) {
	w := world{log: d.operator.Output()}
	if w.methods, err = d.methods(ctx); err != nil {
		return err
	}
	if w.phones, err = d.graph.phones(ctx); err != nil {
		return err
	}
	if w.writes, err = d.graph.writes(ctx); err != nil {
		return err
	}
	if wrong := w.wrong(); len(wrong) > 0 {
		return errors.New("not all is as it should be:\n  " + strings.Join(wrong, "\n  "))
	}
	fmt.Fprintf(d.out, "\nAll as it should be: %d methods, %d phones, %d writes to Graph, no number in the operator's log.\n\n",
		len(w.methods), len(w.phones), len(w.writes))
	return nil
}

// wrong says what is not as it should be, one line each.
func (w world) wrong() []string {
	return slices.Concat(w.wrongMethods(), w.wrongPhones(), w.wrongWrites(), w.numbersInLog())
}

func (w world) wrongMethods() []string {
	var wrong []string
	reasons := map[string]string{}
	for _, m := range w.methods {
		reasons[m.Namespace+"/"+m.Name] = oracle.ReasonOf(&m)
	}
	for _, want := range expectedMethods {
		key := people + "/" + want.name
		if got, ok := reasons[key]; !ok || got != want.reason {
			wrong = append(wrong, fmt.Sprintf("%s is %s, not %s", key, orNothing(got), want.reason))
		}
		delete(reasons, key)
	}
	for key := range reasons {
		wrong = append(wrong, key+" is a method that the demo knows nothing of: write down in expect.go what to expect")
	}
	slices.Sort(wrong)
	return wrong
}

// wrongPhones compares Graph with the samples, and status with Graph.
func (w world) wrongPhones() []string {
	var wrong []string
	inGraph := map[string]phone{}
	for _, p := range w.phones {
		inGraph[p.User+" "+p.Type] = p
	}
	for _, want := range expectedPhones {
		key := want.user + " " + want.phoneType
		if got := inGraph[key]; got.Number != want.number {
			wrong = append(wrong, fmt.Sprintf("the %s of %s is %s in Graph, not %s", want.phoneType, want.user, orNothing(got.Number), want.number))
		}
	}
	if len(w.phones) != len(expectedPhones) {
		wrong = append(wrong, fmt.Sprintf("Graph has %d phones, not %d", len(w.phones), len(expectedPhones)))
	}
	for _, m := range w.methods {
		p, there := inGraph[strings.ToLower(m.Spec.User)+" "+string(m.Spec.PhoneType)]
		if oracle.ReasonOf(&m) != v1alpha1.ReasonReady || !there {
			continue
		}
		if untrue := oracle.Ready(&m, p.Number, &p.Phone); untrue != "" {
			wrong = append(wrong, m.Namespace+"/"+m.Name+" "+untrue)
		}
	}
	return wrong
}

// wrongWrites says which writes Graph refused and whether a phone was written more than once.
func (w world) wrongWrites() []string {
	var wrong []string
	for _, r := range w.writes {
		if r.Status < 200 || r.Status > 299 {
			wrong = append(wrong, fmt.Sprintf("Graph answered a %s with %d", r.Method, r.Status))
		}
		if r.Method != http.MethodPost {
			wrong = append(wrong, fmt.Sprintf("a %s was sent, and there was nothing to change or delete", r.Method))
		}
	}
	ready := 0
	for _, m := range expectedMethods {
		if m.reason == v1alpha1.ReasonReady {
			ready++
		}
	}
	if len(w.writes) != ready {
		wrong = append(wrong, fmt.Sprintf("%d writes were sent for %d new phones", len(w.writes), ready))
	}
	return wrong
}

// numbersInLog says whose numbers the operator wrote to its log, in whatever form.
func (w world) numbersInLog() []string {
	var wrong []string
	log := digits.Replace(w.log)
	for _, p := range expectedPhones {
		_, national, _ := strings.Cut(p.number, " ")
		national, _, _ = strings.Cut(national, "x")
		if strings.Contains(log, national) {
			wrong = append(wrong, "the operator's log has the number of "+p.user)
		}
	}
	return wrong
}

// digits takes out what may stand between the digits of a number.
var digits = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "")

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
