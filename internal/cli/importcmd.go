package cli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/entraops/phone-operator/internal/cli/importing"
	"github.com/entraops/phone-operator/internal/cli/normalise"
	"github.com/entraops/phone-operator/internal/cli/sheet"
)

// shownFindings is how many findings of a kind are printed; the report has all.
const shownFindings = 20

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
}

func newImport(s *session) *cobra.Command {
	i := &importer{session: s}
	cmd := &cobra.Command{
		Use:   "import --from-csv FILE --out DIR",
		Short: "Make manifests from a table of people and their phones",
		Long: "Reads an export of Entra, of a script or of an HR system, and writes a PhoneAuthenticationMethod for each phone. Neither\n" +
			"the cluster nor Graph is asked. The native form is UPN,PhoneType,PhoneNumber; other columns are known by the names that\n" +
			"real exports give them, or said with --map. Encoding, delimiter and byte order mark are found out.\n\n" +
			"Numbers in sloppy spellings are read with libphonenumber. What had to be guessed is marked by a comment in the manifest;\n" +
			"what is doubtful is refused with its line and column, and the rest goes on. The resources say adoptionPolicy:\n" +
			"IfNumberMatches, so that a phone which is there with this number is adopted without a write, and deletionPolicy: Orphan.\n\n" +
			"The same table gives the same files: an import that was interrupted is just repeated.",
		Example: "  kubectl phonemethod import --from-csv people.csv --default-region DE -n people --out people/ --report report.csv\n" +
			"  kubectl phonemethod import --from-csv hr.csv --map user=Account,office= --numbers secret --out people/\n" +
			"  kubectl phonemethod import --from-csv people.csv --fail-on guess,refused --out - | kubectl apply --server-side -f -",
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&i.csv, "from-csv", "", "the table")
	f.StringVar(&i.out, "out", "", "a directory for the manifests, or - for standard output")
	f.StringVar(&i.report, "report", "", "a CSV file for everything that was found, a line for each; numbers are masked")
	f.StringVar(&i.region, "default-region", "", "the country, such as DE, of numbers without a country code whose row tells no country")
	f.StringToStringVar(&i.columns, "map", nil, "columns by role, such as user=Account,mobile=Tel; nothing behind the = leaves a role out.\nRoles: "+roles())
	f.StringVar(&i.numbers, "numbers", "plain", "where the numbers go: plain (into the resources) or secret (a Secret for each)")
	f.StringVar(&i.style.Tenant, "tenant", "", "the EntraTenant; not said: default")
	f.StringSliceVar(&i.failOn, "fail-on", nil, "write nothing, and fail, if there is any: refused, guess, duplicate, shared")
	f.StringSliceVar(&i.accept, "accept", nil, "guesses that nobody needs to look at, by their reason, such as CountryOfColumn")
	f.BoolVar(&i.dryRun, "dry-run", false, "write no manifests, only say what was found")
	f.StringVar(&i.encoding, "encoding", "", "of the table, such as windows-1252; not said: found out")
	f.StringVar(&i.delim, "delimiter", "", "one character, or tab; not said: found out")
	for _, needed := range []string{"from-csv"} {
		if err := cmd.MarkFlagRequired(needed); err != nil {
			panic(err) // a flag that does not exist
		}
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("namespace") {
			i.style.Namespace = *s.flags.Namespace
		}
		return i.run()
	}
	return cmd
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
	case i.numbers != "plain" && i.numbers != "secret":
		return errors.New("--numbers is plain or secret")
	}
	i.style.Secrets = i.numbers == "secret"
	if i.region != "" {
		region, known := normalise.Region(i.region)
		if !known {
			return fmt.Errorf("--default-region %s is no country that has telephones: write two letters, such as DE", i.region)
		}
		i.region = region
	}
	for _, kind := range i.failOn {
		if !slices.Contains(importing.Kinds(), importing.Kind(kind)) {
			return fmt.Errorf("--fail-on %s is none of refused, guess, duplicate and shared", kind)
		}
	}
	for role := range i.columns {
		if !slices.Contains(importing.Roles(), importing.Role(role)) {
			return fmt.Errorf("--map %s is none of %s", role, roles())
		}
	}
	return nil
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
	done := imported{File: i.csv, Encoding: f.Encoding, Delimiter: string(f.Delimiter), Header: f.HeaderLine, Columns: map[importing.Role]string{}}
	for _, role := range importing.Roles() {
		if name := table.Columns.Name(role); name != "" {
			done.Columns[role] = name
		}
	}
	if len(i.failOn) > 0 || i.dryRun {
		tell, end, err := i.teller(&done)
		if err != nil {
			return err
		}
		done.Summary, err = table.Run(func(importing.Phone) error { return nil }, tell)
		if err = errors.Join(err, end()); err != nil {
			return err
		}
		for _, kind := range i.failOn {
			if count := done.Counts[importing.Kind(kind)]; count > 0 {
				if err := i.say(done); err != nil {
					return err
				}
				return fmt.Errorf("nothing was written: --fail-on %s, and %s has %d", kind, i.csv, count)
			}
		}
		if i.dryRun {
			return i.say(done)
		}
	}
	return i.write(table, done)
}

