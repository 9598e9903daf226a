package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/entraops/phone-operator/internal/cli/manifests"
	"github.com/entraops/phone-operator/internal/preview"
)

// planned is what plan prints.
type planned struct {
	Summary   summary         `json:"summary"`
	Rows      []preview.Row   `json:"manifests"`
	Unmanaged []preview.Phone `json:"unmanaged"`
	Notes     []string        `json:"notes"`
}

// summary counts the outcomes.
type summary struct {
	Refused   int `json:"refused"`
	Unknown   int `json:"unknown"`
	Waits     int `json:"waits"`
	Change    int `json:"change"`
	Unchanged int `json:"unchanged"`
}

func newPlan(s *session) *cobra.Command {
	var paths []string
	var prune bool
	var selector, offline string
	var o preview.Options
	cmd := &cobra.Command{
		Use:   "plan -f DIR|FILE|-",
		Short: "See what manifests would change in Graph, and what would be refused, before they are applied",
		Long: "Lays the manifests over what the cluster has, and runs the operator's own rules on them: the API server is asked to\n" +
			"take them (dry run), and Graph is read, now, with the credential of the EntraTenant. Nothing is stored in the cluster, and no\n" +
			"request but GET is sent to Graph. Resources that take their numbers from a Secret of the manifests are planned as well.\n\n" +
			"With --offline neither is asked: a recording answers, which the command record made earlier. What it does not have is Unknown.\n\n" +
			"The exit code is 0 if nothing would change, 2 if something would change, wait or be refused, and 1 if it cannot be said.",
		Example: "  kubectl phonemethod plan -f people/\n" +
			"  kubectl phonemethod plan -f tenant.yaml -f people/ -o markdown --show-unmanaged > comment.md\n" +
			"  kustomize build overlays/prod | kubectl phonemethod plan -f - --credential=default\n" +
			"  kubectl phonemethod plan -f people/ --offline recording.json",
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringArrayVarP(&paths, "filename", "f", nil, "a file, a folder with all that is below it, or - for standard input; may be repeated")
	cmd.Flags().BoolVar(&o.Unmanaged, "show-unmanaged", false, "also list the phones that these users have in Graph and no resource declares")
	cmd.Flags().BoolVar(&prune, "prune", false, "also plan the deletion of the resources that the cluster has and no manifest, as a GitOps tool prunes them: "+
		"in the namespaces of the manifests and of --namespace, or with --selector in all namespaces")
	cmd.Flags().StringVarP(&selector, "selector", "l", "", "with --prune: only resources with these labels, such as kustomize.toolkit.fluxcd.io/name=people")
	cmd.Flags().StringVar(&o.FieldManager, "field-manager", "", "in whose name the manifests will be applied (default: whoever applied an object last, else kubectl)")
	credentialFlag(cmd, &o.Ambient)
	cmd.Flags().StringVar(&offline, "offline", "", "a file that kubectl phonemethod record made: it answers in place of the cluster and of Graph; - for standard input")
	cmd.Flags().BoolVar(&o.TrustTenants, "trust-tenants", false, "believe the EntraTenants and Namespaces of the manifests also where you may not apply them, "+
		"and where they sign in otherwise than those of the cluster: a credential is sent where they say")
	cmd.MarkFlagsMutuallyExclusive("offline", "credential")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if len(paths) == 0 {
			return errors.New("say what is to be applied: --filename, -f")
		}
		if offline == "-" && slices.Contains(paths, "-") {
			return errors.New("standard input is for one of --filename and --offline")
		}
		if o.Prune, err = s.prune(cmd, prune, selector); err != nil {
			return err
		}
		if o.Recording, err = s.recording(offline); err != nil {
			return err
		}
		p, err := s.plan(cmd, paths, o)
		if err != nil {
			return err
		}
		if s.output == markdown {
			err = p.markdown(s.Out)
		} else {
			err = s.print(p, p.table)
		}
		if err != nil {
			return err
		}
		return p.verdict()
	}
	return cmd
}

