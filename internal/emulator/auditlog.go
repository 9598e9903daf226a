package emulator

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

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
	at              time.Time
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
	correlation := uuid.NewString()
	t.audits = append(t.audits, auditRecord{
		id:          fmt.Sprintf("%s_%s_1ZG16_%d", auditService, correlation, 100_000_000+t.logged), // as a real one was seen
		correlation: correlation, at: e.clock(), words: what,
		user: u, app: app, phoneType: phoneType, before: before, after: after,
	})
	t.logged++
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
	}
}
