package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/entraops/phone-operator/internal/testing/install"
)

// operator is one process of the real program.
type operator struct {
	*install.Operator
	told atomic.Bool // to end

	reading sync.Mutex
	read    int64 // how much of its output was searched
	judged  bool  // its end was
}

// launch says how an operator is started. The zero value is how the stories share one.
type launch struct {
	account string          // a ServiceAccount in the operator's namespace; empty: its own
	mute    bool            // nobody can ask for metrics, or whether it is ready
	pod     *corev1.PodSpec // has what this pod would have
	args    []string        // after the usual ones, which they override
	env     []string        // NAME=value
}

// run starts an operator, keeps it among those that ever ran, and returns when it is ready. It logs all that can be
// logged, in the mode that prints whole objects, and Azure's library too.
func (w *world) run(l launch) (*operator, error) {
	w.mu.Lock()
	w.launched++
	log := fmt.Sprintf("operator-%d", w.launched)
	w.mu.Unlock()
	p, err := w.Run(context.Background(), install.Launch{
		Log: log, Account: l.account, Through: w.api.through, Metrics: !l.mute, Probes: !l.mute, Pod: l.pod,
		Args: append([]string{"--zap-devel", "--zap-encoder=json", "--zap-log-level=9"}, l.args...),
		Env:  append([]string{"AZURE_SDK_GO_LOGGING=all"}, l.env...),
	})
	if err != nil {
		return nil, err
	}
	o := &operator{Operator: p}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.operators = append(w.operators, o)
	return o, nil
}

// kill is kill -9. It returns when the process is no more.
func (o *operator) kill() {
	o.told.Store(true)
	o.Kill()
}

// stop asks the operator to end, and waits until it has.
func (o *operator) stop() error {
	o.told.Store(true)
	return o.Stop(patience)
}

// failure is what no operator may come to, whatever happens around it; "" for nothing. A panic or a race is in what it
// wrote lately, and its end is found once.
func (o *operator) failure(lately string) string {
	for _, word := range []string{"Observed a panic", "WARNING: DATA RACE"} {
		if at := strings.Index(lately, word); at >= 0 {
			return "an operator is at fault: " + lately[at:min(len(lately), at+2000)]
		}
	}
	if o.Running() || o.told.Load() {
		return ""
	}
	o.reading.Lock()
	defer o.reading.Unlock()
	if o.judged {
		return ""
	}
	o.judged = true
	all := o.Output()
	return fmt.Sprintf("an operator ended by itself: %v: ...%s", o.Wait(context.Background()), all[max(0, len(all)-2000):])
}

// unread is what it wrote since the last call: whole lines while it runs, and all that is left when it has ended.
func (o *operator) unread() (string, error) {
	o.reading.Lock()
	defer o.reading.Unlock()
	ended := !o.Running()
	log, err := os.Open(o.Log)
	if err != nil {
		return "", err
	}
	defer func() { _ = log.Close() }()
	text, err := io.ReadAll(io.NewSectionReader(log, o.read, math.MaxInt64-o.read))
	if err != nil {
		return "", err
	}
	if !ended {
		text = text[:bytes.LastIndexByte(text, '\n')+1]
	}
	o.read += int64(len(text))
	return string(text), nil
}

// ever are all operators that ever ran.
func (w *world) ever() []*operator {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.operators)
}

// shared returns the operator of the world that stories share, and starts one if none runs.
func (w *world) shared(t *testing.T) *operator {
	t.Helper()
	w.starting.Lock() // stories that run beside each other share one
	defer w.starting.Unlock()
	if o := w.current(); o != nil {
		return o
	}
	o, err := w.run(launch{})
	must(t, err)
	return o
}

// current is an operator that runs, nil if none does.
func (w *world) current() *operator {
	all := w.ever()
	if i := slices.IndexFunc(all, func(o *operator) bool { return o.Running() }); i >= 0 {
		return all[i]
	}
	return nil
}

// endAll kills every operator that runs.
func (w *world) endAll() {
	for o := w.current(); o != nil; o = w.current() {
		o.kill()
	}
}

// launch runs one more operator for this story.
func (s *story) launch(l launch) *operator {
	s.t.Helper()
	o, err := s.run(l)
	must(s.t, err)
	return o
}
