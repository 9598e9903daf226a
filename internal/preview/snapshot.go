package preview

import (
	"context"
	"maps"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/user"
)

// snapshot is what the operator would find once the manifests are applied, and what is asked about it.
type snapshot struct {
	overlay overlay
	tenants map[string]*v1alpha1.EntraTenant // those of the resources that are planned
	methods map[client.ObjectKey]*method     // all resources of these tenants
	planned []planned
	told    told
}

// planned is a resource that gets a row.
type planned struct {
	key    client.ObjectKey
	before *method // as the cluster has it; nil: it is new
	pruned bool
}

// leaves reports whether the cluster is deleting it, whatever is applied.
func (p planned) leaves() bool { return p.before != nil && !p.before.DeletionTimestamp.IsZero() }

// read reads the cluster and lays the manifests over: first those that say how resources are judged, as they may concern others
// of the cluster, then the resources. The API server says what would become of each.
func (s source) read(ctx context.Context, o Options) (snapshot, error) {
	m := byKind(o.Manifests, o.Sealed)
	prunable, told, err := s.findPrunable(ctx, m, o.Prune)
	if err != nil {
		return snapshot{}, err
	}
	over, more, err := s.layOthers(ctx, m)
	if err != nil {
		return snapshot{}, err
	}
	told = told.and(more)
	affected, more, err := s.findAffected(ctx, over, m.methodKeys(), prunable)
	if err != nil {
		return snapshot{}, err
	}
	told = told.and(more)
	about := scopeOf(m, prunable, affected)
	live, more, err := s.readMethods(ctx, about, over)
	if err != nil {
		return snapshot{}, err
	}
	told = told.and(more)
	applied, more, err := laid(ctx, s, m.methods, over.isNew, func(l layer) (*method, error) { return typed[method](l.got) })
	if err != nil {
		return snapshot{}, err
	}
	told = told.and(more)
	tenants, err := s.readTenants(ctx, about.tenants, over)
	if err != nil {
		return snapshot{}, err
	}
	methods, planned := afterwards(live, applied, affected, prunable, s.began)
	return snapshot{overlay: over, tenants: tenants, methods: methods, planned: planned, told: told}, nil
}

// afterwards are the resources as the operator would find them, and those that are planned: some were applied, some have
// another number now, some are being deleted.
func afterwards(live map[client.ObjectKey]*method, applied []*method, affected, prunable []found, now time.Time) (map[client.ObjectKey]*method, []planned) {
	methods, all := maps.Clone(live), []planned{}
	for _, o := range applied {
		key := client.ObjectKeyFromObject(o)
		methods[key], all = asNew(o), append(all, planned{key: key, before: live[key]})
	}
	for _, one := range affected {
		if before := live[one.key]; before != nil { // else it is gone meanwhile
			methods[one.key], all = asNew(before), append(all, planned{key: one.key, before: before})
		}
	}
	for _, one := range prunable {
		before := live[one.key]
		if before == nil {
			continue
		}
		all = append(all, planned{key: one.key, before: before, pruned: true})
		if o := deleted(before, now); o != nil {
			methods[one.key] = o
		} else {
			delete(methods, one.key)
		}
	}
	return methods, all
}

// asNew forgets what the operator found last time: it must not stand where Graph cannot be asked now.
func asNew(o *method) *method {
	o = o.DeepCopy()
	o.Status.ObservedGeneration = -1
	return o
}

// deleted is a resource that somebody deletes; nil if nothing holds it.
func deleted(o *method, now time.Time) *method {
	switch {
	case !o.DeletionTimestamp.IsZero():
		return o
	case !controllerutil.ContainsFinalizer(o, v1alpha1.Finalizer):
		return nil
	}
	o = o.DeepCopy()
	o.DeletionTimestamp = &metav1.Time{Time: now}
	o.Generation++
	return o
}

// users are those of the resources that are planned.
func (s snapshot) users() (keys []user.Key) {
	for _, p := range s.planned {
		o := s.methods[p.key]
		if o == nil { // deleted: its user is looked at all the same
			o = p.before
		}
		keys = append(keys, user.KeyOf(o))
	}
	return keys
}
