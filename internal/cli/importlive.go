package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/cli/importing"
	"github.com/entraops/phone-operator/internal/survey"
)

// live are the flags of an import from a tenant.
type live struct {
	tenant                   string
	all                      bool
	group, filter, usersFrom string
	ambient, resume          bool
}

func (l *live) flags(cmd *cobra.Command) {
	l.selectionFlags(cmd)
	cmd.Flags().BoolVar(&l.resume, "resume", false, "go on with an import from a tenant into --out that was interrupted; if there is none, begin")
}

// selectionFlags are those that say whose phones, and how they are read.
func (l *live) selectionFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&l.tenant, "from-tenant", "", "the EntraTenant through which Graph is read")
	f.BoolVar(&l.all, "all", false, "of a tenant: the phones of all its users")
	f.StringVar(&l.group, "group", "", "of a tenant: the phones of a group's members, by the group's object id; those of groups in it, too")
	f.StringVar(&l.filter, "filter", "", "of a tenant: the phones of users whom an OData filter selects, such as \"endswith(userPrincipalName,'@contoso.com')\"")
	f.StringVar(&l.usersFrom, "users-from", "", "of a tenant: the phones of users whom a file names, one on each line, by user principal name or object id; - for standard input")
	credentialFlag(cmd, &l.ambient)
}

// ways is how many of the flags and arguments say whose phones.
func (l *live) ways(users []string) (n int) {
	for _, said := range []bool{l.all, l.group != "", l.filter != "", l.usersFrom != "", len(users) > 0} {
		if said {
			n++
		}
	}
	return n
}

// selection reads the flags that say whose phones; stdin is for --users-from -.
func (l *live) selection(ctx context.Context, users []string, stdin io.Reader) (of survey.Selection, err error) {
	if l.ways(users) != 1 {
		return of, errors.New("say whose phones: one of --all, --group, --filter, --users-from, and names of users")
	}
	of.All, of.Group, of.Filter = l.all, l.group, l.filter
	for _, name := range users {
		of.Names = append(of.Names, survey.Name{Text: strings.ToLower(strings.TrimSpace(name))})
	}
	if l.usersFrom != "" {
		of.Names, err = readNames(ctx, l.usersFrom, stdin)
	}
	return of, err
}

// readNames reads a list of users. It waits for one that is typed, until ctx ends.
func readNames(ctx context.Context, path string, stdin io.Reader) ([]survey.Name, error) {
	list := io.NopCloser(stdin)
	if path != "-" {
		var err error
		if list, err = os.Open(path); err != nil {
			return nil, err
		}
	}
	var names []survey.Name
	end := make(chan error, 1)
	go func() {
		var err error
		names, err = namesIn(list)
		end <- errors.Join(err, list.Close())
	}()
	select {
	case err := <-end:
		if err != nil {
			return nil, fmt.Errorf("read the list of users: %w", err)
		}
		return names, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// namesIn are the names of a list, in UTF-8 or, as PowerShell may write it, in UTF-16. Empty lines, and what begins with #,
// are none.
func namesIn(list io.Reader) (names []survey.Name, err error) {
	lines := bufio.NewScanner(transform.NewReader(list, unicode.BOMOverride(encoding.Nop.NewDecoder())))
	for n := 1; lines.Scan(); n++ {
		if name := strings.ToLower(strings.TrimSpace(lines.Text())); name != "" && !strings.HasPrefix(name, "#") {
			names = append(names, survey.Name{Line: n, Text: name})
		}
	}
	return names, lines.Err()
}

// surveyed is what an import from a tenant prints.
type surveyed struct {
	Tenant string `json:"tenant"`
	importing.Progress
	Out      string              `json:"out,omitempty"`
	Findings []importing.Finding `json:"findings"` // the first of each kind
	Notes    []string            `json:"notes"`
}

// runLive imports from a tenant.
func (i *importer) runLive(ctx context.Context, users []string) error {
	if err := i.check(); err != nil {
		return err
	}
	of, err := i.live.selection(ctx, users, i.In)
	if err != nil {
		return err
	}
	if i.live.resume && (i.out == "-" || i.dryRun) {
		return errors.New("--resume is for --out with a directory: nothing else remembers what was done")
	}
	if i.style.Namespace, err = i.namespace(); err != nil {
		return err
	}
	i.style.Tenant, i.style.OfTenant = i.live.tenant, true
	o := survey.Options{Tenant: i.live.tenant, Namespace: i.style.Namespace, Secrets: i.style.Secrets, Ambient: i.live.ambient, Of: of}
	if o.API, err = i.client(); err != nil {
		return err
	}
	var tenant v1alpha1.EntraTenant
	if err := o.API.Get(ctx, client.ObjectKey{Name: o.Tenant}, &tenant); client.IgnoreNotFound(err) != nil && !apierrors.IsForbidden(err) {
		return plainly(err)
	}
	harvest, err := i.newHarvest(tenant.Spec.TenantID, of.Names)
	if err != nil {
		return err
	}
	defer harvest.close()
	o.Done, o.Progress = harvest.isDone, harvest.bar()
	notes, err := survey.Run(ctx, o, harvest.put)
	if o.Progress != nil {
		clearBar(i.ErrOut)
	}
	if err != nil {
		return errors.Join(plainly(err), harvest.interrupt())
	}
	done := surveyed{Tenant: i.live.tenant, Notes: append([]string{}, notes...)}
	if !i.dryRun {
		done.Out = i.out
	}
	if err := harvest.end(&done); err != nil {
		return err
	}
	return i.say(done, done.table)
}

func (s surveyed) table(w io.Writer) {
	fmt.Fprintf(w, "looked at %s of EntraTenant %s: %d without a phone, of whom it was not asked whether Entra protects them\n",
		count(s.Users, "user"), s.Tenant, s.Without)
	what := "imported"
	if s.Out == "" {
		what = "would be imported"
	}
	fmt.Fprintf(w, "\n%s: %s; left out: %d refused, %d skipped by the tenant's rules, %s\n", what, count(s.Phones, "phone"),
		s.Counts[importing.Refused], s.Counts[importing.Skipped], count(s.Counts[importing.Duplicate], "duplicate"))
	for _, kind := range importing.KindsOfTenant() {
		tenantShape.print(w, kind, s.Tally, s.Findings)
	}
	if s.Out != "" && s.Out != "-" {
		fmt.Fprintf(w, "\nwrote %s of manifests to %s; nothing was sent to the cluster, and nothing but GET to Graph\n", count(s.Files, "file"), s.Out)
	}
	for _, note := range s.Notes {
		fmt.Fprintf(w, "note: %s\n", printable(note))
	}
}
