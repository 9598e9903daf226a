// Command chaos lets the operator live through bad times and checks that nothing is lost, doubled or touched that is
// not its own. Two replicas of the real program run under their own ServiceAccount against a real API server, with the
// Graph emulator over HTTPS. Resources are created, edited, rivalled and deleted (people.go), their Secrets rotated and
// lost (secrets.go). In Entra users become administrators, are renamed, deleted and restored, and their names given to
// others (fate.go). Administrators of the cluster edit tenants (tenants.go). Meanwhile Graph throttles, fails, lies,
// lags, falls silent and mistakes the time (weather.go), leaders are killed and paused, the API server crashes and etcd
// stalls (blows.go). An editor of another namespace writes whatever an editor can against everybody else's phones
// (attacker.go), and is to be told nothing (refused.go).
//
//	go run ./hack/chaos -seed 7 -users 200 -duration 5m
//	go run ./hack/chaos -calm -duration 10m # a soak: the lives only, and what the operator takes of the machine
//
// Every write that reaches Graph is judged by a ledger of what may be written (rules.go). When faults and kills have
// stopped, the end is judged by what the resources say (end.go), and then nothing may be written any more, neither
// to Graph nor to Kubernetes (rest.go). It exits 1 with the history of each user for whom a rule was broken. It tells
// what it did, and how long the tenants were without an operator when a leader fell (failover.go).
//
// The bad times last until each blow was dealt, each edict given, each attack tried and each weather over, and at least
// as long as they are to.
//
// The seed fixes what is tried: the lives, the weather, the blows and their distances. It does not fix how the
// processes' threads meet, so a failure comes again with its seed often, not always.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are what a run is made from.
type options struct {
	seed     uint64
	users    int
	duration time.Duration // of the bad times
	pace     time.Duration // mean time between two acts of one user's life
	blows    time.Duration // mean time between two blows at a process
	patience time.Duration // until everything must be as the resources say
	quiet    time.Duration // in which nothing may be written then
	calm     bool          // no bad times: lives only
}

func main() {
	o := options{pace: 20 * time.Second, blows: 7 * time.Second, patience: 7 * time.Minute, quiet: time.Minute}
	flags := flag.NewFlagSet("chaos", flag.ExitOnError)
	flags.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()%1_000_000), "what the run is made from")
	flags.IntVar(&o.users, "users", 200, "how many users")
	flags.DurationVar(&o.duration, "duration", 5*time.Minute, "how long the bad times last")
	flags.BoolVar(&o.calm, "calm", false, "a soak: nothing but lives, and each minute what the operators take of the machine")
	_ = flags.Parse(os.Args[1:]) // exits by itself
	if flags.NArg() > 0 || o.users < 1 {
		flags.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	if err := run(ctx, os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}
