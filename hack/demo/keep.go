package main

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"text/template"
)

// advice is what to try in a cluster that is left running.
var advice = template.Must(template.New("advice").Parse(`All of it keeps running until Ctrl-C. In another terminal:

  export KUBECONFIG={{.Kubeconfig}}
{{- if .KubectlDir}}
  export PATH={{.KubectlDir}}:$PATH    # a kubectl of the cluster's version
{{- end}}
  export EMULATOR={{.Control}}    # to look into Graph

  kubectl get pam -A -w
  kubectl -n people describe pam ada-mobile
  kubectl -n people edit pam ada-mobile                    # another number: one change in Graph
  kubectl -n people delete pam ada-mobile                  # the one in conflict takes over
  kubectl -n people delete pam --all                       # in the one order that Graph accepts
  kubectl apply -f {{.Samples}}/ada-mobile.yaml
  kubectl -n people wait --for=condition=Ready pam/ada-mobile --timeout=30s

Change a phone in Graph behind the operator's back, and ask it to look:

  curl -X PUT -H 'Content-Type: application/json' -d '{"phoneNumber": "+1 2065550177"}' {{.Control}}/users/{{.Ada}}/phones/mobile
  kubectl -n people annotate pam ada-mobile --overwrite identity.entraops.dev/reconcile-requested-at="$(date)"
  curl {{.Control}}/phones

Users of the tenant: {{range $i, $u := .Users}}{{if $i}}, {{end}}{{$u}}{{end}}.
{{.Control}} lists what else the emulator can be made to do.
The operator's log: {{.Log}}
`))

// keep leaves everything running until ctx ends, which is as it should be, or a program does, which is not.
func (d *demo) keep(ctx context.Context) error {
	if err := d.step(ctx, step{"start the namespace controller", func(*demo, context.Context) error {
		return d.cluster.StartNamespaceController()
	}}); err != nil {
		return err
	}
	tips := struct {
		Kubeconfig, KubectlDir, Samples, Control, Ada, Log string
		Users                                              []string
	}{
		Kubeconfig: d.cluster.Kubeconfig, Samples: filepath.Dir(d.sample("tenant.yaml")), Control: d.graph.Control, Log: d.operator.Log,
		Users: slices.Sorted(maps.Values(d.graph.upns)),
	}
	for id, upn := range d.graph.upns {
		if upn == "ada@contoso.com" {
			tips.Ada = id
		}
	}
	if kubectl := d.cluster.Cluster.Kubectl(); filepath.IsAbs(kubectl) {
		tips.KubectlDir = filepath.Dir(kubectl)
	}
	if err := advice.Execute(d.out, tips); err != nil {
		return err
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil // as it was asked to
}
