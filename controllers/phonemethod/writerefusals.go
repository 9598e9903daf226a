package phonemethod

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
)

// A resource that the API server does not let the operator write (it is too large, its
// namespace is gone, a webhook refuses) cannot be told anything and cannot be held by a
// finalizer. It takes part in nothing until a write succeeds, so that it holds up no
// other resource of its user.

const (
	// refusalsUntilOut is how many writes in a row must be refused, and refusedFor for how
	// long where the answer may be of the moment, such as while etcd has no leader: a
	// rival must not take a phone over because of that.
	refusalsUntilOut = 3
	refusedFor       = time.Minute
	// The writability of a resource that is out is tried at these distances.
	firstWriteRetry, lastWriteRetry = 5 * time.Second, 5 * time.Minute
)

// writeRefusals are the refusals of the API server to write resources. It is safe for
// concurrent use.
type writeRefusals struct {
	mu    sync.Mutex
	byUID map[types.UID]*refusals
}

// writeKind is a set of the two ways to write a resource. Each can be refused alone: a
// status may just fit where a finalizer does not.
type writeKind uint8

const (
	ofMetadata writeKind = 1 << iota
	ofStatus
)

type refusals struct {
	kinds  writeKind // that were refused and not written since
	inARow int
	first  time.Time // of those in a row
	isOut  bool
	wait   time.Duration
	next   time.Time
}

func newWriteRefusals() *writeRefusals { return &writeRefusals{byUID: map[types.UID]*refusals{}} }

// refused records a refusal, which is certain to be of the resource itself or not, and
// reports whether the resource is now out.
func (u *writeRefusals) refused(uid types.UID, kind writeKind, certain bool, now time.Time) (out bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	r := u.byUID[uid]
	if r == nil {
		r = &refusals{first: now}
		u.byUID[uid] = r
	}
	r.kinds |= kind
	r.inARow++
	if r.inARow >= refusalsUntilOut && (certain || now.Sub(r.first) >= refusedFor) {
		r.isOut = true
		r.wait = min(max(2*r.wait, firstWriteRetry), lastWriteRetry)
		r.next = now.Add(r.wait)
	}
	return r.isOut
}

// written records a write that succeeded, which says nothing of the other kind. A resource
// that was out before is out again at the next refusal, for longer: it may be just small
// enough for this write.
func (u *writeRefusals) written(uid types.UID, kind writeKind) {
	u.mu.Lock()
	defer u.mu.Unlock()
	r := u.byUID[uid]
	if r == nil {
		return
	}
	r.kinds &^= kind
	switch {
	case r.kinds != 0:
	case r.wait == 0:
		delete(u.byUID, uid)
	default:
		r.inARow, r.isOut = refusalsUntilOut-1, false
	}
}

// forget drops what is known of a resource.
func (u *writeRefusals) forget(uid types.UID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.byUID, uid)
}

// out reports whether a resource is out, and in how long its writability is to be tried.
func (u *writeRefusals) out(uid types.UID, now time.Time) (bool, time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	r := u.byUID[uid]
	if r == nil || !r.isOut {
		return false, 0
	}
	return true, max(r.next.Sub(now), 0)
}

// retry returns when a resource that was just refused is to be written again.
func (u *writeRefusals) retry(uid types.UID) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	if r := u.byUID[uid]; r != nil {
		return max(r.wait, firstWriteRetry)
	}
	return firstWriteRetry
}

// count returns how many resources are out.
func (u *writeRefusals) count() (n int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, r := range u.byUID {
		if r.isOut {
			n++
		}
	}
	return n
}

// refusesResource reports whether the API server answered, and its answer is about the
// resource rather than about the moment.
func refusesResource(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) &&
		!apierrors.IsTooManyRequests(err) && !apierrors.IsServerTimeout(err) && !apierrors.IsTimeout(err) &&
		!apierrors.IsServiceUnavailable(err) && !apierrors.IsUnauthorized(err)
}

// ofItself reports whether a refusal is certain to be about the resource. That it is too
// large for etcd, the API server says with HTTP 500.
func ofItself(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && (status.Status().Code < http.StatusInternalServerError || strings.Contains(status.Status().Message, "request is too large"))
}

// reasonOf is the API server's reason; its message may repeat what the resource holds.
func reasonOf(err error) string {
	return cmp.Or(string(apierrors.ReasonForError(err)), "no reason given")
}
