package confine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// exec makes this process, which is in its namespaces already, the program.
func (c Container) exec() error {
	if err := c.mount(); err != nil {
		return err
	}
	if err := unix.Chroot(c.Root); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return err
	}
	if err := dropCapabilities(); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	if os.Getenv(try) != "" {
		os.Exit(0)
	}
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "CONFINE_") {
			env = append(env, e)
		}
	}
	err := unix.Exec(c.Program, append([]string{c.Program}, os.Args[1:]...), env)
	return fmt.Errorf("run %s: %w", c.Program, err)
}

// mount makes the root a read-only mount, with the files to be shown.
func (c Container) mount() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := bind(c.Root, c.Root); err != nil {
		return err
	}
	for _, name := range c.Files {
		file := os.Getenv(name)
		if file == "" {
			continue
		}
		at := filepath.Join(c.Root, file)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, nil, 0o600); err != nil {
			return err
		}
		if err := bind(file, at); err != nil {
			return err
		}
		if err := readOnly(at); err != nil {
			return err
		}
	}
	return readOnly(c.Root)
}

func bind(from, to string) error {
	if err := unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("show %s: %w", from, err)
	}
	return nil
}

// readOnly keeps what else the mount is, which a user namespace may not change.
func readOnly(path string) error {
	var is unix.Statfs_t
	if err := unix.Statfs(path, &is); err != nil {
		return err
	}
	kept := uintptr(is.Flags) & (unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC) // statfs has the same bits
	if err := unix.Mount("", path, "", kept|unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, ""); err != nil {
		return fmt.Errorf("make %s read-only: %w", path, err)
	}
	return nil
}

func dropCapabilities() error {
	for capability := uintptr(0); capability <= unix.CAP_LAST_CAP; capability++ {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) { // EINVAL: this kernel does not know it
			return err
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	var none [2]unix.CapUserData
	if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}
