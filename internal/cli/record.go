package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/entraops/phone-operator/internal/recording"
	"github.com/entraops/phone-operator/internal/survey"
	"github.com/entraops/phone-operator/internal/version"
)

// recorded is what record prints.
type recorded struct {
	Out         string   `json:"out"`
	Tenants     []string `json:"tenants"`
	Users       int      `json:"users"`
	NotRecorded []string `json:"notRecorded"`
	Notes       []string `json:"notes"`
}

func newRecord(s *session) *cobra.Command {
	var l live
	var out string
	cmd := &cobra.Command{
		Use:   "record --out FILE [USER...]",
		Short: "Record what a plan reads, so that plan --offline needs neither the cluster nor a credential",
		Long: "Reads the cluster's EntraTenants, namespaces, PhoneAuthenticationMethods and the Secrets of their numbers, and asks Graph about\n" +
			"the users of these resources all that the operator would ask. With --from-tenant only the Graph of that EntraTenant is asked,\n" +
			"and users of it may be named whom no resource has yet. Nothing is changed in the cluster, and Graph gets nothing but GET.\n\n" +
			"The file has phone numbers and names of people, and may be read by its owner only: keep it as you keep the credential.\n\n" +
			"The exit code is 0 if everything is in it, 2 if Graph did not answer about some users, and 1 if there is no recording.",
		Example: "  kubectl phonemethod record --out recording.json\n" +
			"  kubectl phonemethod record --out recording.json --from-tenant default --all\n" +
			"  kubectl phonemethod record --out - | sops encrypt --input-type binary /dev/stdin > recording.sops",
	}
	cmd.Flags().StringVar(&out, "out", "", "the file; - for standard output")
	l.selectionFlags(cmd)
	completes(cmd, "from-tenant", s.completeTenants)
	cmd.RunE = func(cmd *cobra.Command, users []string) (err error) {
		if out == "" {
			return errors.New("say where to: --out")
		}
		o := survey.RecordOptions{Tenant: l.tenant, Ambient: l.ambient}
		if l.ways(users) > 0 {
			if l.tenant == "" {
				return errors.New("say of which EntraTenant these users are: --from-tenant")
			}
			if o.Of, err = l.selection(cmd.Context(), users, s.In); err != nil {
				return err
			}
		}
		if o.API, err = s.client(); err != nil {
			return err
		}
		if isTerminal(s.ErrOut) {
			o.Progress = func(done, all int) { drawBar(s.ErrOut, done, all, "user", "") }
		}
		return s.record(cmd, out, o)
	}
	return cmd
}

// record writes a recording to a file that is there as a whole or not at all.
func (s *session) record(cmd *cobra.Command, out string, o survey.RecordOptions) error {
	to, keep, err := s.newRecording(out)
	if err != nil {
		return err
	}
	w := recording.Begin(to, time.Now(), fieldManager+" "+version.String())
	got, err := survey.Record(cmd.Context(), o, w)
	if o.Progress != nil {
		clearBar(s.ErrOut)
	}
	if err = errors.Join(plainly(err), keep(cmp.Or(err, w.End()))); err != nil {
		return err
	}
	r := recorded{Out: out, Tenants: append([]string{}, got.Tenants...), Users: got.Users, NotRecorded: append([]string{}, got.Left...), Notes: append([]string{}, got.Notes...)}
	if out == "-" { // what is printed is the recording
		r.table(s.ErrOut)
	} else if err := s.print(r, r.table); err != nil {
		return err
	}
	if len(r.NotRecorded) > 0 {
		return ErrFound
	}
	return nil
}

// newRecording opens a file. keep is told how it ended, and puts the file in its place or removes it.
func (s *session) newRecording(out string) (to io.Writer, keep func(error) error, err error) {
	if out == "-" {
		if isTerminal(s.Out) {
			return nil, nil, errors.New("--out - would show phone numbers on the screen: send it to a program or a file")
		}
		return s.Out, func(error) error { return nil }, nil
	}
	if err := mayReplace(out); err != nil {
		return nil, nil, err
	}
	if err := removeParts(out); err != nil {
		return nil, nil, err
	}
	part, err := os.CreateTemp(filepath.Dir(out), partBegins(out)+"*"+partEnds) // 0600
	if err != nil {
		return nil, nil, err
	}
	return part, func(failed error) error {
		err := errors.Join(part.Sync(), part.Close())
		if failed == nil && err == nil {
			return os.Rename(part.Name(), out)
		}
		return errors.Join(err, os.Remove(part.Name()))
	}, nil
}

// partBegins and partEnds are how the name of a file begins and ends that becomes a recording.
func partBegins(out string) string { return "." + filepath.Base(out) + "." }

const partEnds = ".part"

// removeParts removes what is left of a record that was killed: it has numbers, and nobody looks for it.
func removeParts(out string) error {
	all, err := os.ReadDir(filepath.Dir(out))
	if err != nil {
		return err
	}
	for _, f := range all {
		if name := f.Name(); f.Type().IsRegular() && strings.HasPrefix(name, partBegins(out)) && strings.HasSuffix(name, partEnds) {
			err = errors.Join(err, os.Remove(filepath.Join(filepath.Dir(out), name)))
		}
	}
	return err
}

// mayReplace keeps whatever is no recording.
func mayReplace(path string) error {
	at, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !at.Mode().IsRegular():
		return fmt.Errorf("--out %s is no file: give the name of one", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	first := make([]byte, len(recording.Magic))
	n, _ := io.ReadFull(f, first)
	if n > 0 && !bytes.Equal(first, []byte(recording.Magic)) {
		return fmt.Errorf("--out %s is there already, and is no recording: give another name, or remove it", path)
	}
	return nil
}

// recording reads the file of --offline; nil without one.
func (s *session) recording(path string) (*recording.Recording, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		return recording.Read(s.In)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := recording.Read(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (r recorded) table(w io.Writer) {
	fmt.Fprintf(w, "recorded %s of %s in %s\n", count(r.Users, "user"), cmp.Or(strings.Join(r.Tenants, ", "), "no EntraTenant"), r.Out)
	for _, user := range r.NotRecorded {
		fmt.Fprintf(w, "not recorded, for Graph did not answer: %s\n", printable(user))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", printable(note))
	}
}
