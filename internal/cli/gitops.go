package cli

import (
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// puller is a tool that puts spec back to what is in Git, and what is typed to keep it from that.
type puller struct{ name, pause string }

// pullerOf is the tool that applied a resource, as far as the resource shows it.
func pullerOf(o client.Object) (puller, bool) {
	for _, kind := range []string{"kustomize", "helm"} {
		prefix := kind + ".toolkit.fluxcd.io/"
		name, namespace := o.GetLabels()[prefix+"name"], o.GetLabels()[prefix+"namespace"]
		if name == "" {
			continue
		}
		what := map[string]string{"kustomize": "kustomization", "helm": "helmrelease"}[kind]
		return puller{
			"Flux (" + what + " " + namespace + "/" + name + ")",
			fmt.Sprintf("flux suspend %s -n %s %s", what, namespace, name),
		}, true
	}
	if id := o.GetAnnotations()["argocd.argoproj.io/tracking-id"]; id != "" {
		app, _, _ := strings.Cut(id, ":")
		return puller{"Argo CD (application " + app + ")", "argocd app set " + app + " --sync-policy none"}, true
	}
	return puller{}, false
}

// pullers warns once of each tool that will undo what a command writes.
type pullers map[puller]bool

func (p pullers) warn(s *session, o client.Object) {
	tool, found := pullerOf(o)
	if !found || p[tool] {
		return
	}
	p[tool] = true
	fmt.Fprintf(s.ErrOut, "warning: %s puts spec back to what is in Git: make the change there too, or pause it first: %s\n",
		printable(tool.name), printable(tool.pause))
}
