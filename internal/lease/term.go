package lease

import (
	"errors"
	"net"
	"sync"
	"time"
)

// ErrLapsed is why nothing is written: the Lease that allows it was not renewed in time, or is another's. Of a process
// that was paused it may have become so between two instructions.
var ErrLapsed = errors.New("the Lease was not renewed in time: another operator may work")

// Term is how long a Lease that was renewed may be relied on. The zero value, and one whose Lease was lost, allow
// nothing; nil allows everything. It is safe for concurrent use.
type Term struct {
	mu      sync.Mutex
	asked   time.Time // when the last renewal that succeeded was begun; zero: none
	allowed time.Duration
}

// Renew notes that a renewal succeeded which was begun at a time, and is good for so long from then. That must be less
// than others wait before they take the Lease.
func (t *Term) Renew(asked time.Time, allowed time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked, t.allowed = asked, allowed
}

// End notes that the Lease is held no more.
func (t *Term) End() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = time.Time{}
}

// Check returns ErrLapsed once the Lease must not be relied on.
func (t *Term) Check() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asked.IsZero() || elapsed(t.asked, time.Now()) >= t.allowed {
		return ErrLapsed
	}
	return nil
}

// elapsed is how long ago a time was. The monotonic clock stands still while the machine is suspended, the wall clock
// may be set back: the longer of the two counts.
func elapsed(since, now time.Time) time.Duration {
	return max(now.Sub(since), now.Round(0).Sub(since.Round(0)))
}

// Fenced is a connection on which nothing is sent once check returns an error. It asks right before each piece goes
// out: of a process that was paused with a request in hand, be it for minutes, nothing leaves when it goes on.
func Fenced(c net.Conn, check func() error) net.Conn { return &fenced{c, check} }

type fenced struct {
	net.Conn
	check func() error
}

func (f *fenced) Write(b []byte) (int, error) {
	if err := f.check(); err != nil {
		_ = f.Close()
		return 0, err
	}
	return f.Conn.Write(b)
}
