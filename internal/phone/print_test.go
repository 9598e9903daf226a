package phone_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/internal/phone"
)

func TestMasked(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"the last two digits are shown":       {"+1 2065550100", "+1 ********00"},
		"an extension is only told of":        {"+1 2065550100x12345", "+1 ********00x***"},
		"a long country code":                 {"+354 5550123", "+354 *****23"},
		"six national digits still show two":  {"+290 212345", "+290 ****45"},
		"five national digits show nothing":   {"+290 22345", "+290 *****"},
		"four national digits and an x":       {"+683 4123x9", "+683 ****x***"},
		"a trunk zero is a star like another": {"+44 07700900123", "+44 *********23"},
	} {
		t.Run(name, func(t *testing.T) {
			n, r := parse(t, tc.in), phone.Read(tc.in)
			for how, got := range map[string]string{
				"Masked": n.Masked(), "String": n.String(), "GoString": n.GoString(),
				"%v": fmt.Sprintf("%v", n), "%#v": fmt.Sprintf("%#v", n), "%d": fmt.Sprintf("%d", n), "%x": fmt.Sprintf("%x", n),
				"MarshalLog": n.MarshalLog().(string), "LogValue": n.LogValue().String(),
				"Reading.Masked": r.Masked(), "Reading.String": r.String(), "Reading.GoString": r.GoString(), "Reading %v": fmt.Sprintf("%v", r),
			} {
				if got != tc.want {
					t.Errorf("%s shows %q, want %q", how, got, tc.want)
				}
			}
			if got := fmt.Sprintf("%q", n); got != `"`+tc.want+`"` {
				t.Errorf("%%q shows %s", got)
			}
		})
	}
}

func TestMaskedOfWhatCannotBeRead(t *testing.T) {
	for _, s := range []string{"+1 206555XX00", "+999 2065550100", "call 2065550100", ""} {
		if got := phone.Read(s).Masked(); got != "********" {
			t.Errorf("Read(%q) shows %q", s, got)
		}
	}
}

// What is looked for in everything printed: runs of the number's digits that
// neither a mask nor an address in memory holds by chance.
const secret = "+1 2065550187x40917"

var runs = []string{"20655", "06555", "55501", "5550187", "40917"}

// Formats with mistakes in them. As constants the compiler's checks would find them.
var noVerb, wrongVerbs = "x", "%!z %p"

type named struct{ Number phone.Number }

// hidden is what careless printing looks like: no method of an unexported field is called.
type hidden struct {
	number  phone.Number
	reading phone.Reading
}

// values returns the number and a reading of it in every shape a caller may hold them in.
func values(t *testing.T) map[string]any {
	n, r := parse(t, secret), phone.Read(secret)
	return map[string]any{
		"number": n, "reading": r, "pointer": &n, "pointer to a reading": &r,
		"struct": named{n}, "pointer to struct": &named{n},
		"struct of pointers":       struct{ N *phone.Number }{&n},
		"struct of readings":       struct{ R phone.Reading }{r},
		"embedded":                 struct{ phone.Number }{n},
		"embedded reading":         struct{ phone.Reading }{r},
		"unexported fields":        hidden{n, r},
		"pointer to unexported":    &hidden{n, r},
		"slice":                    []phone.Number{n},
		"slice of pointers":        []*phone.Number{&n},
		"slice of readings":        []phone.Reading{r},
		"slice of hidden":          []hidden{{n, r}},
		"array":                    [1]phone.Number{n},
		"map value":                map[string]phone.Number{"k": n},
		"map of readings":          map[string]phone.Reading{"k": r},
		"map key":                  map[phone.Number]string{n: "v"},
		"map key of a reading":     map[phone.Reading]string{r: "v"},
		"map of structs":           map[string]named{"k": {n}},
		"map of hidden":            map[string]hidden{"k": {n, r}},
		"interface in a slice":     []any{n, &n, r, &r, hidden{n, r}},
		"error with a number":      fmt.Errorf("update %v: %w", n, errors.New("no")),
		"joined with a reading":    errors.Join(fmt.Errorf("%+v", r)),
		"error of a wrong verb":    fmt.Errorf(wrongVerbs, n, n),
		"format with one too many": fmt.Sprintf(noVerb, n, r, hidden{n, r}),
	}
}

