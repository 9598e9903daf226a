package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/leash"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// demo is one run: what was started so far, and where it tells of it.
type demo struct {
	root string // of the repository
	dir  string // logs, identities and programs
	out  io.Writer
	// stops end what was started, in the order of its start.
	stops []func() error
	// details are what the step under way has to show when it is done.
	details bytes.Buffer

	// fail ends the run: a program that it stands on is no more.
	fail context.CancelCauseFunc

	cluster  *install.Cluster
	graph    graph
	operator *install.Operator
}

// story is what happens, in order.
var story = []step{
	{"build the operator and the Graph emulator", (*demo).build},
	{"start etcd and kube-apiserver", (*demo).startCluster},
	{"start the Graph emulator", (*demo).startGraph},
	{"install config/default", (*demo).install},
	{"start the operator as its ServiceAccount", (*demo).startOperator},
	{"declare the tenant", (*demo).declareTenant},
	{"declare Ada's alternate mobile, too early", (*demo).declareTooEarly},
	{"declare the rest of config/samples", (*demo).declareRest},
	{"wait until each method is Ready or says why not", (*demo).settle},
}

type step struct {
	name string
	do   func(*demo, context.Context) error
}

// patience is how long one step may take, building from empty caches included.
const patience = 10 * time.Minute

// grace is how long a program may take to end when asked: longer than the operator gives to what it is doing.
const grace = 40 * time.Second

// run tells the story to out and returns nil only if it went as it should and everything stopped as asked. With keep
// it waits for ctx before it stops.
func run(ctx context.Context, out io.Writer, keep bool) error {
	log.SetLogger(logr.Discard()) // controller-runtime's envtest would complain of having none
	d := &demo{out: out}
	ctx, d.fail = context.WithCancelCause(ctx)
	defer d.fail(nil)
	err := d.tell(ctx, keep)
	if err != nil {
		err = why(ctx, err)
		d.lastWords()
	}
	return errors.Join(err, d.stop())
}

// why is what made everything stop, if something did: that kubectl was killed because of it says nothing.
func why(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return err
	case errors.Is(cause, context.Canceled):
		return errors.New("interrupted")
	default:
		return cause
	}
}

func (d *demo) tell(ctx context.Context, keep bool) (err error) {
	if d.root, err = devcluster.Root(); err != nil {
		return err
	}
	dir, remove, err := leash.TempDir("phone-operator-demo-")
	if err != nil {
		return err
	}
	d.dir, d.stops = dir, append(d.stops, remove)
	for _, s := range story {
		if err := d.step(ctx, s); err != nil {
			return err
		}
	}
	if err := d.look(ctx); err != nil {
		return err
	}
	if keep {
		return d.keep(ctx)
	}
	return nil
}

// look shows how it ended, and then whether that is right.
func (d *demo) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := d.show(ctx); err != nil {
		return err
	}
	return d.check(ctx)
}

// step does one step and says how long it took.
func (d *demo) step(ctx context.Context, s step) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	fmt.Fprintf(d.out, "%-50s", s.name)
	start := time.Now()
	err := s.do(d, ctx)
	outcome := ""
	if err != nil {
		outcome = "  failed"
		err = fmt.Errorf("%s: %w", s.name, err)
	}
	fmt.Fprintf(d.out, "%6.1f s%s\n%s", time.Since(start).Seconds(), outcome, d.details.String())
	d.details.Reset()
	return err
}

// detail shows text, a line or many, below the step under way.
func (d *demo) detail(text string) {
	for line := range strings.Lines(strings.TrimSpace(text) + "\n") {
		d.details.WriteString("    " + line)
	}
}

// stop ends everything, last started first.
func (d *demo) stop() error {
	if len(d.stops) == 0 {
		return nil
	}
	fmt.Fprintf(d.out, "%-50s", "stop everything")
	start := time.Now()
	var err error
	for _, stop := range slices.Backward(d.stops) {
		err = errors.Join(err, stop())
	}
	fmt.Fprintf(d.out, "%6.1f s\n", time.Since(start).Seconds())
	return err
}

// needs stops a program at the end. If it ends by itself, it ends the run, which cannot go on without it.
func (d *demo) needs(name string, p *leash.Process) {
	d.stops = append(d.stops, func() error {
		if err := p.Stop(grace); err != nil {
			return fmt.Errorf("stop the %s: %w", name, err)
		}
		return nil
	})
	go func() {
		err := cmp.Or(p.Wait(context.Background()), errors.New("without an error"))
		d.fail(fmt.Errorf("the %s ended by itself: %w", name, err))
	}()
}

// lastWords shows the end of the operator's log, if it got as far as having one.
func (d *demo) lastWords() {
	const lines = 30
	if d.operator == nil {
		return
	}
	said := strings.SplitAfter(d.operator.Output(), "\n")
	fmt.Fprintf(d.out, "\nThe operator's last words:\n%s\n", strings.Join(said[max(0, len(said)-lines):], ""))
}

// path is a file of this run.
func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }
