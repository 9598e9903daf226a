package devcluster

import (
	"os"
	"path/filepath"
	"syscall"
)

// leash ties programs to the life of this process. Deferred calls and signal handlers do not run when a test times
// out or a process is killed; a pipe closes with its holder, and leash.sh, which stands before each program, reads it.
type leash struct {
	script string
	dir    string
	alive  *os.File
}

// newLeash keeps what it needs in dir, which goes when the leash does.
func newLeash(root, dir string) (*leash, error) {
	pipe := filepath.Join(dir, "alive")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		return nil, &os.PathError{Op: "mkfifo", Path: pipe, Err: err}
	}
	alive, err := os.OpenFile(pipe, os.O_RDWR, 0) // for writing only would wait for the first reader
	if err != nil {
		return nil, err
	}
	return &leash{filepath.Join(root, "internal", "devcluster", "leash.sh"), dir, alive}, nil
}

// tie returns the path that runs program on the leash. It is to be the leader of a process group of its own.
func (l *leash) tie(program string) (string, error) {
	path := filepath.Join(l.dir, filepath.Base(program))
	if err := os.Symlink(program, path+".real"); err != nil {
		return "", err
	}
	return path, os.Symlink(l.script, path)
}

// let ends every program on the leash.
func (l *leash) let() { _ = l.alive.Close() }
