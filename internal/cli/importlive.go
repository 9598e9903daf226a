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
	f := cmd.Flags()
	f.StringVar(&l.tenant, "from-tenant", "", "the EntraTenant through which Graph is read")
	f.BoolVar(&l.all, "all", false, "of a tenant: the phones of all its users")
	f.StringVar(&l.group, "group", "", "of a tenant: the phones of a group's members, by the group's object id; those of groups in it, too")
	f.StringVar(&l.filter, "filter", "", "of a tenant: the phones of users whom an OData filter selects, such as \"endswith(userPrincipalName,'@contoso.com')\"")
	f.StringVar(&l.usersFrom, "users-from", "", "of a tenant: the phones of users whom a file names, one on each line, by user principal name or object id; - for standard input")
	f.BoolVar(&l.resume, "resume", false, "go on with an import from a tenant into --out that was interrupted; if there is none, begin")
	credentialFlag(cmd, &l.ambient)
}

// selection reads the flags that say whose phones; stdin is for --users-from -.
func (l *live) selection(users []string, stdin io.Reader) (of survey.Selection, err error) {
	ways := 0
	for _, said := range []bool{l.all, l.group != "", l.filter != "", l.usersFrom != "", len(users) > 0} {
		if said {
			ways++
		}
	}
	if ways != 1 {
		return of, errors.New("say whose phones: one of --all, --group, --filter, --users-from, and names of users")
	}
	of.Group, of.Filter = l.group, l.filter
	switch {
	case len(users) > 0:
		of.Names = func(_ context.Context, do func(survey.Name) error) error {
			for _, name := range users {
				if err := do(survey.Name{Text: strings.ToLower(strings.TrimSpace(name))}); err != nil {
					return err
				}
			}
			return nil
		}
	case l.usersFrom == "-":
		of.Names = func(ctx context.Context, do func(survey.Name) error) error { return eachTyped(ctx, stdin, do) }
	case l.usersFrom != "":
		of.Names = func(_ context.Context, do func(survey.Name) error) error {
			file, err := os.Open(l.usersFrom)
			if err != nil {
				return err
			}
			return errors.Join(eachLine(file, do), file.Close())
		}
	}
	return of, nil
}

// eachLine hands out the names of a list. Empty lines, and what begins with #, are none.
func eachLine(list io.Reader, do func(survey.Name) error) error {
	lines := bufio.NewScanner(list)
	for n := 1; lines.Scan(); n++ {
		name := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff")))
		if name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		if err := do(survey.Name{Line: n, Text: name}); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the list of users: %w", err)
	}
	return nil
}

// eachTyped hands out the names of a list that comes as it is written, and does not wait for more of it once ctx ends.
func eachTyped(ctx context.Context, list io.Reader, do func(survey.Name) error) error {
	names, end := make(chan survey.Name), make(chan error, 1)
	go func() {
		end <- eachLine(list, func(n survey.Name) error {
			select {
			case names <- n:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	for {
		select {
		case n := <-names:
			if err := do(n); err != nil {
				return err
			}
		case err := <-end:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// surveyed is what an import from a tenant prints.
type surveyed struct {
	Tenant string `json:"tenant"`
	importing.Progress
	Out      string              `json:"out,omitempty"`
	Changed  int                 `json:"changedFiles"`
	Leftover []string            `json:"leftoverFiles,omitempty"`
	Findings []importing.Finding `json:"findings"` // the first of each kind
	Notes    []string            `json:"notes"`
}

func isSameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// runLive imports from a tenant.
func (i *importer) runLive(ctx context.Context, users []string) error {
	if err := i.check(); err != nil {
		return err
	}
	of, err := i.live.selection(users, i.In)
	if err != nil {
		return err
	}
	if isSameFile(i.report, i.live.usersFrom) {
		return errors.New("--report would be written over the list of --users-from: give it another name")
	}
	if i.live.resume && (i.out == "-" || i.dryRun) {
		return errors.New("--resume is for --out with a directory: nothing else remembers what was done")
	}
	if i.style.Namespace, err = i.namespace(); err != nil {
		return err
	}
	i.style.Tenant = i.live.tenant
	o := survey.Options{Tenant: i.live.tenant, Namespace: i.style.Namespace, Secrets: i.style.Secrets, Ambient: i.live.ambient, Of: of}
	if o.API, err = i.client(); err != nil {
		return err
	}
	var tenant v1alpha1.EntraTenant
	if err := o.API.Get(ctx, client.ObjectKey{Name: o.Tenant}, &tenant); client.IgnoreNotFound(err) != nil && !apierrors.IsForbidden(err) {
		return plainly(err)
	}
	harvest, err := i.newHarvest(tenant.Spec.TenantID, users)
	if err != nil {
		return err
	}
	o.Done, o.Progress = harvest.isDone, harvest.bar()
	notes, err := survey.Run(ctx, o, harvest.put)
	if o.Progress != nil {
		fmt.Fprint(i.ErrOut, "\r\x1b[K") // the bar is gone
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
	fmt.Fprintf(w, "looked at %s of EntraTenant %s: %d without a phone\n", count(s.Users, "user"), s.Tenant, s.Without)
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
		fmt.Fprintf(w, "\nwrote %s of manifests to %s, %d new or changed; nothing was sent to the cluster, and nothing but GET to Graph\n", count(s.Files, "file"), s.Out, s.Changed)
	}
	if len(s.Leftover) > 0 {
		fmt.Fprintf(w, "of an earlier import, and to be removed: %s\n", strings.Join(s.Leftover, ", "))
	}
	for _, note := range s.Notes {
		fmt.Fprintf(w, "note: %s\n", printable(note))
	}
}