// write does the import.
func (i *importer) write(table importing.Import, done imported) error {
	done.Findings, done.Out = nil, i.out
	tell, end, err := i.teller(&done)
	if err != nil {
		return err
	}
	if i.out == "-" {
		done.Summary, err = table.Run(func(p importing.Phone) error {
			resource, secret := i.style.Manifest(p)
			_, err := io.WriteString(i.Out, secret+resource)
			return err
		}, tell)
	} else {
		var folder *importing.Folder
		if folder, err = importing.NewFolder(i.out, i.style); err == nil {
			done.Summary, err = table.Run(folder.Put, tell)
		}
		if err == nil {
			done.Leftover, err = folder.End()
			done.Files, done.Changed = len(folder.Written), folder.Changed
		}
	}
	if err = errors.Join(err, end()); err != nil {
		return err
	}
	return i.say(done)
}

// teller returns what takes findings: into the report all of them, onto the screen the first of each kind.
func (i *importer) teller(done *imported) (tell func(importing.Finding), end func() error, err error) {
	done.Findings = []importing.Finding{}
	counts := map[importing.Kind]int{}
	keep := func(f importing.Finding) {
		if counts[f.Kind]++; counts[f.Kind] <= shownFindings {
			done.Findings = append(done.Findings, f)
		}
	}
	if i.report == "" {
		return keep, func() error { return nil }, nil
	}
	file, err := os.OpenFile(i.report, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	w := csv.NewWriter(file)
	_ = w.Write([]string{"line", "column", "user", "phoneType", "kind", "reason", "number", "message"}) // see Error below
	return func(f importing.Finding) {
			keep(f)
			_ = w.Write([]string{strconv.Itoa(f.Line), f.Column, f.User, f.PhoneType, string(f.Kind), f.Reason, f.Number, f.Message})
		}, func() error {
			w.Flush()
			return errors.Join(w.Error(), file.Close())
		}, nil
}

// say prints what was done; not where manifests go.
func (i *importer) say(done imported) error {
	if i.out == "-" && !i.dryRun {
		elsewhere := *i.session
		elsewhere.Out = i.ErrOut
		return elsewhere.print(done, done.table)
	}
	return i.print(done, done.table)
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
	what := "imported"
	if d.Out == "" {
		what = "would be imported"
	}
	fmt.Fprintf(w, "\n%s: %s; left out: %d refused, %s, %d empty; to look at: %d guessed, %s\n", what,
		count(d.Phones, "phone"), d.Counts[importing.Refused], count(d.Counts[importing.Duplicate], "duplicate"), d.Empty,
		d.Counts[importing.Guessed], count(d.Counts[importing.Shared], "shared number"))
	for _, kind := range importing.Kinds() {
		d.kind(w, kind)
	}
	if d.Out != "" && d.Out != "-" {
		fmt.Fprintf(w, "\nwrote %s to %s, %d of them new or changed; nothing was sent to the cluster or to Graph\n", count(d.Files, "file"), d.Out, d.Changed)
	}
	if len(d.Leftover) > 0 {
		fmt.Fprintf(w, "of an earlier import, and to be removed: %s\n", strings.Join(d.Leftover, ", "))
	}
}

// kind prints the reasons of a kind and its first findings.
func (d imported) kind(w io.Writer, kind importing.Kind) {
	if d.Counts[kind] == 0 {
		return
	}
	var reasons []string
	for _, reason := range slices.Sorted(maps.Keys(d.Reasons[kind])) {
		reasons = append(reasons, fmt.Sprintf("%d %s", d.Reasons[kind][reason], reason))
	}
	fmt.Fprintf(w, "\n%s: %s\n", kind, strings.Join(reasons, ", "))
	var rows [][]string
	for _, f := range d.Findings {
		if f.Kind == kind {
			rows = append(rows, []string{strconv.Itoa(f.Line), f.Column, f.User, f.Number, f.Message})
		}
	}
	columns(w, []string{"LINE", "COLUMN", "USER", "NUMBER", "MESSAGE"}, rows)
	if more := d.Counts[kind] - len(rows); more > 0 {
		fmt.Fprintf(w, "and %d more: --report has all\n", more)
	}
}
