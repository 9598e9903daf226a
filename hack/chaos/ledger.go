package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// ledger knows, beside the operator and independent of it, whose each phone is: who was there, who put it, and what
// the resources that speak for it allow. Where it cannot know, as when the operator adopts a phone without a write, it
// believes what could have been: it accuses nobody of what may have been lawful.
type ledger struct {
	mu         sync.Mutex
	began      time.Time
	users      map[string]*account // by object id
	names      map[string]*account // by the name that they have now
	resources  map[string]*resource
	tenants    map[string]*realm // by tenant id
	violations []violation
	counts     map[string]int // what happened, by kind
	epoch      int            // how many operators have ended so far
	calm       time.Time      // end of the last disturbance of the API server or etcd
	failover   failover
}

// account is one user.
type account struct {
	id, upn string
	realm   *realm
	busy    sync.Mutex // held while a request or a hand is at the user's phones
	slots   map[string]*slot
	history []string

	hostile   bool // the attacker's namespace has a rule for the user
	bystander bool // only the attacker names the user

	gone       bool      // deleted in Entra
	admin      bool      // holds a directory role, or may activate one
	adminSince time.Time // since when that is so, or not so
	// What the operator was last told of the user's roles, by collection: whether there
	// are any, and when the oldest of the answers was given.
	answers   map[string]standing
	toldAdmin bool
	asked     time.Time
}

func newAccount(id, upn string, t *realm) *account {
	return &account{id: id, upn: upn, realm: t, slots: map[string]*slot{}}
}

// slot is one phone type of one user.
type slot struct {
	number string // what Graph has; empty: none
	by     origin
	set    time.Time // when a hand last put a phone there
	gone   time.Time // when a hand last removed it
	held   bool      // a resource holds the phone, or could
	made   string    // the number that the operator created it with; empty: changed since, or never
	// leavers left when the operator last deleted the phone. Until they are gone they
	// hold whatever is there: who leaves takes along what its phone type has.
	leavers   []*resource
	told      string    // what the operator was last told that there is
	toldAt    time.Time // when it was, in which epoch: what was not recorded is forgotten by the next operator
	toldEpoch int
	wrote     time.Time // when the operator last tried to write it
	// acked is when the operator was last told that its creation is done, by which
	// epoch: the same process may not create again while reads may lag.
	acked      time.Time
	ackedEpoch int
	// frozen is since when nothing may be written: a phone that was in sync was
	// changed by hand, and its one resource says Report. Zero: not so.
	frozen time.Time
}

// own reports whether the phone is one that the operator created, with the number that it
// has now.
func (s *slot) own() bool { return s.made != "" && s.made == s.number }

// origin says whose hand a phone is from.
type origin string

const (
	byHand     origin = "hand"
	byOperator origin = "operator"
)

// version is what a resource said, or may have said, from some time on.
type version struct {
	oracle.Says
	suspended bool
}

// resource is one PhoneAuthenticationMethod.
type resource struct {
	ref, namespace string
	user           *account // whom it was made for
	spelling       string   // of the user, in lower case
	phoneType      string
	versions       []version
	made           time.Time // when it was first said
	created        bool      // the API server is known to have it
	leaving        bool      // its deletion was asked for
	gone           bool
	bound          *account // whom the operator says that it means; nil: not known
	told           string   // the reason that it was last told
	verdict        bool     // it was told a reason that needs a read: that there was one is recorded
	inSecret       bool     // its number is in a Secret of its name
	lost           bool     // which is not there
	leaked         string   // what it was told that it must not know
	// astray is when its name was given to another user, who is its heir if it was not known to be bound before.
	astray       time.Time
	heir         *account
	leavesBehind bool // when it goes, its phone may stay: it said Orphan, was suspended, or lost its access
}

// realm is one tenant, as the ledger sees it.
type realm struct {
	name, id string
	// silent is since when the operator knows that nothing may be written at all
	// (mode Observe), barred since when it knows that a namespace has no access.
	silent time.Time
	barred map[string]time.Time
	// tookAccess says that the team was without access at some time.
	tookAccess bool
	// limit is how many deletions are allowed in an hour, which is never lowered, and
	// deleted how many Graph carried out, in this run, which is shorter.
	limit, deleted int
	// pause is until when Graph asked the tenant to wait, told to the operator at
	// pauseTold in the epoch pauseEpoch.
	pause, pauseTold time.Time
	pauseEpoch       int
}

// violation is one broken rule.
type violation struct {
	rule string
	user *account // nil: no single one
}

