package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/cli"
	"github.com/entraops/phone-operator/internal/emulator"
)

// plugin types `kubectl phonemethod` as the administrator, in the team's namespace.
func (g *team) plugin(args ...string) string {
	g.t.Helper()
	var out, errOut bytes.Buffer
	root := cli.New(genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut})
	root.SetArgs(append([]string{"--kubeconfig=" + g.Kubeconfig, "--cache-dir=" + g.t.TempDir(), "--namespace=" + g.namespace}, args...))
	if err := root.ExecuteContext(g.t.Context()); err != nil {
		g.t.Fatalf("%s: %v\n%s%s", args[0], err, out.String(), errOut.String())
	}
	if found := findings(out.String() + errOut.String()); len(found) > 0 {
		g.t.Errorf("%s printed a number: %s", args[0], found)
	}
	return out.String()
}

// sloppy are ways in which people write +1 206 555 01xx; the table has a column with the country.
var sloppy = []string{"+1 20655501%02d", "+120655501%02d", "(206) 555-01%02d", "206.555.01%02d", "001 206 555 01%02d", "\u00a0+1\u2011206\u2011555\u201101%02d", "tel: 206/55501%02d"}

// Who brings in phones that exist changes nothing in Graph: a table of people in whatever spelling, imported, applied and
// adopted, is all Ready without a write. What is let go later leaves the phones where they were.
func TestImportAndApplyWriteNothingToGraph(t *testing.T) {
	t.Parallel()
	for _, numbers := range []string{"plain", "secret"} {
		t.Run(numbers, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			p := s.people
			table := "\ufeffName;User principal name;Mobile phone;Business phone;Country\r\n"
			for n := 1; n <= 8; n++ {
				office := ""
				u := s.user(func(u *emulator.User) {
					u.Phones = map[string]string{"mobile": fmt.Sprintf("+1 20655501%02d", n)}
					if n%4 == 0 {
						u.Phones["alternateMobile"] = "+1 2065550150" // which the table does not know
						u.Phones["office"] = fmt.Sprintf("+44 1614960%03dx12", n)
						office = fmt.Sprintf("\"+44 (0)161 496 0%03d ext. 12\"", n)
					}
				})
				table += fmt.Sprintf("\"Person; No %d\";%s;"+sloppy[n%len(sloppy)]+";%s;United States\r\n", n, strings.ToUpper(u.UPN), n, office)
			}
			differs := s.user(func(u *emulator.User) { u.Phones = map[string]string{"mobile": "+1 2065550160"} })
			table += fmt.Sprintf("differs;%s;+1 2065550161;;\r\n", differs.UPN)
			dir := t.TempDir()
			path, manifests := filepath.Join(dir, "people.csv"), filepath.Join(dir, "manifests")
			must(t, os.WriteFile(path, []byte(table), 0o600))

			unchanged := s.graphStays()
			said := p.plugin("import", "--from-csv", path, "--tenant", s.tenant, "--numbers", numbers, "--out", manifests)
			if !strings.Contains(said, "imported: 11 phones; left out: 0 refused, 0 duplicates") {
				t.Fatal(said)
			}
			_, err := s.Kubectl(t.Context(), "apply", "--server-side", "-f", manifests)
			must(t, err)
			names := []string{}
			for _, o := range s.resources() {
				if strings.EqualFold(o.Spec.User, differs.UPN) {
					p.reaches(o.Name, v1alpha1.ConditionReady, no, v1alpha1.ReasonAlreadyExists)
					continue
				}
				names = append(names, o.Name)
			}
			if len(names) != 10 {
				t.Fatalf("%d resources were applied", len(names))
			}
			p.ready(names...)
			unchanged()

			said = p.plugin("status")
			if !strings.Contains(said, "11 methods in namespace "+p.namespace+": 10 ready, 1 stalled") {
				t.Error(said)
			}
			said = p.plugin("explain", names[0])
			if !strings.Contains(said, "Ready=True, Ready") || strings.Contains(said, "NotReached") {
				t.Error(said)
			}
			p.plugin("reconcile", names[0], "--wait", "--timeout=3m")
			p.plugin("release", "--all", "--yes", "--timeout=3m")
			p.gone(names...)
			unchanged()
		})
	}
}
