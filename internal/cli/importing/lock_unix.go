//go:build unix

package importing

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Lock takes a file for this process until it is closed: ErrBusy.
func Lock(file *os.File) error {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrBusy
	}
	return os.NewSyscallError("flock", err)
}

// unlock removes the file while it is still locked: nobody else's can be meant.
func unlock(file *os.File) {
	_ = os.Remove(file.Name()) // one that stays locks nobody out
	_ = file.Close()
}
