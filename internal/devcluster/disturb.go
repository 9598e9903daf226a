package devcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// Server names one program of a cluster.
type Server string

// The programs that a cluster consists of.
const (
	Etcd      Server = "etcd"
	APIServer Server = "kube-apiserver"
)

// RestartAPIServer kills the API server as a crash would, leaves it down for a while, and starts it again at the same
// address and with the same data and identities. It returns when the new one answers. No two calls at once.
func (c *Cluster) RestartAPIServer(down time.Duration) error {
	pid, err := c.pid(APIServer)
	if err != nil {
		return err
	}
	// The whole group: the watcher that ties the server to our life would else outlive it.
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill the API server: %w", err)
	}
	<-time.After(down)
	if err := c.addressFree(); err != nil {
		return err
	}
	if err := c.env.ControlPlane.APIServer.Start(); err != nil {
		return fmt.Errorf("start the API server again: %w%s", err, c.lastWords())
	}
	return nil
}

// addressFree waits until the killed API server's port can be listened at.
func (c *Cluster) addressFree() error {
	serving := c.env.ControlPlane.APIServer.SecureServing
	address := net.JoinHostPort(serving.Address, serving.Port)
	var last error
	err := wait.PollUntilContextTimeout(context.Background(), 10*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		var listener net.Listener
		if listener, last = net.Listen("tcp", address); last != nil {
			return false, nil
		}
		return true, listener.Close()
	})
	if err != nil {
		return fmt.Errorf("the killed API server's address: %w", errors.Join(err, last))
	}
	return nil
}

// Stall stops a server where it stands, its connections open, as a machine does that has no time for it. resume lets
// it go on.
func (c *Cluster) Stall(s Server) (resume func() error, err error) {
	pid, err := c.pid(s)
	if err != nil {
		return nil, err
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return nil, fmt.Errorf("stall %s: %w", s, err)
	}
	for isRunning(pid) { // on a busy machine its threads go on until one of them takes the signal
		time.Sleep(time.Millisecond) //nolint:forbidigo // the system tells nobody that a process stands still
	}
	return func() error { return syscall.Kill(pid, syscall.SIGCONT) }, nil
}

// isRunning reports whether a process that was sent SIGSTOP has not stopped yet. Linux tells; elsewhere it
// is taken for stopped.
func isRunning(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	state := strings.TrimSpace(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	return !strings.HasPrefix(state, "T")
}

// pid is the process of a server, which leads a process group.
func (c *Cluster) pid(s Server) (int, error) {
	text, err := os.ReadFile(filepath.Join(c.dir, string(s)+".pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}