// prune reads the flags that say what is pruned; nil is nothing.
func (s *session) prune(cmd *cobra.Command, wanted bool, selector string) (*preview.Prune, error) {
	if !wanted {
		if selector != "" {
			return nil, errors.New("--selector is for --prune")
		}
		return nil, nil
	}
	p := &preview.Prune{}
	if cmd.Flags().Changed("namespace") {
		p.Namespaces = []string{*s.flags.Namespace}
	}
	if selector == "" {
		return p, nil
	}
	var err error
	p.Selector, err = labels.Parse(selector)
	return p, err
}

func (s *session) plan(cmd *cobra.Command, paths []string, o preview.Options) (*planned, error) {
	namespace, err := s.namespace()
	if err != nil {
		return nil, err
	}
	set, err := manifests.Read(paths, s.In, namespace)
	if err != nil {
		return nil, err
	}
	if set.Len() == 0 && o.Prune == nil { // with --prune it may be all that is left
		return nil, fmt.Errorf("there is no manifest in %s", strings.Join(paths, ", "))
	}
	if o.Recording == nil {
		if o.API, err = s.client(); err != nil {
			return nil, err
		}
	}
	o.Manifests, o.Sealed = set.Objects, set.Sealed
	if isTerminal(s.ErrOut) {
		o.Progress = func(done, all int) {
			fmt.Fprintf(s.ErrOut, "\r%d of %d users\x1b[K", done, all)
			if done == all {
				fmt.Fprint(s.ErrOut, "\r\x1b[K")
			}
		}
	}
	found, err := preview.Run(cmd.Context(), o)
	if err != nil {
		return nil, plainly(err)
	}
	p := &planned{Rows: found.Rows, Unmanaged: found.Unmanaged, Notes: append(notesOf(set), found.Notes...)}
	if p.Rows == nil {
		p.Rows = []preview.Row{}
	}
	for _, row := range p.Rows {
		switch row.Outcome {
		case preview.Refused:
			p.Summary.Refused++
		case preview.Waits:
			p.Summary.Waits++
		case preview.Change:
			p.Summary.Change++
		case preview.Unchanged:
			p.Summary.Unchanged++
		case preview.Unknown:
			p.Summary.Unknown++
		}
	}
	return p, nil
}

// notesOf says what of the files was left out.
func notesOf(set *manifests.Set) []string {
	notes := []string{}
	for _, o := range set.Sealed {
		if o.GetKind() == "Secret" {
			notes = append(notes, fmt.Sprintf("Secret %s/%s is encrypted by SOPS: numbers from it are not known; a credential in it is taken from the cluster", o.GetNamespace(), o.GetName()))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(set.Ignored)) {
		notes = append(notes, fmt.Sprintf("left out: %d of kind %s", set.Ignored[kind], kind))
	}
	return notes
}

// ErrFound is the error of a command that has told that something is to be looked at. The exit code is 2.
var ErrFound = errors.New("there is something to look at")

func (p *planned) verdict() error {
	switch s := p.Summary; {
	case s.Unknown > 0:
		return ErrSaid
	case s.Refused+s.Waits+s.Change > 0:
		return ErrFound
	}
	return nil
}

func (p *planned) table(w io.Writer) {
	var rows [][]string
	for _, r := range p.Rows {
		rows = append(rows, []string{nameOf(r), r.User, r.PhoneType, r.Number, what(r), r.Message})
	}
	if len(rows) > 0 {
		columns(w, []string{"RESOURCE", "USER", "TYPE", "NUMBER", "RESULT", "MESSAGE"}, rows)
		fmt.Fprintln(w)
	}
	if len(rows) > screen {
		columns(w, []string{"RESULT", "MANIFESTS"}, p.byResult())
		fmt.Fprintln(w)
	}
	if len(p.Unmanaged) > 0 {
		rows = nil
		for _, u := range p.Unmanaged {
			rows = append(rows, []string{u.Tenant, u.User, u.PhoneType, u.Number})
		}
		fmt.Fprintln(w, "In Graph, and declared by no resource:")
		columns(w, []string{"TENANT", "USER", "TYPE", "NUMBER"}, rows)
		fmt.Fprintln(w)
	}
	for _, note := range p.Notes {
		fmt.Fprintf(w, "note: %s\n", printable(note))
	}
	fmt.Fprintln(w, p.Summary)
}