func newLedger() *ledger {
	return &ledger{
		began: time.Now(), users: map[string]*account{}, names: map[string]*account{}, resources: map[string]*resource{},
		tenants: map[string]*realm{}, counts: map[string]int{},
		failover: failover{since: map[string]int{}, took: map[string][]time.Duration{}},
	}
}

// meet makes a user known.
func (l *ledger) meet(a *account) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users[a.id], l.names[a.upn] = a, a
}

func (a *account) slot(phoneType string) *slot {
	s := a.slots[phoneType]
	if s == nil {
		s = &slot{}
		a.slots[phoneType] = s
	}
	return s
}

// note adds a line to the user's history. l.mu is held.
func (l *ledger) note(a *account, format string, args ...any) {
	line := fmt.Sprintf("%8.3f  ", time.Since(l.began).Seconds()) + fmt.Sprintf(format, args...)
	a.history = append(a.history, line)
}

// record changes what is known of a user, and notes why.
func (l *ledger) record(a *account, change func(), format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	l.note(a, format, args...)
}

// accuse records a broken rule. l.mu is held.
func (l *ledger) accuse(a *account, format string, args ...any) {
	v := violation{rule: fmt.Sprintf(format, args...), user: a}
	l.violations = append(l.violations, v)
	if a != nil {
		l.note(a, "VIOLATION: %s", v.rule)
	}
}

// count adds to what happened.
func (l *ledger) count(kind string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[kind]++
}

// says records what a resource is about to say, before the API server is told.
func (l *ledger) says(r *resource, v version, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.versions = append(r.versions, v); r.made.IsZero() {
		r.made = time.Now()
	}
	r.leavesBehind = r.leavesBehind || v.Delete == v1alpha1.DeletionOrphan || v.suspended
	l.resources[r.ref] = r
	if !r.refused() {
		r.user.slot(r.phoneType).frozen = time.Time{}
		l.reckon(r.user, r.phoneType)
	}
	l.note(r.user, "%s: "+format, append([]any{r.ref}, args...)...)
}

// leaves records that a resource's deletion is about to be asked for.
func (l *ledger) leaves(r *resource) {
	l.record(r.user, func() {
		r.leaving = true
		r.user.slot(r.phoneType).frozen = time.Time{}
	}, "%s: delete", r.ref)
}

// exists records that the API server has a resource.
func (l *ledger) exists(r *resource) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.created = true
}

// vanished records that a resource is no more. A phone for which nobody is left is a stranger's.
func (l *ledger) vanished(r *resource) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.gone = true
	l.note(r.user, "%s: gone", r.ref)
	for _, a := range []*account{r.user, r.heir} {
		if a == nil || r.refused() {
			continue
		}
		s := a.slot(r.phoneType)
		if s.number != "" && (r.leavesBehind || r.namespace == team && a.realm.tookAccess) {
			s.by = byHand
		}
		if len(l.speakers(a, r.phoneType)) == 0 {
			s.held, s.by = false, byHand
		}
	}
}

// hand records a change that was made behind the operator's back. settled says that the one resource of the phone
// type was in sync until then.
func (l *ledger) hand(a *account, phoneType, number string, settled bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, now := a.slot(phoneType), time.Now()
	if number == "" {
		s.gone = now
	} else {
		s.set = now
	}
	s.number, s.by = number, byHand
	s.frozen = time.Time{}
	if settled && l.reportOnly(a, phoneType) {
		s.frozen = now
	}
	l.reckon(a, phoneType)
	l.note(a, "by hand: %s = %q", phoneType, number)
}

// reportOnly reports whether exactly one resource speaks for the phone type and it has only ever said driftPolicy Report.
func (l *ledger) reportOnly(a *account, phoneType string) bool {
	all := l.speakers(a, phoneType)
	if len(all) != 1 || all[0].leaving {
		return false
	}
	for _, v := range all[0].versions {
		if v.Drift != v1alpha1.DriftReport {
			return false
		}
	}
	return true
}

// reckon finds out whether a phone could be held by now: whoever may adopt it may have done so. l.mu is held.
func (l *ledger) reckon(a *account, phoneType string) {
	s := a.slot(phoneType)
	for _, r := range l.speakers(a, phoneType) {
		for _, v := range r.versions {
			if s.number != "" && (v.Adopt == v1alpha1.AdoptAlways || v.Adopt != v1alpha1.AdoptNever && v.Number == s.number) {
				s.held = true
			}
		}
	}
}
