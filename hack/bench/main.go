// Command bench measures what design promises in figures, and prints each beside its goal. It asserts nothing: a
// figure belongs to the machine and the hour it was measured on.
//
//	go run ./hack/bench          # all of it, some twenty minutes on two cores
//	go run ./hack/bench -quick   # a small one, to see that the bench itself works
//
// Everything is real but Graph: etcd, kube-apiserver, the operator's own binary with the rights of its
// ServiceAccount, and the emulator as a program of its own, all on loopback. All of it ends with this program.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/internal/leash"
)

// sizes is how much is measured.
type sizes struct {
	users, workers int // of the large run, two methods each; workers of operator and bare client
	few            int // users for the counts
	first          int // users for the first contacts
	probes         int // methods applied one after the other
	rest           time.Duration
	limits         []int // requests in 10 s
	limited        time.Duration
	memory         int // methods
	large          int // resources of 1 MiB; 0: not measured
	bound          time.Duration
	verbose        bool
	profiles       string // the directory for profiles of the operator; "" is none
	seriesTo       string // the file for what hack/plot draws; "" is none
	only           string // a regular expression for the names of figures; "" is all
}

func main() {
	s := sizes{users: 5000, workers: 16, few: 20, first: 1000, probes: 300, rest: 20 * time.Second,
		limits: []int{200, 1000}, limited: time.Minute, memory: 20000, bound: 30 * time.Minute}
	quick := flag.Bool("quick", false, "a small run, to test the bench itself: its figures mean little")
	flag.IntVar(&s.users, "users", s.users, "users of the large run, with two methods each")
	flag.IntVar(&s.memory, "memory", s.memory, "measure memory with this many methods and give the slope")
	flag.IntVar(&s.large, "padded", 0, "measure memory with so many resources of 1 MiB more as well; 1,000 take more than twenty minutes")
	flag.DurationVar(&s.bound, "bound", s.bound, "give up after this long")
	flag.BoolVar(&s.verbose, "v", false, "say what is being done")
	flag.StringVar(&s.profiles, "profiles", "", "write profiles of the operator's CPU time and heap to this `directory`")
	flag.StringVar(&s.seriesTo, "series", "", "write the measurements that hack/plot draws to this `file`")
	flag.StringVar(&s.only, "only", "", "measure only the figures whose `names` this regular expression matches, as -v says them, and what they need")
	flag.Parse()
	log.SetLogger(logr.Discard()) // of the libraries
	if *quick {
		s = sizes{users: 100, workers: 16, few: 3, first: 20, probes: 10, rest: 2 * time.Second,
			limits: []int{100}, limited: 15 * time.Second, memory: 600, large: 12, bound: 5 * time.Minute, verbose: true, profiles: s.profiles, seriesTo: s.seriesTo, only: s.only}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, s.bound)
	defer cancel()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s sizes) (err error) {
	fmt.Printf("%s, %s, %d CPUs for everything: API server, etcd, emulator, operator, bench\n",
		time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.NumCPU())
	only, err := regexp.Compile(s.only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	dir, remove, err := leash.TempDir("phone-operator-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	b := &bench{sizes: s, table: &table{}, series: &series{}, dir: dir}
	defer b.table.print(os.Stdout)
	defer func() {
		if s.seriesTo != "" {
			err = errors.Join(err, b.series.save(s.seriesTo))
		}
	}()
	defer func() {
		if b.admin != nil {
			_ = b.admin.Stop()
		}
	}()
	if err := b.start(ctx); err != nil {
		return err
	}
	for _, figure := range []struct {
		name    string
		measure func(context.Context) error
	}{
		{"counts", b.counts},
		{"first contacts", b.contacts},
		{"one method, idle", b.idleLatency},
		{"many methods, bare client", b.bare},
		{"many methods", b.many},
		{"rest", b.atRest},
		{"one method, drift pass", b.driftLatency},
		{"memory", b.memory},
		{"start", b.firstServed},
		{"removal of many methods", b.removal},
		{"padded", b.padded},
		{"limit", b.throttled},
	} {
		if figure.name != "counts" && !only.MatchString(figure.name) {
			continue
		}
		b.say("%s", figure.name)
		if err := figure.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", figure.name, err)
		}
	}
	return nil
}
