package emulator

import (
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entraops/phone-operator/internal/emulator/limit"
)

// Options says how an Emulator behaves. The zero value is a Graph without
// faults that uses the machine's clock.
type Options struct {
	// Now is the clock of tokens, throttling, lag and the Date header; nil is time.Now.
	Now func() time.Time
	// Seed makes the order of batches and the faults with a probability repeatable.
	Seed int64
	// GraphRoots are further names of this server ("https://graph.example:9443"),
	// beside the one in each request's Host header. Tokens are issued for, and
	// accepted from, these only.
	GraphRoots []string
	// PageSize is how many rows a directory collection gives at once; 0 is Graph's 100.
	PageSize int
	// MaxHold bounds every delaying fault; 0 is a minute, after which Graph itself gives up.
	MaxHold time.Duration
	// KeepRequests is how many requests the record holds before it forgets the
	// oldest; 0 is 100,000.
	KeepRequests int
	// OnRequest is told of each request once it is answered, those inside a batch too,
	// from many goroutines at once.
	OnRequest func(Request)
}

// Emulator is one Graph with its tenants. Its methods and its handler may be
// used from any number of goroutines.
type Emulator struct {
	opts Options

	rootsMu sync.Mutex
	roots   []string // names of this server, beside the Host header

	settingsMu sync.Mutex
	settings   settings

	mu      sync.Mutex // guards the state below, held while one request is worked on
	tenants map[string]*tenant
	limits  map[Class]Throttle
	buckets map[string]*limit.Bucket
	// auditLog is how the audit log follows.
	auditLog AuditLog

	record record
	faults faultList

	rngMu sync.Mutex
	rng   *rand.Rand

	skew atomic.Int64 // nanoseconds by which Graph's clock is ahead
}

// New returns an Emulator with no tenant: every sign-in fails until AddTenant
// and AddApp.
func New(o Options) *Emulator {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.PageSize == 0 {
		o.PageSize = 100
	}
	if o.MaxHold == 0 {
		o.MaxHold = time.Minute
	}
	if o.KeepRequests == 0 {
		o.KeepRequests = 100_000
	}
	e := &Emulator{opts: o, roots: slices.Clone(o.GraphRoots)}
	e.record.limit = o.KeepRequests
	e.Reset()
	return e
}

// Reset forgets everything: tenants, faults, throttling, the record of requests,
// and where the seed had got to. What Graph this is, its assumptions, its lag and
// that of its audit log, stays.
func (e *Emulator) Reset() {
	e.mu.Lock()
	e.tenants = map[string]*tenant{}
	e.limits = map[Class]Throttle{}
	e.buckets = map[string]*limit.Bucket{}
	e.mu.Unlock()

	e.faults.clear()
	e.record.clear()
	e.SetSkew(0)

	e.rngMu.Lock()
	e.rng = rand.New(rand.NewPCG(uint64(e.opts.Seed), 0))
	e.rngMu.Unlock()
}

// SetSkew lets Graph's clock be ahead by d, behind if d is negative. It shows in all
// that Graph says of the time: the Date header, Retry-After as a date, and the times
// of tokens, which Graph holds against the same clock.
func (e *Emulator) SetSkew(d time.Duration) { e.skew.Store(int64(d)) }

func (e *Emulator) clock() time.Time { return e.opts.Now().Add(time.Duration(e.skew.Load())) }

// ServeHTTP answers the identity platform's paths and Graph's.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := e.newCall(r)
	a := e.exchange(c)
	c.send(w, a)
}

// isGraph tells Graph's paths from those of the identity platform, whose first
// segment is a tenant.
func isGraph(path string) bool {
	version, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return version == "v1.0" || version == "beta"
}

// cloudRoots are Graph's own names. Clients that only have the emulator's address in
// place of theirs still ask for tokens for them.
// https://learn.microsoft.com/graph/deployments
var cloudRoots = []string{
	"https://graph.microsoft.com", "https://graph.microsoft.us", "https://dod-graph.microsoft.us",
	"https://microsoftgraph.chinacloudapi.cn",
}

// isRoot reports whether url is a name of this server, as seen by a request to base,
// or of Graph in any cloud.
func (e *Emulator) isRoot(base, url string) bool {
	url = strings.TrimSuffix(url, "/")
	if strings.EqualFold(url, base) || slices.ContainsFunc(cloudRoots, func(root string) bool { return strings.EqualFold(url, root) }) {
		return true
	}
	e.rootsMu.Lock()
	defer e.rootsMu.Unlock()
	return slices.ContainsFunc(e.roots, func(root string) bool {
		return strings.EqualFold(url, strings.TrimSuffix(root, "/"))
	})
}

// knowAs makes names of a loopback address names of this server: localhost and
// 127.0.0.1 are one, and a client may use one for Graph and one for the authority.
func (e *Emulator) knowAs(listener net.Listener) {
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return
	}
	e.rootsMu.Lock()
	defer e.rootsMu.Unlock()
	for _, host := range []string{"127.0.0.1", "localhost", "::1"} {
		e.roots = append(e.roots, "https://"+net.JoinHostPort(host, port))
	}
}

// shuffled gives the numbers below n in an order that follows from the seed.
func (e *Emulator) shuffled(n int) []int {
	e.rngMu.Lock()
	defer e.rngMu.Unlock()
	return e.rng.Perm(n)
}
