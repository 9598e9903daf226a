// Command graph-emulator runs a Microsoft Graph on this machine: HTTPS on
// loopback, with the token endpoint. Package emulator says what it does and what
// it leaves out; this program only gives it a port, a world to start with and an
// end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "graph-emulator:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	if f.version {
		_, err := fmt.Fprintln(stdout, version.Line("graph-emulator"))
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	e := emulator.New(emulator.Options{Seed: f.seed, OnRequest: logTo(log)})
	if err := e.SetAssumptions(emulator.Assumptions(f.assumptions)); err != nil {
		return err
	}
	e.SetReadLag(f.readLag)
	if f.listedLimits {
		for _, limit := range emulator.ListedLimits() {
			e.SetThrottle(limit)
		}
	}
	if err := load(e, f.seedFile); err != nil {
		return err
	}
	graph, err := emulator.Serve(e, f.bind)
	if err != nil {
		return err
	}
	servers := []*emulator.Server{graph}
	if f.control != "" {
		control, err := emulator.ServeControl(e, f.control)
		if err != nil {
			return errors.Join(err, graph.Close())
		}
		servers = append(servers, control)
	}
	if err := announce(f, servers, stdout); err != nil {
		return errors.Join(err, shutdown(servers))
	}
	<-ctx.Done()
	return shutdown(servers)
}

// load fills the emulator from a YAML or JSON file; "" leaves it empty.
func load(e *emulator.Emulator, file string) error {
	if file == "" {
		return nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read seed: %w", err)
	}
	var seed emulator.Seed
	if err := yaml.UnmarshalStrict(raw, &seed); err != nil {
		return fmt.Errorf("parse seed %s: %w", file, err)
	}
	if err := e.Load(seed); err != nil {
		return fmt.Errorf("load seed %s: %w", file, err)
	}
	return nil
}

// announce tells whoever waits where to connect. The CA is on disk before anybody
// is told.
func announce(f flags, servers []*emulator.Server, stdout io.Writer) error {
	if f.caFile != "" {
		if err := os.WriteFile(f.caFile, servers[0].CAPEM, 0o644); err != nil {
			return fmt.Errorf("write CA: %w", err)
		}
	}
	text := "listening on " + servers[0].URL + "\n"
	if len(servers) > 1 {
		text = "control on " + servers[1].URL + "\n" + text
	}
	if f.readyFile != "" {
		if err := writeWhole(f.readyFile, text); err != nil {
			return fmt.Errorf("write ready file: %w", err)
		}
	}
	_, err := io.WriteString(stdout, text)
	return err
}

// writeWhole never shows a file that is half written.
func writeWhole(file, text string) error {
	part := file + ".part"
	if err := os.WriteFile(part, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(part, file)
}

// shutdown gives requests on their way a moment to finish.
func shutdown(servers []*emulator.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var errs []error
	for _, s := range servers {
		errs = append(errs, s.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

// logTo writes one line for each request. Numbers, UPNs and bodies stay out of it.
func logTo(log *slog.Logger) func(emulator.Request) {
	return func(r emulator.Request) {
		attributes := []any{"method", r.Method, "path", r.LogPath(), "status", r.Status}
		if r.Fault != "" {
			attributes = append(attributes, "fault", r.Fault)
		}
		if r.Batch != "" {
			attributes = append(attributes, "batch", r.Batch)
		}
		log.Info("request", attributes...)
	}
}
