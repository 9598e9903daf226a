// Command namespace-controller is Kubernetes' own namespace controller and nothing else of the controller manager:
// without it a deleted namespace keeps its objects and stays Terminating. The whole manager would take as long to
// build as the API server. It says "ready" on standard output.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubernetes/pkg/controller/namespace"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "the cluster and an identity that may delete everything in it")
	flag.Parse()
	if err := run(context.Background(), *kubeconfig); err != nil {
		log.Fatal(err)
	}
}

// run is what cmd/kube-controller-manager does for this controller.
func run(ctx context.Context, kubeconfig string) error {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	cfg.QPS, cfg.Burst = 400, 3000 // it asks for every kind there is, in every namespace that goes
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	objects, err := metadata.NewForConfig(cfg)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	controller := namespace.NewNamespaceController(ctx, client, objects,
		client.Discovery().ServerPreferredNamespacedResources,
		factory.Core().V1().Namespaces(), 5*time.Minute, corev1.FinalizerKubernetes)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	fmt.Println("ready")
	controller.Run(ctx, 2)
	return nil
}
