package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// What is done to a user in Entra, by people who know nothing of the operator.

// helpdesk is a directory role like any other.
var helpdesk = emulator.Role{TemplateID: "729827e3-9c14-49f7-bb1b-9608f156bbb8", DisplayName: "Helpdesk Administrator"}

// promote makes the user an administrator, now or on demand, or ends that.
func (u *user) promote(context.Context) error {
	if u.gone {
		return errNothing
	}
	return u.setAdmin(!u.admin)
}

func (u *user) setAdmin(admin bool) error {
	u.busy.Lock()
	defer u.busy.Unlock()
	err := u.w.front.graph.UpdateUser(u.id, func(n *emulator.User) {
		n.Roles, n.EligibleRoles = nil, nil
		switch {
		case !admin:
		case u.dice.IntN(3) == 0:
			n.EligibleRoles = []emulator.Role{helpdesk}
		default:
			n.Roles = []emulator.Role{helpdesk}
		}
	})
	u.w.ledger.record(u.account, func() { u.admin, u.adminSince = admin, time.Now() }, "administrator: %v", admin)
	return err
}

// chooseDefault makes one of the user's phones the default for MFA, which Graph then does not delete beside others.
// Every other time somebody deletes its resource then, if there is one.
func (u *user) chooseDefault(ctx context.Context) error {
	if u.gone {
		return errNothing
	}
	phones := u.w.front.graph.Phones(u.id)
	if len(phones) == 0 {
		return errNothing
	}
	t := phones[u.dice.IntN(len(phones))].Type
	r := u.made()
	if r != nil {
		t = r.phoneType
	}
	if err := u.setDefault(t); err != nil || r == nil || u.dice.IntN(2) == 0 {
		return err
	}
	i := slices.Index(u.resources, r)
	u.resources = slices.Delete(u.resources, i, i+1)
	return u.remove(ctx, r)
}

// made is a resource that the operator, as far as one can tell, has made a phone for; nil if there is none.
func (u *user) made() *resource {
	u.w.ledger.mu.Lock()
	defer u.w.ledger.mu.Unlock()
	for _, r := range u.resources {
		if s := u.slot(r.phoneType); s.by == byOperator && s.number == r.versions[len(r.versions)-1].Number {
			return r
		}
	}
	return nil
}

func (u *user) setDefault(phoneType string) error {
	u.w.ledger.record(u.account, func() {}, "default method: %q", phoneType)
	return u.w.front.graph.UpdateUser(u.id, func(n *emulator.User) { n.DefaultMethod = phoneType })
}

// rename gives the user another name. The old one is nobody's then.
func (u *user) rename(context.Context) error {
	if u.gone {
		return errNothing
	}
	u.renames++
	name := fmt.Sprintf("%s%d-%d@contoso.com", u.family, u.index+1, u.renames)
	if err := u.w.front.graph.RenameUser(u.id, name); err != nil {
		return err
	}
	l := u.w.ledger
	l.record(u.account, func() {
		u.freed, u.upn = u.upn, name
		delete(l.names, u.freed)
		l.names[name] = u.account
	}, "renamed to %s", name)
	return nil
}

// giveName gives a name that the user had to a new user, who may have a phone already.
func (u *user) giveName(ctx context.Context) error {
	if u.freed == "" {
		if err := u.rename(ctx); err != nil {
			return err
		}
	}
	u.newcomers++
	a := newAccount(fmt.Sprintf("0f1d%04d-0000-4000-8000-%012d", u.newcomers, u.index+1), u.freed, u.realm)
	a.hostile = u.hostile
	n := emulator.User{ID: a.id, TenantID: u.realm.id, UPN: a.upn}
	if u.dice.IntN(2) == 0 {
		n.Phones = map[string]string{emulator.Mobile: u.number()}
		a.slot(emulator.Mobile).number, a.slot(emulator.Mobile).by = oracle.Plain(n.Phones[emulator.Mobile]), byHand
	}
	u.freed = ""
	u.w.ledger.bequeath(a, u.account)
	return u.w.front.graph.AddUser(n)
}

// bequeath records that a name that was before's is a newcomer's from now on: what is not bound yet may mean either.
func (l *ledger) bequeath(newcomer, before *account) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(before, "the name %s is given to %s", newcomer.upn, newcomer.id)
	l.note(newcomer, "has the name that was %s's", before.id)
	l.users[newcomer.id], l.names[newcomer.upn] = newcomer, newcomer
	for _, r := range l.resources {
		if r.user != before || r.spelling != newcomer.upn {
			continue
		}
		r.astray = time.Now()
		if r.bound == nil {
			r.heir = newcomer
			l.reckon(newcomer, r.phoneType)
		}
	}
}

// vanish deletes the user, or restores one that was deleted: with the old object id and name, and without phones.
func (u *user) vanish(context.Context) error {
	if u.gone {
		return u.restore()
	}
	u.busy.Lock()
	defer u.busy.Unlock()
	if err := u.w.front.graph.RemoveUser(u.id); err != nil {
		return err
	}
	l := u.w.ledger
	for _, t := range phoneTypes {
		l.hand(u.account, t, "", false)
	}
	l.record(u.account, func() {
		u.gone, u.admin = true, false
		delete(l.names, u.upn)
	}, "deleted in Entra")
	return nil
}

func (u *user) restore() error {
	if err := u.w.front.graph.AddUser(emulator.User{ID: u.id, TenantID: u.realm.id, UPN: u.upn}); err != nil {
		return err
	}
	u.w.ledger.record(u.account, func() {
		u.gone = false
		u.w.ledger.names[u.upn] = u.account
	}, "restored in Entra")
	return nil
}

// settleFate ends what would make the end depend on time: Graph's refusals to delete a default method, which are tried
// again for ever, and in a short run deleted users, whose resources are given time. Half of the administrators stay.
func (u *user) settleFate() error {
	if u.gone && (u.w.duration <= shortRun || u.dice.IntN(2) == 0) {
		if err := u.restore(); err != nil {
			return err
		}
	}
	if u.gone {
		return nil
	}
	if u.admin && u.dice.IntN(2) == 0 {
		if err := u.setAdmin(false); err != nil {
			return err
		}
	}
	return u.setDefault("")
}
