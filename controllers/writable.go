package controllers

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/internal/conditions"
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

// unwritable knows the resources whose writes the API server refuses. It is safe for
// concurrent use.
type unwritable struct {
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

func newUnwritable() *unwritable { return &unwritable{byUID: map[types.UID]*refusals{}} }

// refused notes a refusal, which is certain to be of the resource itself or not, and
// reports whether the resource is now out.
func (u *unwritable) refused(uid types.UID, kind writeKind, certain bool, now time.Time) (out bool) {
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

// written notes a write that succeeded, which says nothing of the other kind. A resource
// that was out before is out again at the next refusal, for longer: it may be just small
// enough for this write.
func (u *unwritable) written(uid types.UID, kind writeKind) {
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

// forget drops what is known of resources that are gone.
func (u *unwritable) forget(uid types.UID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.byUID, uid)
}

// out reports whether a resource is out, and in how long its writability is to be tried.
func (u *unwritable) out(uid types.UID, now time.Time) (bool, time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	r := u.byUID[uid]
	if r == nil || !r.isOut {
		return false, 0
	}
	return true, max(r.next.Sub(now), 0)
}

// retry returns when a resource that was just refused is to be written again.
func (u *unwritable) retry(uid types.UID) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	if r := u.byUID[uid]; r != nil {
		return max(r.wait, firstWriteRetry)
	}
	return firstWriteRetry
}

// count returns how many resources are out.
func (u *unwritable) count() (n int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, r := range u.byUID {
		if r.isOut {
			n++
		}
	}
	return n
}

// notWritten notes that the API server answered a write of a claim with err, which it
// returns.
func (p *pass) notWritten(ctx context.Context, c *claim, kind writeKind, err error) error {
	if refusesResource(err) && p.unwritable.refused(c.object.UID, kind, ofItself(err), p.Now()) {
		log.FromContext(ctx).Info("a resource cannot be written and takes part in nothing (NotWritable)",
			"resource", c.Ref, "answer", reasonOf(err))
	}
	return err
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
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Reason != "" {
		return string(status.Status().Reason)
	}
	return "no reason given"
}

// contest notes of a claim whether it was changed by somebody else in the moment in which it
// was to be written. Whoever edits a resource without pause would keep it a rival or an heir
// that never comes to act, and the others of its phone type waiting: one that holds nothing
// is out after a while, and tried again later and later.
func (p *pass) contest(ctx context.Context, c *claim) {
	switch {
	case c.failed == nil:
		p.contested.forget(c.object.UID)
	case onlyConflicts(c.failed) && !c.Holder && !c.Leaving && p.contested.refused(c.object.UID, ofStatus, false, p.Now()):
		log.FromContext(ctx).Info("a resource is changed without pause and takes part in nothing", "resource", c.Ref)
	}
}

// onlyWritable goes on with the claims that can be written. One that is out is tried when
// its time has come, with the finalizer and the status that it could not be given.
func (p *pass) onlyWritable(ctx context.Context) {
	var writable []*claim
	for _, c := range p.claims {
		if _, wait := p.contested.out(c.object.UID, p.now); wait > 0 && !c.Holder && !c.Leaving {
			p.lookAgain(wait)
			continue
		}
		out, wait := p.unwritable.out(c.object.UID, p.now)
		if out && wait == 0 {
			out = p.tryToWrite(ctx, c) != nil
			wait = p.unwritable.retry(c.object.UID)
		}
		if out {
			p.lookAgain(wait)
			continue
		}
		writable = append(writable, c)
	}
	p.claims = writable
}

func (p *pass) tryToWrite(ctx context.Context, c *claim) error {
	if c.Leaving {
		return p.sayPending(ctx, c, "The resource could not be written for a while; its deletion goes on.")
	}
	if err := p.ensureFinalizer(ctx, c); err != nil {
		return err
	}
	return p.sayPending(ctx, c, "The resource could not be written for a while; the operator goes on with it.")
}

// sayPending writes that a resource is not as it should be, and that it is being worked on.
func (p *pass) sayPending(ctx context.Context, c *claim, message string) error {
	before := c.object.DeepCopy()
	conditions.Pending(message).Apply(&c.object.Status, c.object.Generation)
	return p.patchStatus(ctx, c, before)
}
