package emulator

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// AuditLog says how the audit log and the registration report follow what happens. The
// zero value shows each change at once, once, and keeps it as long as Entra does.
type AuditLog struct {
	// Delay is how long after a change its record shows, and Spread how much longer at
	// most, at random: records come in another order than changes then.
	Delay  time.Duration `json:"delay,omitempty"`
	Spread time.Duration `json:"spread,omitempty"`
	// Missing and Doubled are the shares of records that never show, and that show twice.
	Missing float64 `json:"missing,omitempty"`
	Doubled float64 `json:"doubled,omitempty"`
	// Retention is how long records are kept; 0 is Entra's 30 days.
	Retention time.Duration `json:"retention,omitempty"`
	// ReportLag is how far the registration report is behind.
	ReportLag time.Duration `json:"reportLag,omitempty"`
}

// SetAuditLog chooses how the audit log follows. It counts for changes from now on;
// Retention and ReportLag count for what is there, too.
func (e *Emulator) SetAuditLog(a AuditLog) error {
	if a.Delay < 0 || a.Spread < 0 || a.Retention < 0 || a.ReportLag < 0 {
		return errors.New("a length of time of the audit log cannot be negative")
	}
	for _, share := range []float64{a.Missing, a.Doubled} {
		if share < 0 || share > 1 {
			return fmt.Errorf("%v is no share: write 0 to 1", share)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.auditLog = a
	return nil
}

const (
	auditRetention = 30 * 24 * time.Hour
	// keepRecords is how many records a tenant holds before the oldest are forgotten.
	keepRecords = 100_000
)

// auditService is what the records of methods say that they were logged by.
const auditService = "Authentication Methods"

// auditRecord is one change of a user's methods.
type auditRecord struct {
	id, correlation string
	at, shown       time.Time // when it happened, and from when on it shows
	words           words
	user            *user
	app             string // the client id; empty: an administrator in the portal
	phoneType       string
	before, after   string // numbers
}

// words are how a record says what was done to a phone.
type words struct{ activity, operation, reason string }

// The activities are documented, and the reasons of the first two were seen; that of the
// third is like them.
var (
	registered = words{"Admin registered security info", "Add", "Admin registered phone method for user"}
	changed    = words{"Admin updated security info", "Update", "Admin changed phone method for user"}
	deleted    = words{"Admin deleted security info", "Delete", "Admin deleted phone method for user"}
)

// logChange writes what was done to a phone into the audit log. app is empty for an
// administrator.
func (e *Emulator) logChange(t *tenant, u *user, app, phoneType string, what words, before, after string) {
	now, log := e.clock(), e.auditLog
	correlation := uuid.NewString()
	r := auditRecord{
		id:          fmt.Sprintf("%s_%s_1ZG16_%d", auditService, correlation, 100_000_000+t.logged), // as a real one was seen
		correlation: correlation, at: now, shown: now.Add(log.Delay), words: what,
		user: u, app: app, phoneType: phoneType, before: before, after: after,
	}
	t.logged++
	if log.Spread > 0 {
		r.shown = r.shown.Add(time.Duration(e.die() * float64(log.Spread)))
	}
	if log.Missing > 0 && e.chance(log.Missing) {
		return
	}
	t.audits = append(t.audits, r)
	if log.Doubled > 0 && e.chance(log.Doubled) {
		t.audits = append(t.audits, r)
	}
	if len(t.audits) > keepRecords {
		t.audits = append(t.audits[:0], t.audits[len(t.audits)/2:]...)
	}
}

// logDifference writes down what is another phone now than it was.
func (e *Emulator) logDifference(t *tenant, u *user, app, phoneType string, before phones) {
	was, had := before[phoneType]
	is, has := u.phones[phoneType]
	switch {
	case has && !had:
		e.logChange(t, u, app, phoneType, registered, "", is.number)
	case had && !has:
		e.logChange(t, u, app, phoneType, deleted, was.number, "")
	case had && has:
		e.logChange(t, u, app, phoneType, changed, was.number, is.number)
	default:
		return
	}
	u.noteRegistered(e.clock(), e.auditLog.ReportLag)
}

// die is a number from 0 to 1 that follows from the seed.
func (e *Emulator) die() float64 {
	e.rngMu.Lock()
	defer e.rngMu.Unlock()
	return e.rng.Float64()
}
