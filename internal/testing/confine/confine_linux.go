// Package confine runs a program as a pod of the restricted standard would, without a container engine: with a directory
// as its root, which is read-only, as uid 65532, without capabilities and with no way to get any. It leaves out
// cgroups, seccomp and a network of its own.
//
// Namespaces cannot be entered by a Go program that runs already, so a test binary starts itself again: a package that uses
// confine has a variable that is Enter().
package confine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// User is the uid and gid in the container, which the image says, too.
const User = 65532

// ErrNotAllowed is what a machine answers that lets nobody, or not this user, have namespaces.
var ErrNotAllowed = errors.New("this machine gives no right to make a namespace")

// Container is what a program is confined to.
type Container struct {
	Root    string   // a directory of the host; where Files are shown, files are added to it
	Program string   // in Root, absolute
	Files   []string // variables of the environment that name a file of the host, which is shown under the same path
}

// What the second and third process know from the first.
const (
	container = "CONFINE_CONTAINER"
	inside    = "CONFINE_INSIDE"
	try       = "CONFINE_TRY"
	forbidden = 77 // exit code
)

// Script writes a program of the host that runs the container's, with its own arguments and environment.
func (c Container) Script(path string) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	quoted := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
	script := "#!/bin/sh\n" + container + "=" + quoted(string(text)) + " exec " + quoted(self) + ` "$@"` + "\n"
	// No program that is started meanwhile inherits the file: one that is open for writing cannot be run.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, []byte(script), 0o700)
}

// Try does everything but run the program. The error is ErrNotAllowed if the machine does not let it.
func (c Container) Try() error {
	script := filepath.Join(filepath.Dir(c.Root), filepath.Base(c.Root)+".try")
	if err := c.Script(script); err != nil {
		return err
	}
	defer func() { _ = os.Remove(script) }()
	cmd := exec.Command(script)
	cmd.Env = append(os.Environ(), try+"=yes")
	said, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() == forbidden {
		return fmt.Errorf("%w: %s", ErrNotAllowed, strings.TrimSpace(string(said)))
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(said)))
	}
	return nil
}

// Enter is false, unless a Script started this process: then it runs the program and does not return. It is to be called
// before main, which would take the program's arguments for its own.
func Enter() bool {
	text, ok := os.LookupEnv(container)
	if !ok {
		return false
	}
	code, err := run(text)
	if err != nil {
		fmt.Fprintln(os.Stderr, "confine:", err)
		code = 125                                                           // as container engines have it
		if errors.Is(err, os.ErrPermission) || errors.Is(err, unix.ENOSPC) { // ENOSPC: no namespace is allowed
			code = forbidden
		}
	}
	os.Exit(code)
	return true
}

// run is what remains in the host's namespaces: it passes signals on and ends as the program does. While packages are
// initialised it is on the process's first thread, with which the program ends.
func run(text string) (code int, err error) {
	var c Container
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return 0, err
	}
	if os.Getenv(inside) != "" {
		return 0, c.exec()
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"=yes")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: User, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: User, HostID: os.Getgid(), Size: 1}},
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_CHROOT, unix.CAP_SETPCAP}, // for exec alone
		Pdeathsig:   syscall.SIGKILL,
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("make the namespaces: %w", err)
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	err = cmd.Wait()
	if _, ended := errors.AsType[*exec.ExitError](err); ended {
		err = nil
	}
	if code = cmd.ProcessState.ExitCode(); code < 0 { // by a signal
		code = 128 + int(cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
	}
	return code, err
}
