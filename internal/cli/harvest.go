package cli

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/cli/importing"
	"github.com/entraops/phone-operator/internal/preview"
	"github.com/entraops/phone-operator/internal/survey"
)

// usersPerSave is for how many users manifests are kept in memory, and lost if the process is killed.
const usersPerSave = 250

// harvest takes what is found of the users of a tenant, and writes it down.
type harvest struct {
	*importer
	importing.Progress
	folder  *importing.Folder  // nil: no files are written
	journal *importing.Journal // nil with folder
	found   *importFindings
	unsaved int // users
}

// newHarvest begins, or goes on. tenantID is Entra's, and users are those who are named. close is to follow.
func (i *importer) newHarvest(tenantID string, users []survey.Name) (h *harvest, err error) {
	h = &harvest{importer: i, Progress: importing.Progress{Tally: importing.NewTally()}}
	if i.out != "-" && !i.dryRun {
		if h.folder, err = importing.NewFolder(i.out, i.style); err != nil {
			return nil, err
		}
		if err := h.open(tenantID, users); err != nil {
			h.folder.Close()
			return nil, err
		}
	}
	draft := ""
	if h.journal != nil {
		draft = h.draft()
	}
	if h.found, err = newFindings(i.report, draft, h.Report); err != nil {
		err = errors.Join(err, h.leave())
		h.close()
		return nil, err
	}
	return h, nil
}

// draft is what becomes the report. It is beside the journal, where no other import writes until this one has come to its end.
func (h *harvest) draft() string { return filepath.Join(h.out, importing.Draft) }

// open finds out where in the directory it begins.
func (h *harvest) open(tenantID string, users []survey.Name) error {
	begun, err := importing.HasJournal(h.out)
	if err != nil {
		return err
	}
	if has, err := h.folder.HasManifests(); err != nil || has && !begun {
		return cmp.Or(err, errHasManifests)
	}
	names := make([]string, len(users))
	for n, user := range users {
		names[n] = user.Text
	}
	h.journal, err = importing.OpenJournal(h.out, map[string]string{
		"--from-tenant": h.live.tenant, "the tenant's id": tenantID, "--namespace": h.style.Namespace, "--numbers": h.numbers, "--report": h.report,
		"--all": strconv.FormatBool(h.live.all), "--group": h.live.group, "--filter": h.live.filter, "the users who are listed": digest(names...),
	}, h.live.resume)
	if errors.Is(err, importing.ErrInterrupted) {
		return fmt.Errorf("%w: go on with it by --resume, or choose another directory", err)
	}
	if err != nil {
		return err
	}
	h.Progress = h.journal.Progress
	if err := h.folder.Resume(h.Files); err != nil {
		return errors.Join(err, h.journal.Close())
	}
	return nil
}

// leave keeps the journal for who goes on, unless nothing was done: then there is nothing to go on with.
func (h *harvest) leave() error {
	switch {
	case h.journal == nil:
		return nil
	case h.Users == 0:
		return h.forget()
	}
	return h.journal.Close()
}

// forget removes what an import goes on with.
func (h *harvest) forget() error {
	err := h.journal.End()
	if h.report != "" {
		err = errors.Join(err, os.RemoveAll(h.draft()))
	}
	return err
}

// close gives the directory to others.
func (h *harvest) close() {
	if h.folder != nil {
		h.folder.Close()
	}
}

func (h *harvest) isDone(user string) bool { return h.journal != nil && h.journal.Done(keyOf(user)) }

// keyOf is how the journal writes a name. What is no user's name may have a number in it, where a list is a table by mistake.
func keyOf(user string) string {
	if importing.IsUser(user) {
		return user
	}
	return digest(user)
}

func digest(texts ...string) string {
	hash := sha256.New()
	for _, text := range texts {
		fmt.Fprintf(hash, "%q", text)
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// kindOf says what becomes of a phone that was left out for a reason.
func kindOf(reason string) importing.Kind {
	switch reason {
	case v1alpha1.ReasonNotPermitted, v1alpha1.ReasonPrivilegedUser:
		return importing.Skipped
	case survey.DeclaredAlready, survey.Twice:
		return importing.Duplicate
	}
	return importing.Refused
}

// put takes what was found of one user.
func (h *harvest) put(p survey.Person) error {
	h.Users++
	if p.Without {
		h.Without++
	}
	shown := p.Name
	if p.ID == "" && !importing.IsUser(shown) { // a list that is a table by mistake has numbers
		shown = preview.Masked(shown)
	}
	for _, left := range p.Left {
		f := importing.Finding{Line: p.Line, User: shown, PhoneType: string(left.Type), Kind: kindOf(left.Reason),
			Reason: left.Reason, Number: left.Masked, Message: left.Message}
		h.Add(f)
		h.found.tell(f)
	}
	user := p.Name
	if !importing.IsUser(user) { // Entra has names that spec.user does not take
		user = p.ID
	}
	for _, one := range p.Phones {
		h.Phones++
		if err := h.write(importing.Phone{User: user, Type: one.Type, Number: one.Number}); err != nil {
			return err
		}
	}
	if h.journal == nil {
		return nil
	}
	for _, key := range []string{p.ID, p.Asked} {
		if key != "" {
			h.journal.Add(keyOf(key))
		}
	}
	if h.unsaved++; h.unsaved == usersPerSave {
		return h.save()
	}
	return nil
}

func (h *harvest) write(p importing.Phone) error {
	switch {
	case h.folder != nil:
		return h.folder.Put(p)
	case h.dryRun:
		return nil
	}
	return h.pipe(p)
}

// save has everything so far on the disk: the manifests first, then the report, and last that they are.
func (h *harvest) save() (err error) {
	if h.Files, err = h.folder.Save(); err != nil {
		return err
	}
	if h.Report, err = h.found.save(); err != nil {
		return err
	}
	h.unsaved = 0
	return h.journal.Save(h.Progress)
}

// interrupt keeps what was done. The error says how to go on.
func (h *harvest) interrupt() error {
	if h.journal == nil || h.Users == 0 {
		return errors.Join(h.found.end(), h.leave())
	}
	return errors.Join(h.save(), h.stop())
}

// stop leaves what was saved to who goes on.
func (h *harvest) stop() error {
	return errors.Join(h.found.end(), h.journal.Close(),
		fmt.Errorf("%s are done: the same command with --resume goes on", count(h.journal.Users, "user")))
}

// end comes to the end of the import.
func (h *harvest) end(done *surveyed) error {
	if h.journal != nil {
		if err := h.save(); err != nil {
			return errors.Join(err, h.stop())
		}
	}
	if err := h.found.end(); err != nil {
		return err
	}
	done.Progress, done.Findings = h.Progress, h.found.first
	if h.journal != nil {
		return h.forget()
	}
	return nil
}

// bar shows on a terminal how far the import is; nil: there is none.
func (h *harvest) bar() func(done, all int) {
	if !isTerminal(h.ErrOut) {
		return nil
	}
	before := h.Users
	return func(done, all int) { drawBar(h.ErrOut, done+before, all, "user", ", "+count(h.Phones, "phone")) }
}
