// Command manager runs the Phone Operator: it keeps the phone authentication
// methods of Microsoft Entra ID users as Kubernetes resources.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/controllers"
	"github.com/entraops/phone-operator/internal/metrics"
	"github.com/entraops/phone-operator/internal/tracing"
	"github.com/entraops/phone-operator/internal/version"
)

type flags struct {
	leaderElect             bool
	leaderElectionNamespace string
	leaderElectionID        string
	tenantSelector          selectorFlag
	metricsAddress          string
	metricsSecure           bool
	probeAddress            string
	pprofAddress            loopbackAddress
	maxConcurrent           int
	watchNamespaces         string
	credentialNamespaces    namespaceList
	webhook                 webhookFlags
	log                     zap.Options
	version                 bool
	check                   time.Duration
}

func main() {
	var f flags
	flag.BoolVar(&f.leaderElect, "leader-elect", true, "Take part in leader election: of several replicas one works.")
	flag.StringVar(&f.leaderElectionNamespace, "leader-election-namespace", "", "Namespace of the leader's Lease; empty is the pod's own.")
	flag.StringVar(&f.leaderElectionID, "leader-election-id", "", "Name of the leader's Lease, and of this operator in the Leases of tenants; empty is one that depends on --tenant-selector.")
	flag.Var(&f.tenantSelector, "tenant-selector", "Work only for EntraTenants whose labels match, such as shard=a or '!shard'; empty is all. Operators that share tenants out have one each, and no EntraTenant matches two.")
	flag.StringVar(&f.metricsAddress, "metrics-bind-address", ":8443", "Address of the metrics; 0 for none.")
	flag.BoolVar(&f.metricsSecure, "metrics-secure", true, "Serve metrics over HTTPS, to callers that the API server knows and allows to get /metrics.")
	flag.StringVar(&f.probeAddress, "health-probe-bind-address", ":8081", "Address of /healthz and /readyz; 0 for none.")
	flag.Var(&f.pprofAddress, "pprof-bind-address", "Loopback address of /debug/pprof, such as 127.0.0.1:6060, for kubectl port-forward; empty for none.")
	flag.IntVar(&f.maxConcurrent, "max-concurrent-reconciles", 16, "How many users are worked on at once.")
	flag.StringVar(&f.watchNamespaces, "watch-namespaces", "", "Namespaces to watch, with commas between them; empty is all.")
	flag.Var(&f.credentialNamespaces, "credential-namespaces", "Namespaces beside the operator's own whose Secrets an EntraTenant may name as its credential, with commas between them; may be given more than once. Whoever may write an EntraTenant can read every Secret of these.")
	flag.BoolVar(&f.version, "version", false, "Print the version and exit.")
	flag.DurationVar(&f.check, "check-installation", 0, "Ask for at most this long whether the installation that the other flags describe works, print what was found and exit; 0 runs the operator.")
	f.webhook.bind(flag.CommandLine)
	f.log.TimeEncoder = zapcore.RFC3339TimeEncoder
	f.log.BindFlags(flag.CommandLine)
	flag.Parse()
	if f.version {
		fmt.Println(version.Line("phone-operator"))
		return
	}

	if os.Getenv("GOGC") == "" {
		// Most of the heap is the cache, which stays: less room for garbage beside it
		// saves a third of the memory.
		debug.SetGCPercent(40)
	}
	ctrl.SetLogger(newLogger(f.log))
	if f.check > 0 {
		if err := f.checkInstallation(ctrl.SetupSignalHandler(), os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctrl.Log.Info("starting", "version", version.String())
	if err := run(ctrl.SetupSignalHandler(), f); err != nil {
		ctrl.Log.Error(err, "the manager stopped")
		os.Exit(1)
	}
}

// tracesGrace is how long the last traces may take when the operator ends.
const tracesGrace = 3 * time.Second

func run(ctx context.Context, f flags) error {
	if f.maxConcurrent < 1 {
		return fmt.Errorf("--max-concurrent-reconciles is %d: it must be at least 1", f.maxConcurrent)
	}
	endTraces, err := tracing.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { // what ctx was for is over
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), tracesGrace)
		defer cancel()
		if err := endTraces(ending); err != nil {
			ctrl.Log.Info("some traces were not sent", "cause", err.Error())
		}
	}()
	config, err := clusterConfig()
	if err != nil {
		return err
	}
	if tracing.Enabled() {
		config.Wrap(tracing.Transport)
	}
	o := options(f)
	election, err := f.elect(config, &o)
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(config, o)
	if err != nil {
		return err
	}
	if err := metrics.Register(ctrlmetrics.Registry); err != nil {
		return fmt.Errorf("register the metrics: %w", err)
	}
	share := election.share(mgr)
	if err := controllers.SetupWithManager(ctx, mgr, controllers.Options{
		MaxConcurrentReconciles: f.maxConcurrent,
		CredentialNamespaces:    append(namespaceList{ownNamespace(serviceAccountNamespace)}, f.credentialNamespaces...),
		Share:                   share,
	}); err != nil {
		return fmt.Errorf("set up the controllers: %w", err)
	}
	if err := f.webhook.setup(ctx, mgr); err != nil {
		return fmt.Errorf("set up the webhook: %w", err)
	}
	// Neither is tied to Graph: restarting the operator does not mend Graph.
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	if err := mgr.AddReadyzCheck("caches", cachesSynced(mgr)); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// clusterConfig is how this process talks to the API server.
func clusterConfig() (*rest.Config, error) {
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("find the cluster (in a pod, or by KUBECONFIG or --kubeconfig): %w", err)
	}
	config.UserAgent = version.UserAgent()
	config.QPS = -1 // the API server shares itself out fairly; a second limit here only slows
	// A list of many resources takes the API server longer to compress than a cluster's network to carry.
	config.DisableCompression = true
	config.Wrap(controllers.StreamLists)
	return config, nil
}

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err) // two types of one name: no flag or cluster can mend that
		}
	}
	return scheme
}

// watched are the namespaces to watch; none is all.
func (f flags) watched() (namespaces []string) {
	for _, namespace := range strings.FieldsFunc(f.watchNamespaces, func(r rune) bool { return r == ',' }) {
		namespaces = append(namespaces, strings.TrimSpace(namespace))
	}
	return namespaces
}

func options(f flags) ctrl.Options {
	o := ctrl.Options{
		Scheme:                        newScheme(),
		LeaderElection:                f.leaderElect,
		LeaderElectionReleaseOnCancel: true, // main ends when the manager does
		// Within a pod's usual 30 s. What is cut off then is settled by reading.
		GracefulShutdownTimeout: new(20 * time.Second),
		HealthProbeBindAddress:  f.probeAddress,
		PprofBindAddress:        string(f.pprofAddress),
		Metrics:                 metricsserver.Options{BindAddress: f.metricsAddress, SecureServing: f.metricsSecure},
		Cache:                   controllers.CacheOptions(),
		WebhookServer:           f.webhook.server(),
	}
	if f.metricsSecure {
		o.Metrics.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	for _, namespace := range f.watched() {
		if o.Cache.DefaultNamespaces == nil {
			o.Cache.DefaultNamespaces = map[string]cache.Config{}
		}
		o.Cache.DefaultNamespaces[namespace] = cache.Config{}
	}
	return o
}
