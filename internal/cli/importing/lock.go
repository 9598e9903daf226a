package importing

import (
	"errors"
	"os"
	"path/filepath"
)

// lockName is no name that kubectl apply takes for a manifest.
const lockName = ".phonemethod-import.lock"

// ErrBusy is the error of an import into a directory or a report into which another one is writing.
var ErrBusy = errors.New("another import is writing there: wait for its end, or choose another name")

// lock takes a directory for one import. The system gives it back when the process ends, however that is: the file that a
// kill leaves behind locks nobody out.
func lock(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	for range 100 {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err := Lock(file); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		mine, err := file.Stat()
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		if there, err := os.Stat(path); err == nil && os.SameFile(mine, there) {
			return file, nil
		}
		_ = file.Close() // its owner removed it between the opening and the lock
	}
	return nil, ErrBusy
}
