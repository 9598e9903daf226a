package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/entraops/phone-operator/internal/cli/importing"
	"github.com/entraops/phone-operator/internal/cli/normalise"
	"github.com/entraops/phone-operator/internal/cli/sheet"
)

type importer struct {
	*session
	csv, out, report string
	encoding, delim  string
	region           string
	columns          map[string]string
	style            importing.Style
	failOn, accept   []string
	numbers          string
	dryRun           bool
	live             live
}

func newImport(s *session) *cobra.Command {
	i := &importer{session: s}
	cmd := &cobra.Command{
		Use:   "import (--from-csv FILE | --from-tenant NAME) --out DIR",
		Short: "Make manifests from a table of people and their phones, or from a live tenant",
		Long: "Writes a PhoneAuthenticationMethod for each phone that is there already, so that the phones can be managed from then on.\n\n" +
			"--from-tenant reads them from Graph, through an EntraTenant of the cluster and with its credential, as plan does: nothing but\n" +
			"GET is sent, no faster than Graph allows the operator, and whom the access rules or Entra's protection leave out is left out\n" +
			"here. Say whose with --all, --group, --filter, --users-from, or by name. What is interrupted goes on with --resume.\n\n" +
			"--from-csv reads an export of Entra, of a script or of an HR system; neither the cluster nor Graph is\n" +
			"asked. The native form is UPN,PhoneType,PhoneNumber; other columns are known by the names that\n" +
			"real exports give them, or said with --map. Encoding, delimiter and byte order mark are found out.\n\n" +
			"Numbers in sloppy spellings are read with libphonenumber. What had to be guessed is marked by a comment in the manifest;\n" +
			"what is doubtful is refused with its line and column, and the rest goes on. The resources say adoptionPolicy:\n" +
			"IfNumberMatches, so that a phone which is there with this number is adopted without a write, and deletionPolicy: Orphan.\n\n" +
			"The same table gives the same files: an import of one that was interrupted is just repeated.",
		Example: "  kubectl phonemethod import --from-tenant default --all -n people --out people/ --report report.csv\n" +
			"  kubectl phonemethod import --from-tenant default --group 0f1c0000-0000-4000-8000-000000000009 --numbers secret --out people/\n" +
			"  kubectl phonemethod import --from-csv people.csv --default-region DE -n people --out people/ --report report.csv\n" +
			"  kubectl phonemethod import --from-csv hr.csv --map user=Account,office= --numbers secret --out people/\n" +
			"  kubectl phonemethod import --from-csv people.csv --fail-on guess,refused --out - | kubectl apply --server-side -f -",
	}
	f := cmd.Flags()
	i.live.flags(cmd)
	f.StringVar(&i.csv, "from-csv", "", "the table")
	f.StringVar(&i.out, "out", "", "a directory for the manifests, or - for standard output")
	f.StringVar(&i.report, "report", "", "a CSV file for everything that was found, a line for each; numbers are masked")
	f.StringVar(&i.region, "default-region", "", "the country, such as DE, of numbers without a country code whose row tells no country")
	f.StringToStringVar(&i.columns, "map", nil, "columns by role, such as user=Account,mobile=Tel; nothing behind the = leaves a role out.\nRoles: "+roles())
	f.StringVar(&i.numbers, "numbers", numbersPlain, "where the numbers go: plain (into the resources) or secret (a Secret for each)")
	f.StringVar(&i.style.Tenant, "tenant", "", "the EntraTenant; not said: default")
	f.StringSliceVar(&i.failOn, "fail-on", nil, "write nothing, and fail, if there is any: refused, guess, duplicate, shared")
	f.StringSliceVar(&i.accept, "accept", nil, "guesses that nobody needs to look at, by their reason, such as CountryOfColumn")
	f.BoolVar(&i.dryRun, "dry-run", false, "write no manifests, only say what was found")
	f.StringVar(&i.encoding, "encoding", "", "of the table, such as windows-1252; not said: found out")
	f.StringVar(&i.delim, "delimiter", "", "one character, or tab; not said: found out")
	completes(cmd, "numbers", oneOf(numbersPlain, numbersSecret))
	completes(cmd, "fail-on", someOf(kinds()...))
	completes(cmd, "accept", someOf(importing.GuessReasons()...))
	completes(cmd, "encoding", oneOf(sheet.Encodings()...))
	completes(cmd, "delimiter", oneOf("tab", ",", ";", "|"))
	completes(cmd, "default-region", oneOf(normalise.Regions()...))
	completes(cmd, "map", func(_ *cobra.Command, _ []string, typed string) (all []string, _ cobra.ShellCompDirective) {
		for _, r := range importing.Roles() {
			all = append(all, typed[:strings.LastIndex(typed, ",")+1]+string(r)+"=")
		}
		return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
	completes(cmd, "tenant", s.completeTenants)
	completes(cmd, "from-tenant", s.completeTenants)
	cmd.MarkFlagsOneRequired("from-csv", "from-tenant")
	cmd.MarkFlagsMutuallyExclusive("from-csv", "from-tenant")
	for _, ofTable := range []string{"default-region", "map", "tenant", "fail-on", "accept", "encoding", "delimiter"} {
		cmd.MarkFlagsMutuallyExclusive("from-tenant", ofTable)
	}
	cmd.MarkFlagsMutuallyExclusive("all", "group", "filter", "users-from")
	for _, ofTenant := range []string{"all", "group", "filter", "users-from", "resume", "credential"} {
		cmd.MarkFlagsMutuallyExclusive("from-csv", ofTenant)
	}
	cmd.RunE = func(cmd *cobra.Command, users []string) error {
		if cmd.Flags().Changed("namespace") {
			i.style.Namespace = *s.flags.Namespace
		}
		if i.live.tenant != "" {
			return i.runLive(cmd.Context(), users)
		}
		if len(users) > 0 {
			return errors.New("users are named for an import from a tenant only: --from-tenant")
		}
		return i.run()
	}
	return cmd
}

// Where the numbers go.
const (
	numbersPlain  = "plain"
	numbersSecret = "secret"
)

// kinds are those of what is found in a table.
func kinds() (all []string) {
	for _, kind := range importing.Kinds() {
		all = append(all, string(kind))
	}
	return all
}

func roles() string {
	var all []string
	for _, r := range importing.Roles() {
		all = append(all, string(r))
	}
	return strings.Join(all, ", ")
}

// check reads the flags.
func (i *importer) check() error {
	switch {
	case i.out == "" && !i.dryRun:
		return errors.New("say --out with a directory, or --out -, or --dry-run")
	case i.out == "-" && isTerminal(i.Out) && !i.dryRun:
		return errors.New("the manifests have whole numbers, which do not belong on a screen: give a directory to --out, or a pipe")
	case i.numbers != numbersPlain && i.numbers != numbersSecret:
		return errors.New("--numbers is plain or secret")
	}
	if i.report != "" && importing.IsOwn(filepath.Base(i.report)) && sameDir(filepath.Dir(i.report), i.out) {
		return fmt.Errorf("--report %s is what the import calls a file of its own: give another name", i.report)
	}
	if wrong := validation.IsDNS1123Label(i.style.Namespace); i.style.Namespace != "" && len(wrong) > 0 {
		return fmt.Errorf("--namespace %q is no name of a namespace: %s", i.style.Namespace, wrong[0])
	}
	i.style.Secrets = i.numbers == numbersSecret
	if i.region != "" {
		region, known := normalise.Region(i.region)
		if !known {
			return fmt.Errorf("--default-region %s is no country that has telephones: write two letters, such as DE", i.region)
		}
		i.region = region
	}
	for _, kind := range i.failOn {
		if !slices.Contains(kinds(), kind) {
			return fmt.Errorf("--fail-on %s is none of %s", kind, strings.Join(kinds(), ", "))
		}
	}
	for _, reason := range i.accept {
		if all := importing.GuessReasons(); !slices.Contains(all, reason) {
			return fmt.Errorf("--accept %s is none of %s", reason, strings.Join(all, ", "))
		}
	}
	for role := range i.columns {
		if !slices.Contains(importing.Roles(), importing.Role(role)) {
			return fmt.Errorf("--map %s is none of %s", role, roles())
		}
	}
	return nil
}

// sameDir reports whether two names are of one directory, which need not be there.
func sameDir(a, b string) bool {
	a, errA := filepath.Abs(a)
	b, errB := filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}

// delimiter is that of the flag; 0: find it out.
func (i *importer) delimiter() (byte, error) {
	switch {
	case i.delim == "":
		return 0, nil
	case i.delim == "tab" || i.delim == `\t`:
		return '\t', nil
	case len(i.delim) == 1 && i.delim != `"`:
		return i.delim[0], nil
	}
	return 0, errors.New("--delimiter is one character, or tab")
}

// open finds out how the table is written and what its columns are for.
func (i *importer) open() (*sheet.File, importing.Import, error) {
	delimiter, err := i.delimiter()
	if err != nil {
		return nil, importing.Import{}, err
	}
	named := map[importing.Role]string{}
	for role, name := range i.columns {
		named[importing.Role(role)] = name
	}
	f, err := sheet.Open(i.csv, sheet.Format{Encoding: i.encoding, Delimiter: delimiter}, func(header []string) int {
		return importing.Score(header, named)
	})
	if err != nil && !errors.Is(err, sheet.ErrHeader) {
		return nil, importing.Import{}, fmt.Errorf("read %s: %w", i.csv, err)
	}
	columns, err := importing.Find(f.Header, named)
	if err != nil {
		return nil, importing.Import{}, fmt.Errorf("%s: %w: name the columns with --map, such as --map user=Account,mobile=Tel. The columns are: %s",
			i.csv, err, shown(f.Header))
	}
	return f, importing.Import{Rows: f.Rows, Columns: columns, DefaultRegion: i.region, Accepted: i.accept}, nil
}

// shown are the names of columns, without what may be somebody's number: the table may have no header.
func shown(header []string) string {
	var all []string
	for _, name := range header {
		digits := strings.Count(strings.Map(func(r rune) rune {
			if '0' <= r && r <= '9' {
				return '0'
			}
			return r
		}, name), "0")
		if name = printable(strings.TrimSpace(name)); digits > 4 {
			name = "(a number)"
		}
		all = append(all, strconv.Quote(name))
	}
	return strings.Join(all, ", ")
}

// imported is what import prints.
type imported struct {
	File      string `json:"file"`
	Encoding  string `json:"encoding"`
	Delimiter string `json:"delimiter"`
	Header    int    `json:"headerLine"`
	importing.Summary
	Columns  map[importing.Role]string `json:"columns"`
	Ignored  []string                  `json:"ignoredColumns,omitempty"` // that seem to have phones
	Out      string                    `json:"out,omitempty"`
	Files    int                       `json:"files"`
	Changed  int                       `json:"changedFiles"`
	Leftover []string                  `json:"leftoverFiles,omitempty"`
	Findings []importing.Finding       `json:"findings"` // the first of each kind
}

func (i *importer) run() error {
	if err := i.check(); err != nil {
		return err
	}
	f, table, err := i.open()
	if err != nil {
		return err
	}
	if isTerminal(i.ErrOut) {
		table.Rows = counted(table.Rows, i.ErrOut)
	}
	done := imported{File: i.csv, Encoding: f.Encoding, Delimiter: string(f.Delimiter), Header: f.HeaderLine, Columns: map[importing.Role]string{}, Ignored: table.Columns.Ignored()}
	for _, role := range importing.Roles() {
		if name := table.Columns.Name(role); name != "" {
			done.Columns[role] = name
		}
	}
	if len(i.failOn) > 0 || i.dryRun {
		found, err := newFindings(i.report, "", 0)
		if err != nil {
			return err
		}
		done.Summary, err = table.Run(func(importing.Phone) error { return nil }, found.tell)
		if err = errors.Join(err, found.end()); err != nil {
			return err
		}
		done.Findings = found.first
		for _, kind := range i.failOn {
			if count := done.Counts[importing.Kind(kind)]; count > 0 {
				if err := i.say(done, done.table); err != nil {
					return err
				}
				return fmt.Errorf("nothing was written: --fail-on %s, and %s has %d", kind, i.csv, count)
			}
		}
		if i.dryRun {
			return i.say(done, done.table)
		}
	}
	return i.write(table, done)
}

// errHasManifests is for a directory with manifests that the import would write over.
var errHasManifests = errors.New("the directory has manifests of an earlier import already, which may be applied: choose another one")

// write does the import.
func (i *importer) write(table importing.Import, done imported) error {
	done.Out = i.out
	put := i.pipe
	var folder *importing.Folder
	if i.out != "-" {
		var err error
		if folder, err = importing.NewFolder(i.out, i.style); err != nil {
			return err
		}
		defer folder.Close()
		if begun, err := importing.HasJournal(i.out); err != nil || begun {
			return cmp.Or(err, fmt.Errorf("%s: %w: choose another one", i.out, importing.ErrInterrupted))
		}
		if has, err := folder.HasManifestsOfTenant(); err != nil || has {
			return cmp.Or(err, errHasManifests)
		}
		put = folder.Put
	}
	found, err := newFindings(i.report, "", 0)
	if err != nil {
		return err
	}
	done.Summary, err = table.Run(put, found.tell)
	if err == nil && folder != nil {
		done.Leftover, err = folder.End()
		done.Files, done.Changed = len(folder.Written), folder.Changed
	}
	if err = errors.Join(err, found.end()); err != nil {
		return err
	}
	done.Findings = found.first
	return i.say(done, done.table)
}

// pipe writes a phone's manifests to where nothing else goes.
func (i *importer) pipe(p importing.Phone) error {
	resource, secret := i.style.Manifest(p)
	_, err := io.WriteString(i.Out, secret+resource)
	return err
}

// say prints what was done; not where manifests go.
func (i *importer) say(done any, asTable func(io.Writer)) error {
	if i.out == "-" && !i.dryRun {
		elsewhere := *i.session
		elsewhere.Out = i.ErrOut
		return elsewhere.print(done, asTable)
	}
	return i.print(done, asTable)
}

func (d imported) table(w io.Writer) {
	fmt.Fprintf(w, "read %s of %s: %s, delimiter %q, header on line %d\n", count(d.Rows, "row"), d.File, d.Encoding, d.Delimiter, d.Header)
	var rows [][]string
	for _, role := range importing.Roles() {
		if name := d.Columns[role]; name != "" {
			rows = append(rows, []string{"  " + string(role), name})
		}
	}
	columns(w, []string{"  ROLE", "COLUMN"}, rows)
	if len(d.Ignored) > 0 {
		fmt.Fprintf(w, "not read, although they seem to have phones: %s; --map says which columns are for what\n", shown(d.Ignored))
	}
	what := "imported"
	if d.Out == "" {
		what = "would be imported"
	}
	fmt.Fprintf(w, "\n%s: %s; left out: %d refused, %s, %d empty; to look at: %d guessed, %s\n", what,
		count(d.Phones, "phone"), d.Counts[importing.Refused], count(d.Counts[importing.Duplicate], "duplicate"), d.Empty,
		d.Counts[importing.Guessed], count(d.Counts[importing.Shared], "shared number"))
	for _, kind := range importing.Kinds() {
		tableShape.print(w, kind, d.Tally, d.Findings)
	}
	if d.Out != "" && d.Out != "-" {
		fmt.Fprintf(w, "\nwrote %s to %s, %d of them new or changed; nothing was sent to the cluster or to Graph\n", count(d.Files, "file"), d.Out, d.Changed)
	}
	if len(d.Leftover) > 0 {
		fmt.Fprintf(w, "of an earlier import, and to be removed: %s\n", strings.Join(d.Leftover, ", "))
	}
}
