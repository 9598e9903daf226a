// Package devcluster runs a real Kubernetes API server on this machine's loopback interface, for tests, the demo and
// trying things out. It is controller-runtime's envtest with the programs of bin/k8s, identities to log in with, and
// the promise that nothing outlives the process, however that ends.
//
// It has no nodes and no controllers: a Deployment makes no Pod. Kubernetes' namespace controller can be added.
// Fetching or building the programs is the business of hack/devcluster.
package devcluster

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/entraops/phone-operator/internal/leash"
)

// Options says what a cluster starts with. The zero value is an empty cluster.
type Options struct {
	// CRDs are files or directories of CustomResourceDefinitions, relative to the root of the repository.
	CRDs []string
	// LargestWrite is how many bytes the largest resource that can be stored has, more or less; 0: 1.5 MiB, which etcd has by itself.
	LargestWrite int
}

// CRDs is where the repository keeps its CustomResourceDefinitions.
const CRDs = "config/crd/bases"

// Cluster is a running etcd and kube-apiserver, until Stop or the end of this process. Its methods can be used by several goroutines at once.
type Cluster struct {
	env    *envtest.Environment
	root   string
	assets string
	dir    string // data, certificates and logs; goes with the cluster
	remove func() error
	// standIns run the servers, which end when this process does.
	standIns   *leash.StandIns
	logs       []*os.File
	namespaces *leash.Process // the namespace controller; nil: none
}

// Start runs a cluster and returns when it answers and has its CRDs. The error says what to do where the programs
// are missing, and ends with the last words of the servers where they do not start.
func Start(opts Options) (_ *Cluster, err error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	assets, err := Assets(root)
	if err != nil {
		return nil, err
	}
	c := &Cluster{root: root, assets: assets}
	if c.dir, c.remove, err = leash.TempDir("phone-operator-cluster-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("start the development cluster: %w", err)
			if c.env == nil || c.env.Config == nil { // else the servers run, and the CRDs are at fault
				err = fmt.Errorf("%w%s", err, c.lastWords())
			}
			_ = c.Stop()
		}
	}()
	if c.standIns, err = leash.NewStandIns(c.dir); err != nil {
		return nil, err
	}
	if c.env, err = c.environment(opts); err != nil {
		return nil, err
	}
	_, err = c.env.Start()
	return c, err
}

func (c *Cluster) environment(opts Options) (*envtest.Environment, error) {
	etcd, err := c.server("etcd")
	if err != nil {
		return nil, err
	}
	api, err := c.server("kube-apiserver")
	if err != nil {
		return nil, err
	}
	env := &envtest.Environment{
		ErrorIfCRDPathMissing: true,
		// Two servers at once on a small machine, with tests compiling beside them, take longer than the usual 20 s.
		ControlPlaneStartTimeout: 2 * time.Minute,
	}
	for _, path := range opts.CRDs {
		env.CRDDirectoryPaths = append(env.CRDDirectoryPaths, filepath.Join(c.root, path))
	}
	env.ControlPlane.Etcd = &envtest.Etcd{Path: etcd.path, DataDir: etcd.dir, Out: etcd.log, Err: etcd.log}
	// By default it is full at 2 GiB, which a thousand large resources are: each write of one keeps another copy.
	env.ControlPlane.Etcd.Configure().Set("quota-backend-bytes", "8589934592")
	if opts.LargestWrite > 0 {
		env.ControlPlane.Etcd.Configure().Set("max-request-bytes", strconv.Itoa(opts.LargestWrite))
	}
	env.ControlPlane.APIServer = &envtest.APIServer{Path: api.path, CertDir: api.dir, Out: api.log, Err: api.log}
	// Without these the API server wants a network interface other than loopback, and stops where there is none.
	env.ControlPlane.APIServer.Configure().
		Set("advertise-address", "127.0.0.1").
		Set("endpoint-reconciler-type", "none")
	env.ControlPlane.KubectlPath = c.Kubectl()
	return env, nil
}

// server is one program of the cluster: what to run, where it keeps its files, and where its output goes.
type server struct {
	path, dir string
	log       *os.File
}

func (c *Cluster) server(name string) (server, error) {
	path, err := c.standIns.For(filepath.Join(c.assets, name))
	if err != nil {
		return server{}, err
	}
	dir := filepath.Join(c.dir, name+".d")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return server{}, err
	}
	log, err := c.log(name)
	return server{path, dir, log}, err
}

// log is where a program writes. It is a file, not a buffer: the program then holds no pipe of ours, and go test does
// not wait for it to close one.
func (c *Cluster) log(name string) (*os.File, error) {
	log, err := os.Create(filepath.Join(c.dir, name+".log"))
	c.logs = append(c.logs, log)
	return log, err
}

// lastWords is the end of each server's output, for an error.
func (c *Cluster) lastWords() string {
	var words bytes.Buffer
	logs, _ := filepath.Glob(filepath.Join(c.dir, "*.log"))
	for _, name := range logs {
		log, err := os.ReadFile(name)
		if err != nil || len(log) == 0 {
			continue
		}
		fmt.Fprintf(&words, "\n%s: ...%s", filepath.Base(name), log[max(0, len(log)-2000):])
	}
	return words.String()
}

// Config logs in as an administrator. Each call returns a copy.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.env.Config) }

// EtcdURL is where etcd serves clients, without TLS.
func (c *Cluster) EtcdURL() string { return c.env.ControlPlane.Etcd.URL.String() }

// Kubectl is the kubectl of the cluster's version, or the one of the PATH.
func (c *Cluster) Kubectl() string {
	if path := filepath.Join(c.assets, "kubectl"); isFile(path) {
		return path
	}
	return "kubectl"
}

// Stop ends the servers and removes their files. They are killed, not asked: their data goes with them.
func (c *Cluster) Stop() error {
	if c.namespaces != nil {
		c.namespaces.Kill()
	}
	if c.standIns != nil {
		c.standIns.End()
	}
	if c.env != nil {
		_ = c.env.Stop() // waits for their end; that it could not signal them is as it should be
	}
	for _, log := range c.logs {
		_ = log.Close()
	}
	return c.remove()
}
