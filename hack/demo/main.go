// Command demo shows the whole of Phone Operator at work on this machine: a real API server, the Graph emulator as
// a tenant, the operator as the real program under its own identity, and config/samples applied with kubectl. It
// ends with the methods as kubectl and as Graph show them, and fails unless all is as it should be.
//
//	go run ./hack/demo
//	go run ./hack/demo -keep
//
// With -keep it leaves everything running, says what to try, and stops at Ctrl-C, at SIGTERM, or with the process
// that started it. However it ends, nothing that it started outlives it and no file is left behind.
//
// It does nothing that a user could not: the operator and the emulator are child processes, and everything in the
// cluster is done with kubectl.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/entraops/phone-operator/internal/leash"
)

func main() {
	flags := flag.NewFlagSet("demo", flag.ExitOnError) // controller-runtime has a flag of its own among the common ones
	keep := flags.Bool("keep", false, "leave everything running until Ctrl-C or SIGTERM")
	_ = flags.Parse(os.Args[1:]) // exits by itself
	if flags.NArg() > 0 {
		flags.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	err := run(leash.UntilOrphaned(ctx), os.Stdout, *keep)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}
