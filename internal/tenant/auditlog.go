package tenant

import (
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/audits"
	"github.com/entraops/phone-operator/internal/graph"
)

const (
	// auditPatience is how long after its last complete read the audit log still counts as followed:
	// so much later than usual is drift found then.
	auditPatience = time.Hour
	// auditPositionApart is how rarely the position is written down.
	auditPositionApart = 10 * time.Minute
)

// AuditLog is how far the audit log of a tenant was read, and whether it can be relied on to tell
// whose phones were changed in Entra. The position is kept in the EntraTenant's status, too. It is
// safe for concurrent use. A nil one is never followed.
type AuditLog struct {
	mu       sync.Mutex
	log      audits.Log
	read     time.Time // when the last read came to its end, by our clock
	followed bool      // at the last report
	written  v1alpha1.AuditLogStatus
}

// NewAuditLog returns the log as it is in an EntraTenant's status.
func NewAuditLog(written v1alpha1.AuditLogStatus) *AuditLog {
	return &AuditLog{log: audits.Resume(written.Position.Time), written: written}
}

// Ask returns which records to ask for: since a time, and which page of them.
func (a *AuditLog) Ask(now time.Time) (since time.Time, next string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log, since, next = a.log.Ask(now)
	return since, next
}

// Failed ends a read that came to nothing.
func (a *AuditLog) Failed() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log = a.log.Failed()
}

// Heard takes a page down. It returns the object ids of the users to read, and whether there are
// further pages. own is the operator's client id.
func (a *AuditLog) Heard(page graph.Page[graph.AuditRecord], own string, now time.Time) (users []string, further bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log, users = a.log.Heard(page, own, now)
	if !a.log.IsReading() {
		a.read = now
	}
	return users, a.log.IsReading()
}

// IsFollowed reports whether the log tells of each change soon, so that users need not be read to
// find drift.
func (a *AuditLog) IsFollowed(now time.Time) bool {
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.isFollowed(now)
}

func (a *AuditLog) isFollowed(now time.Time) bool {
	return !a.read.IsZero() && now.Sub(a.read) < auditPatience
}

// IsReadWithin reports whether the last read came to its end within so much time.
func (a *AuditLog) IsReadWithin(d time.Duration, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.read.IsZero() && now.Sub(a.read) < d
}

// Lost reports, once, that the log was followed and is not any more: who was left to it has to be
// read.
func (a *AuditLog) Lost(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.followed
	a.followed = a.isFollowed(now)
	return was && !a.followed
}

// Report returns what the EntraTenant's status is to hold after an answer, and whether that is
// worth a write. Written is to be called once it is written.
func (a *AuditLog) Report(answer v1alpha1.AuditLogAnswer) (v1alpha1.AuditLogStatus, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := v1alpha1.AuditLogStatus{LastAnswer: answer, Position: metav1.NewTime(a.log.Position()).Rfc3339Copy()}
	if a.log.Position().IsZero() {
		s.Position = metav1.Time{}
	}
	apart := s.Position.Sub(a.written.Position.Time)
	return s, answer != a.written.LastAnswer || apart >= auditPositionApart || a.written.Position.IsZero() != s.Position.IsZero()
}

// Written notes what the status holds.
func (a *AuditLog) Written(s v1alpha1.AuditLogStatus) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.written = s
}

// DriftPeriod is how often a user is read who is as the resources say, to find drift: resyncPeriod,
// and without one a week while the audit log tells of changes, an hour otherwise.
func (t *Tenant) DriftPeriod(now time.Time) time.Duration {
	if t.Spec.ResyncPeriod == nil && t.AuditLog.IsFollowed(now) {
		return v1alpha1.AuditedResyncPeriod
	}
	return t.Spec.ResyncPeriodOrDefault()
}
