package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
	"github.com/entraops/phone-operator/internal/testing/oracle"
	"github.com/entraops/phone-operator/internal/throttle"
)

// front is the HTTPS server that the operator takes for Graph and the token endpoint. Behind it is the emulator; in
// between every request is shown to the ledger, before and after.
type front struct {
	at     install.Endpoint
	graph  *emulator.Emulator
	ledger *ledger
	faults sync.Map // client-request-id -> the fault that hit it
	server *httptest.Server
}

func newFront(seed uint64, l *ledger) *front {
	f := &front{ledger: l}
	f.graph = emulator.New(emulator.Options{Seed: int64(seed), KeepRequests: 1, MaxHold: time.Hour, OnRequest: f.answered})
	f.at, f.server = install.Serve(f)
	return f
}

func (f *front) close() {
	f.server.CloseClientConnections()
	f.server.Close()
}

// answered is told of each request by the emulator, in the goroutine that works on it.
func (f *front) answered(r emulator.Request) {
	f.ledger.count("requests to Graph and the token endpoint")
	if r.Fault == "" {
		return
	}
	f.ledger.count("fault: " + r.Fault)
	f.faults.Store(r.ClientRequestID, r.Fault)
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	version, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if version != "v1.0" && version != "beta" { // the token endpoint
		f.graph.ServeHTTP(w, r)
		return
	}
	arrived := time.Now()
	body, _ := io.ReadAll(r.Body) // cut short it is no JSON
	r.Body = io.NopCloser(bytes.NewReader(body))
	e := &exchange{
		front: f, arrived: arrived, realm: f.ledger.realmOf(r),
		request: emulator.Request{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.Query().Get("$filter"), Body: string(body)},
		answer:  &answer{ResponseWriter: w},
		id:      r.Header.Get("client-request-id"), from: r.RemoteAddr,
	}
	e.find()
	if e.user != nil {
		e.user.busy.Lock()
		defer e.user.busy.Unlock()
	}
	e.before()
	defer func() { e.after(e.whole && r.Context().Err() == nil) }()
	f.graph.ServeHTTP(e.answer, r) // panics to cut the connection
	e.whole = true
}

// exchange is one request to Graph and its answer.
type exchange struct {
	*front
	arrived time.Time
	realm   *realm
	request emulator.Request
	user    *account     // whose phones it is about; nil: nobody's
	write   oracle.Write // the zero write: a read
	answer  *answer
	id      string
	from    string // address
	whole   bool
}

func (e *exchange) find() {
	l := e.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if strings.HasSuffix(e.request.Path, "/$batch") {
		l.accuse(nil, "a batch: this ledger does not see into one yet")
	}
	id, w := oracle.Read(e.request)
	e.user = l.users[id]
	if a := cmp.Or(e.user, e.rolesOf()); a != nil && a.bystander {
		l.accuse(a, "%s %s: no permitted resource names this user", e.request.Method, e.request.Path)
	}
	if e.request.IsWrite() {
		e.write = w
		if e.user == nil {
			l.accuse(nil, "%s of a phone of nobody whom any resource names", w.Verb)
		}
	}
}

func (e *exchange) before() {
	l := e.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failover.isMute(e.from, e.arrived) {
		l.accuse(e.user, "%s %s: sent by a leader that was paused, and another works", e.request.Method, e.request.Path)
	}
	l.failover.arrives(e.from, time.Now())
	if e.realm != nil {
		l.pauseRule(e.realm, e.user, e.arrived)
	}
	if e.user != nil && e.write.Verb != "" {
		l.counts["writes to Graph"]++
		l.judge(e.user, e.write, e.arrived)
	}
}

// after records what came of the request. delivered reports whether the answer left whole for somebody who still waited.
func (e *exchange) after(delivered bool) {
	fault, _ := e.faults.LoadAndDelete(e.id)
	var now []emulator.Phone
	if e.user != nil {
		now = e.graph.Phones(e.user.id)
	}
	l := e.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if delivered && e.realm != nil && throttle.ClassOf(e.request.Path) != throttle.Reports { // whose limits hold up nobody else
		e.realm.heard(e.answer, l.epoch)
	}
	if delivered && e.answer.status == http.StatusOK {
		l.toldRoles(e.rolesOf(), e.request.Path, e.answer.body.Bytes())
	}
	if e.user == nil {
		return
	}
	if e.write.Verb != "" {
		l.wrote(e.user, e.write, now)
	}
	if delivered && e.answer.status < 300 {
		l.told(e.user, e.write, e.answer.body.Bytes())
	}
	what := "list"
	if e.write.Verb != "" {
		what = e.write.String() + " " + e.write.Number
	}
	outcome := strconv.Itoa(e.answer.status)
	if !delivered {
		outcome = "no whole answer"
	}
	l.note(e.user, "Graph: %s -> %s (fault %v), has %s", what, outcome, fault, shown(now))
}

