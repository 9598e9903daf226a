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
	mu      sync.Mutex
	log     audits.Log
	read    time.Time // when the last read came to its end, by our clock
	asked   time.Time // when the log or the report was asked last, or the process began
	request string    // the annotation that the last request for the log answers
	pressed int       // so many annotations were answered since the report was asked for
	written v1alpha1.AuditLogStatus
}

// NewAuditLog returns the log as it is in an EntraTenant's status.
func NewAuditLog(written v1alpha1.AuditLogStatus, now time.Time) *AuditLog {
	return &AuditLog{log: audits.Resume(written.Position.Time), written: written, asked: now}
}

// auditRequestsApart is how far apart requests for the log and the report are: Graph allows five in
// ten seconds. An operator that is restarted again and again makes none.
const auditRequestsApart = 4 * time.Second

// UntilNextRequest returns how long to wait before the log or the report may be asked again; 0: now,
// and the request is made.
func (a *AuditLog) UntilNextRequest(now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if wait := a.asked.Add(auditRequestsApart).Sub(now); wait > 0 {
		return min(wait, auditRequestsApart)
	}
	a.asked = now
	return 0
}

// Ask returns which records to ask for: since a time, and which page of them. request is the
// EntraTenant's annotation that asks for a read, if there is one.
func (a *AuditLog) Ask(now time.Time, request string) (since time.Time, next string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log, since, next = a.log.Ask(now)
	if request != a.request {
		a.pressed++
	}
	a.request = request
	return since, next
}

// annotationsBeforeReport is how many annotations are answered before a page of the report that is due: one that is
// changed again and again does not hold it up for ever.
const annotationsBeforeReport = 5

// YieldToReport reports whether a page of the report that is due comes before what that annotation asks for. Where it
// does, annotations are counted anew. A read that is under way is brought to its end first.
func (a *AuditLog) YieldToReport(request string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.log.IsReading() || a.isAwaited(request) && a.pressed < annotationsBeforeReport {
		return false
	}
	a.pressed = 0
	return true
}

// IsAwaited reports whether an annotation asks for a read that was not begun yet.
func (a *AuditLog) IsAwaited(request string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.isAwaited(request)
}

func (a *AuditLog) isAwaited(request string) bool { return request != "" && request != a.request }

// Failed ends a read that came to nothing.
func (a *AuditLog) Failed() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log = a.log.Failed()
}

// Heard takes a page down. It returns the object ids of the users to read, and whether there are
// further pages. own is the operator's client id, read when a user was read last.
func (a *AuditLog) Heard(page graph.Page[graph.AuditRecord], own string, read func(string) time.Time, now time.Time) (users []string, further bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log, users = a.log.Heard(page, own, read, now)
	if !a.log.IsReading() {
		a.read = now
	}
	return users, a.log.IsReading()
}

// isFollowed reports whether the log tells of each change soon, so that users need not be read to
// find drift.
func (a *AuditLog) isFollowed(now time.Time) bool {
	return a != nil && a.IsReadWithin(auditPatience, now)
}

// IsReadWithin reports whether the last read came to its end within so much time.
func (a *AuditLog) IsReadWithin(d time.Duration, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.read.IsZero() && now.Sub(a.read) < d
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

// covers reports whether each change since a time is told.
func (a *AuditLog) covers(since, now time.Time) bool {
	if !a.isFollowed(now) {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return since.After(a.log.WholeSince()) // which is known once a read came to its end
}

// DriftPeriod is how often the phones of a user are read who is as the resources say, to find drift:
// resyncPeriod, and without one a week while the audit log tells of changes, an hour otherwise.
func (t *Tenant) DriftPeriod(now time.Time) time.Duration {
	if t.Spec.ResyncPeriod == nil && t.AuditLog.isFollowed(now) {
		return v1alpha1.AuditedResyncPeriod
	}
	return t.Spec.ResyncPeriodOrDefault()
}

// IsLeftToAuditLog reports whether a user's phones need not be read to find drift: they were, not long
// ago, and the log would have told of a change since.
func (t *Tenant) IsLeftToAuditLog(user string, now time.Time) bool {
	read := t.Reads.Of(user)
	return t.Spec.ResyncPeriod == nil && !read.IsZero() && now.Sub(read) < v1alpha1.AuditedResyncPeriod && t.AuditLog.covers(read, now)
}
