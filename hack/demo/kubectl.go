package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// kubectl is how everything in the cluster is done: as an administrator, and as a person would.
type kubectl struct {
	path  string
	flags []string
}

// run returns what kubectl prints. The error has what it said.
func (k kubectl) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, k.path, slices.Concat(k.flags, args)...)
	cmd.Env = append(os.Environ(), "KUBECTL_KUBERC=false") // the person's own preferences are not part of the story
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// apply creates or changes what files hold, in their order, and returns a line for each object.
func (k kubectl) apply(ctx context.Context, files ...string) (string, error) {
	args := []string{"apply", "--server-side"}
	for _, f := range files {
		args = append(args, "-f", f)
	}
	return k.run(ctx, args...)
}

// get reads objects of one kind in all namespaces into a list type.
func (k kubectl) get(ctx context.Context, kind string, into any) error {
	out, err := k.run(ctx, "get", kind, "--all-namespaces", "--output=json")
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(out), into)
}

// wait returns when objects are as condition says, which has the form of kubectl's --for.
func (k kubectl) wait(ctx context.Context, condition string, args ...string) error {
	_, err := k.run(ctx, append([]string{"wait", "--for=" + condition, "--timeout=60s"}, args...)...)
	return err
}