func TestNoPrintShowsTheNumber(t *testing.T) {
	for name, v := range values(t) {
		t.Run(name, func(t *testing.T) {
			for verb := rune('A'); verb <= 'z'; verb++ {
				for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "40", ".3", "-40.5"} {
					format := "%" + flags + string(verb)
					clean(t, format, fmt.Sprintf(format, v))
				}
			}
			clean(t, "Sprint", fmt.Sprint(v)+fmt.Sprintln(v))
			clean(t, "as a width", fmt.Sprintf("%*d", v, 1))
			clean(t, "as an extra argument", fmt.Sprintf(noVerb, v))
			clean(t, "wrapped in an error", fmt.Errorf("update: %v", v).Error())

			for how, print := range printers {
				var out bytes.Buffer
				print(&out, v)
				clean(t, how, stamps.ReplaceAllString(out.String(), ""))
			}
		})
	}
}

// stamps are the times that loggers put beside what they are given: nine digits
// of a second hold a run of five by chance, now and then.
var stamps = regexp.MustCompile(`\d{4}-\d{2}-\d{2}T[0-9:.]+(Z|[+-]\d{2}:?\d{2})`)

// printers are the ways programs of this kind print. What cannot print a value
// (gob) may fail, but not show it.
var printers = map[string]func(io.Writer, any){
	"json":        func(w io.Writer, v any) { must(w, json.NewEncoder(w).Encode(v)) },
	"json indent": func(w io.Writer, v any) { b, err := json.MarshalIndent(v, "", " "); _, _ = w.Write(b); must(w, err) },
	"yaml":        func(w io.Writer, v any) { b, err := yaml.Marshal(v); _, _ = w.Write(b); must(w, err) },
	"gob":         func(w io.Writer, v any) { must(w, gob.NewEncoder(w).Encode(v)) },
	"log":         func(w io.Writer, v any) { log.New(w, "", 0).Println(v) },
	"slog json":   func(w io.Writer, v any) { slogTo(slog.NewJSONHandler(w, nil), v) },
	"slog text":   func(w io.Writer, v any) { slogTo(slog.NewTextHandler(w, nil), v) },
	"zap json":    func(w io.Writer, v any) { logrTo(zap.New(zap.WriteTo(w)), v) },
	"zap console": func(w io.Writer, v any) { logrTo(zap.New(zap.WriteTo(w), zap.UseDevMode(true)), v) },
	"funcr": func(w io.Writer, v any) {
		logrTo(funcr.New(func(p, a string) { _, _ = io.WriteString(w, p+a) }, funcr.Options{}), v)
	},
	"funcr json": func(w io.Writer, v any) {
		logrTo(funcr.NewJSON(func(s string) { _, _ = io.WriteString(w, s) }, funcr.Options{}), v)
	},
	"logr slog": func(w io.Writer, v any) { logrTo(logr.FromSlogHandler(slog.NewJSONHandler(w, nil)), v) },
}

func slogTo(h slog.Handler, v any) {
	l := slog.New(h).With("with", v).WithGroup("group")
	l.LogAttrs(context.Background(), slog.LevelError, fmt.Sprint(v), slog.Any("value", v), slog.Group("g", "value", v))
}

func logrTo(l logr.Logger, v any) {
	l = l.WithName("phone").WithValues("with", v)
	l.Info("said", "value", v, "more", []any{v})
	l.Error(fmt.Errorf("with %v", v), "said", "value", v)
}

func must(w io.Writer, err error) {
	if err != nil {
		_, _ = io.WriteString(w, err.Error())
	}
}

func clean(t *testing.T, how, out string) {
	t.Helper()
	for _, run := range runs {
		if strings.Contains(out, run) {
			t.Errorf("%s shows %q of the number: %s", how, run, out)
			return
		}
	}
}

// The net itself must hold: with digits in reach of it, it finds them.
func TestTheRunsAreOfTheNumber(t *testing.T) {
	out := parse(t, secret).Graph()
	for _, run := range runs {
		if !strings.Contains(out, run) {
			t.Errorf("%q is no part of the number", run)
		}
	}
}

func TestAMaskIsNoWayBack(t *testing.T) {
	b, err := json.Marshal(named{parse(t, secret)})
	if err != nil {
		t.Fatal(err)
	}
	var back named
	if err := json.Unmarshal(b, &back); err == nil {
		t.Errorf("a mask was read as the number %v", back.Number)
	}
}
