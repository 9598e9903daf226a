package doctor

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/selfcheck"
	"github.com/entraops/phone-operator/internal/version"
)

// operatorLabel is on the Deployment, however it was installed.
var operatorLabel = client.MatchingLabels{"control-plane": "controller-manager"}

// leaderLease is how the names of the leaders' Leases begin.
const leaderLease = "phone-operator.identity.entraops.dev"

// skipped is for what the person may not see.
func skipped(check, what string, err error) Finding {
	if apierrors.IsForbidden(err) {
		return Finding{check, Skip, "You may not read " + what + ".", ""}
	}
	return Finding{check, Skip, fmt.Sprintf("The API server does not show %s: %v.", what, err), ""}
}

func (o Options) operator(ctx context.Context) []Finding {
	const check = "operator"
	var all []Finding
	var deployments appsv1.DeploymentList
	err := o.API.List(ctx, &deployments, client.InNamespace(o.Operator), operatorLabel)
	switch {
	case err != nil:
		all = append(all, skipped(check, "Deployments in namespace "+o.Operator, err))
	case len(deployments.Items) == 0:
		all = append(all, Finding{check, Fail, "There is no Deployment of the operator in namespace " + o.Operator + ".", "Install it, or say where it is with --operator-namespace."})
	}
	for i := range deployments.Items {
		all = append(all, deployed(&deployments.Items[i]))
	}
	return append(all, o.leader(ctx))
}

func deployed(d *appsv1.Deployment) Finding {
	f := Finding{Check: "operator", State: OK}
	runs, replicas := "unknown", ptr.Deref(d.Spec.Replicas, 1)
	var env []corev1.EnvVar
	for _, c := range d.Spec.Template.Spec.Containers {
		if _, tag, ok := strings.Cut(c.Image[strings.LastIndex(c.Image, "/")+1:], ":"); ok {
			runs = tag
		}
		env = append(env, c.Env...)
	}
	f.Found = fmt.Sprintf("Deployment %s/%s has %d of %d replicas, version %s; this program is %s.",
		d.Namespace, d.Name, d.Status.AvailableReplicas, replicas, runs, version.String())
	has := func(name string) bool {
		return slices.ContainsFunc(env, func(e corev1.EnvVar) bool { return strings.EqualFold(e.Name, name) })
	}
	switch {
	case replicas == 0:
		f.State, f.Do = Fail, "It is scaled to nothing, and nothing is done: kubectl scale deployment "+d.Name+" -n "+d.Namespace+" --replicas=2."
	case d.Status.Replicas == 0:
		f.State, f.Do = Fail, "It has no pods. Its ReplicaSets say why: kubectl describe replicasets -n "+d.Namespace+" -l control-plane=controller-manager."
	case d.Status.AvailableReplicas == 0:
		f.State, f.Do = Fail, "Look at its pods: kubectl describe pods -n "+d.Namespace+" -l control-plane=controller-manager."
	case has("HTTPS_PROXY") && !has("NO_PROXY"):
		f.State, f.Do = Warn, "It has HTTPS_PROXY and no NO_PROXY, so that it asks the proxy for the API server, too: except $(KUBERNETES_SERVICE_HOST)."
	case strings.HasPrefix(runs, "v") && strings.HasPrefix(version.String(), "v") && runs != version.String():
		f.State, f.Do = Warn, "Install this program in the operator's version."
	}
	return f
}

// leader finds out whether somebody leads. The Leases of tenants have other names.
func (o Options) leader(ctx context.Context) Finding {
	const check = "leader"
	var leases coordinationv1.LeaseList
	if err := o.API.List(ctx, &leases, client.InNamespace(o.Operator)); err != nil {
		return skipped(check, "Leases in namespace "+o.Operator, err)
	}
	var checks []selfcheck.Check
	for _, l := range leases.Items {
		if strings.HasPrefix(l.Name, leaderLease) {
			checks = append(checks, selfcheck.Leads(o.API, client.ObjectKeyFromObject(&l)))
		}
	}
	if len(checks) == 0 {
		return Finding{check, Warn, "There is no leader's Lease in namespace " + o.Operator + ": no replica has led yet, or leader election is off.", "Look at the operator's pods."}
	}
	var said bytes.Buffer
	ok, err := selfcheck.Run(ctx, &said, o.Patience, checks...)
	if err != nil {
		return skipped(check, "the Lease", err)
	}
	text := strings.NewReplacer("WRONG ", "", "ok    ", "", "\n", " ").Replace(said.String())
	if !ok {
		return Finding{check, Fail, strings.TrimSpace(text), "Look at the operator's pods, and at its rights: phone-operator --check-installation=10s in one of them."}
	}
	return Finding{check, OK, strings.TrimSpace(text), ""}
}

// webhook finds out whether the API server hears it, where it is configured.
func (o Options) webhook(ctx context.Context) Finding {
	const check = "webhook"
	var all admissionregistrationv1.ValidatingWebhookConfigurationList
	if err := o.API.List(ctx, &all); err != nil {
		return skipped(check, "ValidatingWebhookConfigurations", err)
	}
	ours := func(w admissionregistrationv1.ValidatingWebhook) bool {
		return w.Name == "entratenant.identity.entraops.dev"
	}
	if !slices.ContainsFunc(all.Items, func(c admissionregistrationv1.ValidatingWebhookConfiguration) bool {
		return slices.ContainsFunc(c.Webhooks, ours)
	}) {
		return Finding{check, OK, "None is configured. Nothing depends on it.", ""}
	}
	found, err := selfcheck.WebhookAnswers(o.API, nil)(ctx)
	switch {
	case apierrors.IsForbidden(err):
		return Finding{check, Skip, "It is configured. To ask it takes the right to patch EntraTenants (as a dry run).", ""}
	case err != nil:
		return Finding{check, Fail, "It does not answer.", strings.ToUpper(err.Error()[:1]) + err.Error()[1:] + "."}
	}
	return Finding{check, OK, strings.ToUpper(found[:1]) + found[1:] + ".", ""}
}
