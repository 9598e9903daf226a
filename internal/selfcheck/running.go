package selfcheck

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Leads checks that a replica holds the leader's Lease and renews it. It compares two looks at the Lease, since the clocks of
// this process and of the holder may differ.
func Leads(c client.Reader, key client.ObjectKey) Check {
	var before time.Time
	return func(ctx context.Context) (string, error) {
		var l coordinationv1.Lease
		err := c.Get(ctx, key, &l)
		switch {
		case apierrors.IsNotFound(err):
			return "", fmt.Errorf("there is no Lease %s: no replica has led yet; look at the pods", key)
		case err != nil:
			return "", fmt.Errorf("read the Lease %s: %w", key, err)
		case l.Spec.HolderIdentity == nil || *l.Spec.HolderIdentity == "" || l.Spec.RenewTime == nil:
			return "", fmt.Errorf("nobody holds the Lease %s: no replica works; look at the pods", key)
		case !before.IsZero() && l.Spec.RenewTime.After(before):
			return "a replica leads: " + *l.Spec.HolderIdentity, nil
		}
		before = l.Spec.RenewTime.Time
		return "", fmt.Errorf("%s holds the Lease %s and was not seen to renew it: if that lasts, no replica works; look at the pods", *l.Spec.HolderIdentity, key)
	}
}

// TenantsReady checks that each EntraTenant that the selector (nil: any) matches is Ready.
func TenantsReady(c client.Reader, selector labels.Selector) Check {
	return func(ctx context.Context) (string, error) {
		all, err := tenants(ctx, c, selector)
		if err != nil {
			return "", err
		}
		if len(all) == 0 {
			return "there is no EntraTenant for this operator yet: declare one", nil
		}
		var wrong []string
		for _, o := range all {
			ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
			switch {
			case ready == nil || ready.ObservedGeneration != o.Generation:
				wrong = append(wrong, fmt.Sprintf("EntraTenant %q was not looked at yet", o.Name))
			case ready.Status != metav1.ConditionTrue:
				wrong = append(wrong, fmt.Sprintf("EntraTenant %q is not Ready, %s: %s", o.Name, ready.Reason, ready.Message))
			}
		}
		if len(wrong) > 0 {
			return "", errors.New(strings.Join(wrong, "; "))
		}
		return fmt.Sprintf("EntraTenants that are Ready: %d of %d", len(all), len(all)), nil
	}
}

func tenants(ctx context.Context, c client.Reader, selector labels.Selector) ([]v1alpha1.EntraTenant, error) {
	var all v1alpha1.EntraTenantList
	if err := c.List(ctx, &all, &client.ListOptions{LabelSelector: selector}); err != nil {
		return nil, fmt.Errorf("list EntraTenants: %w", err)
	}
	return all.Items, nil
}

// unreadable are access rules that the webhook refuses and that nothing else does: a label selector that cannot be read.
const unreadable = `{"spec":{"access":[{"namespaces":{"matchExpressions":[{"key":"selfcheck","operator":"Unreadable"}]},"users":["*"]}]}}`

// refusal is what the API server says when the webhook refuses an EntraTenant.
const refusal = `admission webhook "entratenant.identity.entraops.dev" denied the request`

// WebhookAnswers checks that the API server hears the webhook, which nothing else would show: requests go through without it.
// It asks, as a dry run, for a change of an EntraTenant that only the webhook refuses.
func WebhookAnswers(c client.Client, selector labels.Selector) Check {
	return func(ctx context.Context) (string, error) {
		all, err := tenants(ctx, c, selector)
		if err != nil {
			return "", err
		}
		if len(all) == 0 {
			return "the webhook was not asked: that takes an EntraTenant", nil
		}
		err = c.Patch(ctx, &all[0], client.RawPatch(types.MergePatchType, []byte(unreadable)), client.DryRunAll)
		switch {
		case err == nil:
			return "", errors.New("the API server does not hear the webhook, so requests go through without it: its certificate may come in a minute; " +
				"else look at the webhook's Service, and at what keeps the API server from the pods' port 9443")
		case strings.Contains(err.Error(), refusal):
			return "the webhook answers", nil
		default:
			return "", fmt.Errorf("ask the webhook: %w", err)
		}
	}
}
