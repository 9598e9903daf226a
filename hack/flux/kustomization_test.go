package flux

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/utils"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// kustomization is a folder that Flux keeps a namespace like, in the steps of its kustomize-controller: apply, prune, health.
type kustomization struct {
	*world
	t         *testing.T
	dir       string
	namespace string
	engine    *ssa.ResourceManager
	inventory []*unstructured.Unstructured // what was applied last
}

func (w *world) kustomization(t *testing.T, namespace string) *kustomization {
	t.Helper()
	c, err := client.New(w.Config(), client.Options{Scheme: w.Scheme()})
	must(t, err)
	poller := polling.NewStatusPoller(c, c.RESTMapper(), polling.Options{})
	return &kustomization{
		world: w, t: t, dir: t.TempDir(), namespace: namespace,
		engine: ssa.NewResourceManager(c, poller, ssa.Owner{Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io"}),
	}
}

// has writes the folder: each manifest becomes a file.
func (k *kustomization) has(manifests ...string) {
	k.t.Helper()
	old, err := filepath.Glob(filepath.Join(k.dir, "*"))
	must(k.t, err)
	for _, path := range old {
		must(k.t, os.Remove(path))
	}
	for i, text := range manifests {
		must(k.t, os.WriteFile(filepath.Join(k.dir, fmt.Sprintf("%02d.yaml", i)), []byte(text), 0o600))
	}
}

// read returns the objects of the folder with the labels by which Flux knows its own.
func (k *kustomization) read() (all []*unstructured.Unstructured) {
	k.t.Helper()
	files, err := filepath.Glob(filepath.Join(k.dir, "*.yaml"))
	must(k.t, err)
	for _, path := range files {
		file, err := os.Open(path)
		must(k.t, err)
		objects, err := utils.ReadObjects(file)
		must(k.t, err)
		must(k.t, file.Close())
		all = append(all, objects...)
	}
	for _, o := range all {
		o.SetNamespace(k.namespace)
	}
	k.engine.SetOwnerLabels(all, k.namespace, "flux-system")
	return all
}

// How long the health of a Kustomization is waited for, and how often it is looked at.
const (
	healthTimeout  = time.Minute
	healthInterval = 100 * time.Millisecond
)

var health = ssa.WaitOptions{Interval: healthInterval, Timeout: healthTimeout, FailFast: true}

// reconcile does what Flux does at each interval. changes says of each object what was done with it.
func (k *kustomization) reconcile() (changes map[string]ssa.Action, unhealthy error) {
	k.t.Helper()
	ctx := k.t.Context()
	objects := k.read()
	applied, err := k.engine.ApplyAllStaged(ctx, objects, options())
	must(k.t, err)
	k.prune(ctx, objects)
	changes = map[string]ssa.Action{}
	for _, e := range applied.Entries {
		changes[e.ObjMetadata.GroupKind.Kind+"/"+e.ObjMetadata.Name] = e.Action
	}
	return changes, k.engine.WaitForSetWithContext(ctx, applied.ToObjMetadataSet(), health)
}

// options are those of kustomize-controller: what a person did with kubectl is undone also where Git says nothing about it.
func options() ssa.ApplyOptions {
	o := ssa.DefaultApplyOptions()
	o.Cleanup.FieldManagers = []ssa.FieldManager{
		{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationApply}, {Name: "kubectl", OperationType: metav1.ManagedFieldsOperationUpdate},
		{Name: "before-first-apply", OperationType: metav1.ManagedFieldsOperationUpdate}, {Name: "kustomize-controller", OperationType: metav1.ManagedFieldsOperationUpdate},
	}
	return o
}

// prune deletes what was applied before and is not in the folder any more, and waits until it is gone.
func (k *kustomization) prune(ctx context.Context, objects []*unstructured.Unstructured) {
	k.t.Helper()
	stale := slices.DeleteFunc(slices.Clone(k.inventory), func(o *unstructured.Unstructured) bool {
		return slices.ContainsFunc(objects, func(n *unstructured.Unstructured) bool {
			return o.GetKind() == n.GetKind() && o.GetName() == n.GetName()
		})
	})
	k.inventory = objects
	if len(stale) == 0 {
		return
	}
	_, err := k.engine.DeleteAll(ctx, stale, ssa.DeleteOptions{
		PropagationPolicy: metav1.DeletePropagationBackground,
		Inclusions:        k.engine.GetOwnerLabels(k.namespace, "flux-system"),
		Exclusions:        map[string]string{"kustomize.toolkit.fluxcd.io/prune": "disabled"},
	})
	must(k.t, err)
	if err := k.engine.WaitForTermination(stale, health); err != nil {
		k.t.Fatalf("what was pruned is not gone: %v\n%s", err, k.describe(k.namespace))
	}
}

// healthy reconciles, and fails the test if Flux would not show the Kustomization as Ready.
func (k *kustomization) healthy() map[string]ssa.Action {
	k.t.Helper()
	changes, err := k.reconcile()
	if err != nil {
		k.t.Fatalf("the Kustomization is not ready: %v\n%s", err, k.describe(k.namespace))
	}
	return changes
}

// stalled reconciles, and fails the test unless Flux gives up on these resources at once.
func (k *kustomization) stalled(names ...string) {
	k.t.Helper()
	_, err := k.reconcile()
	if err == nil {
		k.t.Fatalf("the Kustomization is ready\n%s", k.describe(k.namespace))
	}
	for _, name := range names {
		want := fmt.Sprintf("PhoneAuthenticationMethod/%s/%s status: 'Failed'", k.namespace, name)
		if !strings.Contains(err.Error(), "failed early due to stalled resources") || !strings.Contains(err.Error(), want) {
			k.t.Errorf("Flux says %q, want %q", err, want)
		}
	}
}

// versions are the resourceVersions of all resources of the Kustomization.
func (k *kustomization) versions() map[string]string {
	k.t.Helper()
	versions := map[string]string{}
	for _, o := range k.inventory {
		live := &unstructured.Unstructured{}
		live.SetGroupVersionKind(o.GroupVersionKind())
		must(k.t, k.Get(k.t.Context(), client.ObjectKeyFromObject(o), live))
		versions[o.GetKind()+"/"+o.GetName()] = live.GetResourceVersion()
	}
	return versions
}
