package leash

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// standIn runs "$0.real" with the arguments given, for as long as somebody holds the named pipe "alive" beside it open
// for writing, and is killed then with what it started. The signal that asks it to stop goes to its process group, which
// the watcher is in. The pipe is opened for both ways first: for reading only it would wait for a writer that may be gone.
// envtest asks for the flags before it starts a server.
const standIn = `#!/bin/sh
[ "$1" != --help ] || exec "$0.real" "$@"
(
	trap '' TERM
	(exec 3<>"${0%/*}/alive" 4<"${0%/*}/alive" 3>&- && read -r _ <&4)
	kill -KILL 0
) </dev/null >/dev/null 2>&1 &
echo $$ >"$0.pid"
exec "$0.real" "$@"
`

// StandIns are scripts that stand in the place of programs which others start, who take a path and no more: such are
// the servers of envtest.
type StandIns struct {
	dir   string
	alive *os.File
	ended sync.Once
}

// NewStandIns keeps the scripts in dir.
func NewStandIns(dir string) (*StandIns, error) {
	pipe := filepath.Join(dir, "alive")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		return nil, &os.PathError{Op: "mkfifo", Path: pipe, Err: err}
	}
	alive, err := os.OpenFile(pipe, os.O_RDWR, 0) // for writing only would wait for the first reader
	if err != nil {
		return nil, err
	}
	s := &StandIns{dir: dir, alive: alive}
	kept.Store(s, alive)
	return s, nil
}

// For returns the path that runs program on a leash. It is to be started as the leader of a process group. Where it
// runs, its process id is in the file of that path with ".pid" behind it.
func (s *StandIns) For(program string) (string, error) {
	path := filepath.Join(s.dir, filepath.Base(program))
	if err := os.Symlink(program, path+".real"); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, []byte(standIn), 0o700)
}

// End kills every program that a script stands for.
func (s *StandIns) End() {
	s.ended.Do(func() {
		kept.Delete(s)
		_ = s.alive.Close()
	})
}
