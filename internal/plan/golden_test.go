package plan

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/internal/phone"
)

var update = flag.Bool("update", false, "write the .out.yaml files anew")

// userIn is a whole user as the files in testdata write one: what is claimed,
// oldest first, and what Graph shows.
type userIn struct {
	Story  string            `json:"story"`
	Claims []claimIn         `json:"claims"`
	Graph  map[string]string `json:"graph"` // number by phone type
}

type claimIn struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Number   string `json:"number,omitempty"`
	Holds    string `json:"holds,omitempty"`    // the number last in sync
	Creating string `json:"creating,omitempty"` // a create that was begun and never recorded
	Is       string `json:"is,omitempty"`       // leaving, suspended, edited; with commas between
	Policies string `json:"policies,omitempty"` // Always, Never, Report, Orphan
}

type userOut struct {
	Actions  []string          `json:"actions"`
	Verdicts map[string]string `json:"verdicts"`
}

// TestWholeUsers reads as documentation: testdata/<story>.in.yaml is what is,
// <story>.out.yaml what is done and said.
func TestWholeUsers(t *testing.T) {
	files, err := filepath.Glob("testdata/*.in.yaml")
	fatal(t, err)
	if len(files) == 0 {
		t.Fatal("no stories in testdata")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".in.yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			fatal(t, err)
			var in userIn
			fatal(t, yaml.UnmarshalStrict(data, &in))
			claims, methods := in.values()
			got, err := yaml.Marshal(outOf(Compute(claims, methods)))
			fatal(t, err)
			golden := strings.Replace(file, ".in.yaml", ".out.yaml", 1)
			if *update {
				fatal(t, os.WriteFile(golden, got, 0o600))
			}
			want, err := os.ReadFile(golden)
			fatal(t, err)
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s\n%s", in.Story, diff)
			}
		})
	}
}

func (u userIn) values() (claims []Claim, methods []Method) {
	for i, in := range u.Claims {
		c := Claim{Ref: "people/" + in.Name, Created: epoch.Add(time.Duration(i) * time.Minute), Type: phone.Type(in.Type)}
		if in.Number != "" {
			c.Number = must(in.Number)
		}
		if in.Holds != "" {
			c.Holder, c.Last = true, must(in.Holds).Masked()
		}
		if in.Creating != "" {
			c.Pending = must(in.Creating).Masked()
		}
		is, policies := strings.Split(in.Is, ", "), strings.Split(in.Policies, ", ")
		c.Terminating, c.Suspended, c.Changed = slices.Contains(is, "leaving"), slices.Contains(is, "suspended"), slices.Contains(is, "edited")
		for _, p := range policies {
			switch p {
			case "Always":
				c.Adopt = AdoptAlways
			case "Never":
				c.Adopt = AdoptNever
			case "Report":
				c.Drift = ReportDrift
			case "Orphan":
				c.Delete = OrphanMethod
			}
		}
		claims = append(claims, c)
	}
	for t, n := range u.Graph {
		methods = append(methods, shows(phone.Type(t), must(n)))
	}
	return claims, methods
}

func outOf(p Plan) userOut {
	out := userOut{Actions: []string{}, Verdicts: map[string]string{}}
	for _, a := range p.Actions {
		line := fmt.Sprintf("%s %s for %s", a.Verb, a.Type, strings.TrimPrefix(a.For, "people/"))
		if !a.Number.IsZero() {
			line += ": " + a.Number.Masked()
		}
		out.Actions = append(out.Actions, line)
	}
	for ref, v := range p.Verdicts {
		word := outcomes[v.Outcome]
		if v.Winner != "" {
			word += " with " + strings.TrimPrefix(v.Winner, "people/")
		}
		if v.Owns {
			word += ", holds the phone"
		}
		out.Verdicts[strings.TrimPrefix(ref, "people/")] = word
	}
	return out
}
