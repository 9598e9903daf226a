package emulator

import (
	"fmt"
	"time"
)

// SetPhone sets a user's phone behind every client's back, as the user does in
// My Sign-ins or an administrator in the portal. A number outside Graph's grammar
// is kept as it is written.
func (e *Emulator) SetPhone(userID, phoneType, number string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	u := e.userByID(userID)
	if u == nil {
		return fmt.Errorf("there is no user %q", userID)
	}
	t, before := e.tenants[u.TenantID], u.phones
	if err := t.setPhone(u, phoneType, number, e.clock()); err != nil {
		return err
	}
	e.logDifference(t, u, "", phoneType, before)
	return nil
}

func (t *tenant) setPhone(u *user, phoneType, number string, now time.Time) error {
	if methodIDs[phoneType] == "" {
		return fmt.Errorf("%q is no phone type", phoneType)
	}
	if shown, ok := canonicalNumber(number); ok {
		number = shown
	}
	next := u.phones.clone()
	next[phoneType] = phone{number: number, created: u.phones.created(phoneType, now)}
	t.store(u, next)
	return nil
}

// RemovePhone removes a user's phone behind every client's back. Removing what is
// not there is no error.
func (e *Emulator) RemovePhone(userID, phoneType string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	u := e.userByID(userID)
	if u == nil {
		return fmt.Errorf("there is no user %q", userID)
	}
	t, before := e.tenants[u.TenantID], u.phones
	next := before.clone()
	delete(next, phoneType)
	t.store(u, next)
	e.logDifference(t, u, "", phoneType, before)
	return nil
}

// Phones gives what a user really has, whatever lagging reads show: mobile,
// alternateMobile, office. An unknown user has none.
func (e *Emulator) Phones(userID string) []Phone {
	e.mu.Lock()
	defer e.mu.Unlock()
	u := e.userByID(userID)
	if u == nil {
		return nil
	}
	return e.tenants[u.TenantID].show(u, u.phones)
}

// Snapshot gives the phones of every user that has any, by object id.
func (e *Emulator) Snapshot() map[string][]Phone {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[string][]Phone{}
	for _, t := range e.tenants {
		for id, u := range t.users {
			if len(u.phones) > 0 {
				all[id] = t.show(u, u.phones)
			}
		}
	}
	return all
}

// store replaces a user's phones and keeps the index of sign-in names right. It is
// the only way in which phones change.
func (t *tenant) store(u *user, next phones) {
	if m, ok := u.phones[Mobile]; ok && m.signIn {
		delete(t.signIns, signInName(m.number))
	}
	u.phones = next
	if m, ok := next[Mobile]; ok && m.signIn {
		t.signIns[signInName(m.number)] = u
	}
}

// show turns stored phones into what Graph prints, sorted by type.
func (t *tenant) show(u *user, p phones) []Phone {
	list := make([]Phone, 0, len(p))
	for _, r := range t.rows(u, p) {
		list = append(list, r.Phone)
	}
	return list
}

// rows are the same phones with what only answers show.
func (t *tenant) rows(u *user, p phones) []row {
	list := make([]row, 0, len(p))
	for phoneType, m := range p {
		list = append(list, row{Phone{
			ID: methodIDs[phoneType], Type: phoneType, Number: m.number,
			SMSSignInState: t.signInState(u, phoneType, m),
		}, m.created})
	}
	sortPhones(list)
	return list
}

// stale is an old state that reads of a user still show.
type stale struct {
	phones phones
	reads  int       // how many more
	until  time.Time // and until when
}

// lagBehind makes the next reads show before, unless they lag further behind already.
func (u *user) lagBehind(before phones, reads int, now, until time.Time) {
	if u.stale.holds(now) {
		before = u.stale.phones
	}
	u.stale = &stale{phones: before, reads: reads, until: until}
}

func (s *stale) holds(now time.Time) bool {
	return s != nil && (s.reads > 0 || now.Before(s.until))
}

// read gives the phones that a read at now sees, and uses up one lagging read.
func (u *user) read(now time.Time) phones {
	if !u.stale.holds(now) {
		u.stale = nil
		return u.phones
	}
	if u.stale.reads > 0 {
		u.stale.reads--
	}
	return u.stale.phones
}
