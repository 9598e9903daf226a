package e2e_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/leash"
)

// operator is one process of the real program.
type operator struct {
	process         *leash.Process
	log             string
	metrics, probes string      // addresses; "" of one that is mute
	told            atomic.Bool // to end

	reading sync.Mutex
	read    int64 // how much of its output was searched
	judged  bool  // its end was
}

// launch says how an operator is started. The zero value is how the stories share one.
type launch struct {
	account string   // a ServiceAccount in the operator's namespace; empty: its own
	mute    bool     // nobody can ask for metrics, or whether it is ready
	args    []string // after the usual ones, which they override
}

// run starts an operator and returns when it is ready. An address that was free may be taken by the time that the
// operator asks for it: then it is given others.
func (w *world) run(l launch) (*operator, error) {
	for attempts := 1; ; attempts++ {
		o, err := w.try(l)
		if err == nil || attempts == 3 || !strings.Contains(err.Error(), "address already in use") {
			return o, err
		}
	}
}

func (w *world) try(l launch) (*operator, error) {
	config, err := w.kubeconfig(cmp.Or(l.account, operatorAccount))
	if err != nil {
		return nil, err
	}
	o := &operator{}
	if !l.mute {
		if o.metrics, err = devcluster.FreeAddress(); err != nil {
			return nil, err
		}
		if o.probes, err = devcluster.FreeAddress(); err != nil {
			return nil, err
		}
	}
	args := slices.Concat([]string{
		"--leader-elect=false", "--leader-election-namespace=" + system,
		"--metrics-bind-address=" + cmp.Or(o.metrics, "0"), "--health-probe-bind-address=" + cmp.Or(o.probes, "0"),
		// All that can be logged, in the mode that prints whole objects.
		"--zap-devel", "--zap-encoder=json", "--zap-log-level=9",
	}, l.args)
	if err := w.begin(o, args, "KUBECONFIG="+config); err != nil {
		return nil, err
	}
	if err := o.ready(); err != nil {
		o.kill()
		return nil, err
	}
	return o, nil
}

// begin starts an operator and keeps it among those that ever ran.
func (w *world) begin(o *operator, args []string, env ...string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o.log = filepath.Join(w.dir, fmt.Sprintf("operator-%d.log", len(w.operators)+1))
	if err := o.start(w.program.path, args, env...); err != nil {
		return err
	}
	w.operators = append(w.operators, o)
	return nil
}

func (o *operator) start(program string, args []string, env ...string) (err error) {
	// That has Azure's SDK log to stderr.
	env = append([]string{"AZURE_SDK_GO_LOGGING=all"}, env...)
	if o.process, err = leash.Logged(o.log, env, program, args...); err != nil {
		return fmt.Errorf("start the operator: %w", err)
	}
	return nil
}

// ready waits until the operator says that it is, and listens to who asks for metrics.
func (o *operator) ready() error {
	if o.probes == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	last := errNotYet
	err := wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(context.Context) (bool, error) {
		if !o.running() {
			return false, fmt.Errorf("the operator ended by itself: %w\n%s", o.ended(), o.output())
		}
		if last = asks(o.probes); last == nil {
			last = listens(o.metrics)
		}
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the operator is not ready: %w (%w)", err, last)
	}
	return nil
}

func asks(probes string) error {
	response, err := http.Get("http://" + probes + "/readyz")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

func listens(address string) error {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	return connection.Close()
}

// kill is kill -9. It returns when the process is no more.
func (o *operator) kill() {
	o.told.Store(true)
	o.process.Kill()
}

// stop asks the operator to end, and waits until it has.
func (o *operator) stop() error {
	o.told.Store(true)
	return o.process.Stop(patience)
}

func (o *operator) running() bool { return o.process.Running() }

// ended waits for the operator's end and says how it came.
func (o *operator) ended() error { return o.process.Wait(context.Background()) }

// failure is what no operator may come to, whatever happens around it; "" for nothing. A panic is in what it wrote
// lately, and its end is found once.
func (o *operator) failure(lately string) string {
	if at := strings.Index(lately, "Observed a panic"); at >= 0 {
		return "an operator panicked: " + lately[at:min(len(lately), at+2000)]
	}
	if o.running() || o.told.Load() {
		return ""
	}
	o.reading.Lock()
	defer o.reading.Unlock()
	if o.judged {
		return ""
	}
	o.judged = true
	all := o.output()
	return fmt.Sprintf("an operator ended by itself: %v: ...%s", o.ended(), all[max(0, len(all)-2000):])
}

// unread is what it wrote since the last call: whole lines while it runs, and all that is left when it has ended.
func (o *operator) unread() (string, error) {
	o.reading.Lock()
	defer o.reading.Unlock()
	ended := !o.running()
	log, err := os.Open(o.log)
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

// output is all that it has written so far.
func (o *operator) output() string {
	log, err := os.ReadFile(o.log)
	if err != nil {
		return err.Error()
	}
	return string(log)
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
	if i := slices.IndexFunc(all, (*operator).running); i >= 0 {
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

// kubeconfig is the file by which an operator logs in as a ServiceAccount of its namespace.
func (w *world) kubeconfig(account string) (string, error) {
	path := filepath.Join(w.dir, account+".kubeconfig")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	cfg, err := w.cluster.ServiceAccount(context.Background(), system, account)
	if err != nil {
		return "", err
	}
	file, err := devcluster.Kubeconfig(w.api.through(cfg))
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(path, file, 0o600)
}