func shown(phones []emulator.Phone) string {
	var all []string
	for _, p := range phones {
		all = append(all, p.Type+"="+oracle.Plain(p.Number))
	}
	return fmt.Sprint(all)
}

// wrote compares what the user has after a write with what the ledger knows. l.mu is held.
func (l *ledger) wrote(a *account, w oracle.Write, now []emulator.Phone) {
	has := map[string]string{}
	for _, p := range now {
		has[p.Type] = oracle.Plain(p.Number)
	}
	for _, t := range phoneTypes {
		s := a.slot(t)
		if s.number == has[t] {
			continue
		}
		own := s.own()
		s.number, s.by, s.held, s.made, s.leavers = has[t], byOperator, has[t] != "", "", nil
		if w.Verb == "create" {
			s.made = s.number
		}
		if w.Verb == "delete" {
			if !own { // what it made itself may count once, however often it comes and goes
				a.realm.deleted++
			}
			s.leavers = slices.DeleteFunc(l.speakers(a, t), func(r *resource) bool { return !r.leaving })
		}
	}
}

// told records what a whole answer let the operator know. l.mu is held.
func (l *ledger) told(a *account, w oracle.Write, body []byte) {
	switch w.Verb {
	case "":
		var list struct {
			Value []emulator.Phone `json:"value"`
		}
		if json.Unmarshal(body, &list) != nil || list.Value == nil {
			return
		}
		for _, t := range phoneTypes {
			a.slot(t).told, a.slot(t).toldAt, a.slot(t).toldEpoch = "", time.Now(), l.epoch
		}
		for _, p := range list.Value {
			a.slot(p.Type).told = oracle.Plain(p.Number)
		}
	case oracle.Create:
		s := a.slot(w.Type)
		s.told, s.toldAt, s.toldEpoch, s.acked, s.ackedEpoch = w.Number, time.Now(), l.epoch, time.Now(), l.epoch
	case oracle.Update:
		a.slot(w.Type).told = w.Number
	case oracle.Delete:
		a.slot(w.Type).told = ""
		a.slot(w.Type).acked = time.Time{}
	case oracle.Enable, oracle.Disable:
	}
}

// heard records a pause that Graph asked for.
func (t *realm) heard(a *answer, epoch int) {
	pause := 4 * time.Second // the operator's own, where Graph does not say, begins above that
	text := a.Header().Get("Retry-After")
	if at, err := http.ParseTime(text); err == nil {
		// By Graph's clock, which is right in Date to the second.
		date, _ := http.ParseTime(a.Header().Get("Date"))
		pause = at.Sub(date) - time.Second
	} else if text != "" {
		seconds, _ := strconv.Atoi(text)
		pause = time.Duration(seconds) * time.Second
	} else if a.status != http.StatusTooManyRequests || t.pauseEpoch == epoch && time.Now().Before(t.pause) {
		return // one that was on its way when the pause began tells the same again
	}
	now := time.Now()
	if until := now.Add(pause); until.After(t.pause) || t.pauseEpoch != epoch {
		t.pause, t.pauseTold, t.pauseEpoch = until, now, epoch
	}
}

// realmOf is the tenant that the request's token is for, unchecked: the emulator checks it.
func (l *ledger) realmOf(r *http.Request) *realm {
	claims := jwt.MapClaims{}
	_, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if _, _, err := jwt.NewParser().ParseUnverified(bearer, claims); err != nil {
		return nil
	}
	tenant, _ := claims["tid"].(string)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tenants[tenant]
}

// answer keeps a copy of what is sent.
type answer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.body.Write(p)
	return a.ResponseWriter.Write(p)
}

// Unwrap lets the emulator flush half an answer.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
