package install

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/leash"
)

// Launch says how an operator is started. The zero value is one that nobody can ask anything, and which leads at once.
type Launch struct {
	Log             string                          // name of its log, to which is added; "" is "operator"
	Account         string                          // a ServiceAccount in its namespace; "" is its own
	Through         func(*rest.Config) *rest.Config // what stands before the API server; nil: nothing. The first of an account counts
	Metrics, Probes bool                            // whether it serves them
	Profiles        bool                            // the same
	Pod             *corev1.PodSpec                 // whose account, arguments and environment it has, in place of the usual ones
	Args            []string                        // after the usual ones, which they override
	Env             []string                        // NAME=value
}

// Operator is one process of the real program.
type Operator struct {
	*leash.Process
	Log             string // file
	Metrics, Probes string // addresses; "": none
	Profiles        string // the same
}

// Launch starts an operator, which Build made, with the rights of its ServiceAccount. It sees of the environment what a
// pod would.
func (c *Cluster) Launch(ctx context.Context, l Launch) (_ *Operator, err error) {
	usual, env := []string{"--leader-elect=false", "--leader-election-namespace=" + Namespace}, l.Env
	if l.Pod != nil {
		l.Account = l.Pod.ServiceAccountName
		usual = l.Pod.Containers[0].Args
		if env, err = environment(l.Pod.Containers[0].Env, l.Env); err != nil {
			return nil, err
		}
	}
	config, err := c.operatorConfig(ctx, cmp.Or(l.Account, ServiceAccount), l.Through)
	if err != nil {
		return nil, err
	}
	o := &Operator{Log: filepath.Join(c.dir, cmp.Or(l.Log, "operator")+".log")}
	if l.Metrics {
		if o.Metrics, err = devcluster.FreeAddress(); err != nil {
			return nil, err
		}
	}
	if l.Probes {
		if o.Probes, err = devcluster.FreeAddress(); err != nil {
			return nil, err
		}
	}
	if l.Profiles {
		if o.Profiles, err = devcluster.FreeAddress(); err != nil {
			return nil, err
		}
	}
	args := slices.Concat(usual, []string{
		"--metrics-bind-address=" + cmp.Or(o.Metrics, "0"), "--health-probe-bind-address=" + cmp.Or(o.Probes, "0"),
		"--pprof-bind-address=" + o.Profiles,
	}, l.Args)
	o.Process, err = leash.Logged(o.Log, append(env, "KUBECONFIG="+config), c.Program, args...)
	if err != nil {
		return nil, fmt.Errorf("start the operator: %w", err)
	}
	return o, nil
}

// environment is that of a container in the operator's namespace, and more.
func environment(of []corev1.EnvVar, more []string) (env []string, err error) {
	for _, e := range of {
		switch from := e.ValueFrom; {
		case from == nil:
			env = append(env, e.Name+"="+e.Value)
		case from.FieldRef != nil && from.FieldRef.FieldPath == "metadata.namespace":
			env = append(env, e.Name+"="+Namespace)
		default:
			return nil, fmt.Errorf("%s has a value that only a kubelet knows", e.Name)
		}
	}
	return append(env, more...), nil
}

// operatorConfig is the kubeconfig of a ServiceAccount of the operator's namespace, made by the first who needs it.
func (c *Cluster) operatorConfig(ctx context.Context, account string, through func(*rest.Config) *rest.Config) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if path := c.configs[account]; path != "" {
		return path, nil
	}
	cfg, err := c.ServiceAccount(ctx, Namespace, account)
	if err != nil {
		return "", err
	}
	if through != nil {
		cfg = through(cfg)
	}
	c.configs[account], err = c.WriteKubeconfig(account+".kubeconfig", cfg)
	return c.configs[account], err
}

// Run is Launch that returns when the operator is ready. An address that was free may be taken by the time that the
// operator asks for it: then it is given others.
func (c *Cluster) Run(ctx context.Context, l Launch) (*Operator, error) {
	for attempts := 1; ; attempts++ {
		o, err := c.Launch(ctx, l)
		if err != nil {
			return nil, err
		}
		if err = o.Ready(ctx); err == nil {
			return o, nil
		}
		o.Kill()
		if attempts == 3 || !strings.Contains(err.Error(), "address already in use") {
			return nil, err
		}
	}
}

// Ready waits until the operator says that it is, and listens to who asks for metrics, as far as it does either.
func (o *Operator) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	last := errors.New("nothing was asked")
	err := wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if !o.Running() {
			return false, fmt.Errorf("the operator ended by itself: %w\n%s", cmp.Or(o.Wait(ctx), errors.New("without an error")), o.Output())
		}
		last = nil
		if o.Probes != "" {
			_, last = Get(ctx, "http://"+o.Probes+"/readyz")
		}
		if last == nil && o.Metrics != "" {
			last = listens(o.Metrics)
		}
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the operator is not ready: %w", errors.Join(err, last))
	}
	return nil
}

func listens(address string) error {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	return connection.Close()
}

// Get reads what url answers with 200.
func Get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	return io.ReadAll(response.Body)
}

// Output is all that the operator, and those of the same log before it, have written so far.
func (o *Operator) Output() string {
	log, err := os.ReadFile(o.Log)
	if err != nil {
		return err.Error()
	}
	return string(log)
}
