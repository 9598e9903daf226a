package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/entraops/phone-operator/internal/devcluster"
)

// startOperator runs the real program with the rights that config/rbac gives to its ServiceAccount, and no others.
func (d *demo) startOperator(ctx context.Context) error {
	cfg, err := d.cluster.ServiceAccount(ctx, operatorNamespace, operatorAccount)
	if err != nil {
		return err
	}
	config, err := d.writeKubeconfig("operator.kubeconfig", cfg)
	if err != nil {
		return err
	}
	probes, err := devcluster.FreeAddress()
	if err != nil {
		return err
	}
	d.operator, err = d.own("operator", []string{"KUBECONFIG=" + config}, operatorProgram,
		"--leader-elect", "--leader-election-namespace="+operatorNamespace,
		"--metrics-bind-address=0", "--health-probe-bind-address="+probes)
	if err != nil {
		return err
	}
	d.detail("system:serviceaccount:" + operatorNamespace + ":" + operatorAccount)
	return answers(ctx, "http://"+probes+"/readyz")
}

// answers waits until url does, with 200.
func answers(ctx context.Context, url string) error {
	last := "nothing"
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, nil //nolint:nilerr // not yet
		}
		_ = response.Body.Close()
		last = response.Status
		return response.StatusCode == http.StatusOK, nil
	})
	if err != nil {
		return fmt.Errorf("%s answered %s: %w", url, last, err)
	}
	return nil
}
