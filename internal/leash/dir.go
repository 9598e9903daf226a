package leash

import (
	"errors"
	"os"
	"os/exec"
	"sync"
)

// janitor removes $1 when the pipe closes, after those on a leash that write to it. A line on the pipe sends it home.
const janitor = `trap '' INT TERM
read -r _ || { sleep 1; rm -rf "$1"; }`

// kept holds the pipes of directories and stand-ins, which are to close with this process and not before: the garbage collector
// would close those that nobody asks for.
var kept sync.Map

// TempDir makes a directory that goes with remove, or else when this process ends. Its name begins with prefix.
func TempDir(prefix string) (dir string, remove func() error, err error) {
	if dir, err = os.MkdirTemp("", prefix); err != nil {
		return "", nil, err
	}
	cmd := &exec.Cmd{Args: []string{"sh", "-c", janitor, "sh", dir}}
	pipe, err := tie(cmd)
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	kept.Store(dir, pipe)
	return dir, func() error {
		kept.Delete(dir)
		err := os.RemoveAll(dir)
		_, wrote := pipe.WriteString("\n")
		return errors.Join(err, wrote, pipe.Close(), cmd.Wait())
	}, nil
}
