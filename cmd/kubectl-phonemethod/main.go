// Command kubectl-phonemethod is a kubectl plugin: `kubectl phonemethod`. What it can do is in package cli; this program
// only gives it a terminal and an end.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/entraops/phone-operator/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := cli.New(genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}).ExecuteContext(ctx)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, cli.ErrFound):
		os.Exit(2)
	case errors.Is(err, cli.ErrSaid):
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "error:", cli.Printable(err))
		os.Exit(1)
	}
}
