package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/entraops/phone-operator/internal/emulator/limit"
)

// Class is which requests one limit counts together.
type Class string

// The classes. Graph counts what is below a user's authentication, and reports with the
// audit log, apart from the directory; all of them together is a limit of none, for tests of any client.
const (
	Everything            Class = ""
	AuthenticationMethods Class = "authentication"
	Directory             Class = "directory"
	Reports               Class = "reports"
)

// Throttle limits what one app may ask of one tenant: a bucket of Requests tokens
// that fills again within Per. The zero value does not limit.
// https://learn.microsoft.com/graph/throttling-limits
type Throttle struct {
	Class    Class         `json:"class,omitempty"`
	Requests int           `json:"requests"`
	Per      time.Duration `json:"per,omitempty"` // nanoseconds; 0 is Graph's 10 s
}

// ListedLimits are those that Microsoft lists: 5 requests in 10 s for authentication
// methods, as many for reports, and the directory's units, one a request here, of a tenant with fewer than 50 users.
func ListedLimits() []Throttle {
	return []Throttle{
		{Class: AuthenticationMethods, Requests: 5, Per: 10 * time.Second},
		{Class: Reports, Requests: 5, Per: 10 * time.Second},
		{Class: Directory, Requests: 3500, Per: 10 * time.Second},
	}
}

// SetThrottle sets the limit of its class and fills every bucket. Without Requests it
// takes the limit away; without a class too, all limits.
func (e *Emulator) SetThrottle(t Throttle) {
	if t.Per == 0 {
		t.Per = 10 * time.Second
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case t.Requests > 0:
		e.limits[t.Class] = t
	case t.Class == Everything:
		clear(e.limits)
	default:
		delete(e.limits, t.Class)
	}
	e.buckets = map[string]*limit.Bucket{}
}

// class gives the class of a call.
func (c *call) class() Class {
	switch {
	case c.isAuthentication():
		return AuthenticationMethods
	case len(c.parts) > 0 && (c.parts[0].text == "auditLogs" || c.parts[0].text == "reports"):
		return Reports
	}
	return Directory
}

// meter counts a call to Graph against its app's limits in the tenant.
func (e *Emulator) meter(c *call) error {
	for _, class := range slices.Compact([]Class{Everything, c.class()}) {
		throttle, limited := e.limits[class]
		if !limited {
			continue
		}
		key := string(class) + "/" + c.tenant.ID + "/" + c.token.App
		b, known := e.buckets[key]
		if !known {
			b = limit.New(throttle.Requests, throttle.Per, c.now)
			e.buckets[key] = b
		}
		used, wait := b.Take(c.now)
		c.used = max(c.used, used)
		if wait > 0 {
			return throttle.refusal(c, wait)
		}
	}
	return nil
}

// showsUsage reports whether an answer has the directory's headers of throttling.
func (c *call) showsUsage() bool {
	return c.class() == Directory || c.class() == AuthenticationMethods && c.assume(ThrottleHeaders).name == "shown"
}

// refusal is a 429 in the words of the service that the call is for.
func (t Throttle) refusal(c *call, wait time.Duration) error {
	f := Fault{Status: http.StatusTooManyRequests, Retry: seconds(wait)}
	g := f.refusal(c)
	switch c.class() {
	case AuthenticationMethods:
		g.code = c.assume(ThrottleCode).code
	case Reports:
		g.code = "UnknownError"
	case Directory, Everything:
		g.message = fmt.Sprintf("Too many requests from Identifier:%s under category:aadgraph.app.tenant_large", c.token.App)
	}
	if g.code == "UnknownError" {
		g.message = "This request is throttled. CorrelationId: " + c.requestID
	}
	if g.header == nil {
		g.header = http.Header{}
	}
	if c.showsUsage() {
		g.header.Set("x-ms-throttle-scope", fmt.Sprintf("Tenant_Application/ReadWrite/%s/%s", c.token.App, c.tenant.ID))
		g.header.Set("x-ms-throttle-information", "ResourceUnitLimitExceeded")
	}
	return g
}
