package main

import (
	"context"
	"crypto/sha256"
	_ "embed" // the key is made of the files that decide what is built
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

var (
	//go:embed go.mod
	goMod []byte
	//go:embed go.sum
	goSum []byte
	//go:embed build.go
	recipe []byte
)

// cache is bin/k8s, held by this process alone until close. Beside the directories of programs it has
//
//	current-<os>-<arch>      a link to the directory in use
//	current-<os>-<arch>.key  what that directory was made from
type cache struct {
	dir  string
	lock *os.File
}

// open waits until no other process holds the cache.
func open(ctx context.Context, dir string) (*cache, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	c := &cache{dir: dir, lock: lock}
	told := false
	for {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", lock.Name(), err)
		}
		if !told {
			told = true
			say("waiting for another run that is preparing the same programs")
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (c *cache) close() { _ = c.lock.Close() } // which unlocks

// current returns the directory in use, if it is whole and of today's versions.
func (c *cache) current() (string, bool) {
	have, err := os.ReadFile(c.link() + ".key")
	if err != nil || string(have) != key() {
		return "", false
	}
	dir, err := filepath.EvalSymlinks(c.link())
	if err != nil || complete(dir) != nil {
		return "", false
	}
	return dir, true
}

// keep makes dir, a directory of the cache, the one in use.
func (c *cache) keep(dir string) error {
	if err := complete(dir); err != nil {
		return err
	}
	if err := os.Remove(c.link()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	// The link is relative, so that a moved or copied tree stays whole.
	if err := os.Symlink(filepath.Base(dir), c.link()); err != nil {
		return err
	}
	return os.WriteFile(c.link()+".key", []byte(key()), 0o644)
}

func (c *cache) link() string {
	return filepath.Join(c.dir, "current-"+platform())
}

func platform() string { return runtime.GOOS + "-" + runtime.GOARCH }

// key changes with the versions, the recipe of the build and Go itself.
func key() string {
	h := sha256.New()
	for _, part := range [][]byte{goMod, goSum, recipe, []byte(runtime.Version())} {
		fmt.Fprintf(h, "%d\n%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}
