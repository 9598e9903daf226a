package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/entraops/phone-operator/internal/leash"
)

// grace is how long a program may take to end when asked.
const grace = 20 * time.Second

// memory returns the resident memory of the program in bytes, now and at its highest. Linux only.
func memory(p *leash.Process) (now, highest int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		return 0, 0, err
	}
	field := func(name string) (bytesUsed int64) {
		_, rest, _ := bytes.Cut(status, []byte(name+":"))
		if words := bytes.Fields(rest); len(words) > 0 {
			bytesUsed, _ = strconv.ParseInt(string(words[0]), 10, 64)
		}
		return bytesUsed << 10
	}
	return field("VmRSS"), field("VmHWM"), nil
}

// build makes the programs as `make build` does.
func build(ctx context.Context, root, dir string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", dir+"/", ".", "./cmd/graph-emulator")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
