package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// releaseIndex is the list of releases that setup-envtest downloads from.
const releaseIndex = "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"

// download lets setup-envtest put its newest patch of the wanted minor version below bin/k8s and returns the directory.
// It gives up within seconds where the index cannot be reached.
func download(ctx context.Context, module, bin, index string) (string, error) {
	if err := reachable(ctx, index); err != nil {
		return "", err
	}
	minor := strings.Join(strings.SplitN(strings.TrimPrefix(version(kubernetes), "v"), ".", 3)[:2], ".")
	say("downloading etcd, kube-apiserver and kubectl %s with setup-envtest, about 100 MB", minor)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "tool", "-modfile=../tools/go.mod", "setup-envtest",
		"use", minor+".x", "--index", index, "--bin-dir", bin, "--print", "path")
	cmd.Dir = module
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("setup-envtest: %w: %s", err, lastLine(stderr.String()))
	}
	say("downloaded in %s", time.Since(start).Round(time.Second))
	return filepath.Clean(strings.TrimSpace(stdout.String())), nil
}

// reachable asks for the index with a short patience: a firewall that drops packets must not cost a minute.
func reachable(ctx context.Context, index string) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, index, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		if urlErr := new(url.Error); errors.As(err, &urlErr) {
			err = urlErr.Err // without the address, which is long and known
		}
		return fmt.Errorf("%s: %w", req.URL.Host, err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", req.URL.Host, res.Status)
	}
	return nil
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
