package preview

import "sigs.k8s.io/controller-runtime/pkg/client"

// scope is what of the cluster a plan is about.
type scope struct {
	tenants    map[string]bool           // whose resources may be rivals
	namespaces map[string]bool           // of the resources that are planned, but for those that are pruned
	methods    map[client.ObjectKey]bool // those that get a row
}

// found is a resource of the cluster that has no manifest and gets a row.
type found struct {
	key    client.ObjectKey
	tenant string
}

func scopeOf(m manifests, prunable, affected []found) scope {
	s := scope{tenants: map[string]bool{}, namespaces: map[string]bool{}, methods: m.methodKeys()}
	for _, o := range m.methods {
		s.tenants[tenantOf(o)], s.namespaces[o.GetNamespace()] = true, true
	}
	for _, one := range prunable {
		s.tenants[one.tenant], s.methods[one.key] = true, true
	}
	for _, one := range affected {
		s.tenants[one.tenant], s.methods[one.key], s.namespaces[one.key.Namespace] = true, true, true
	}
	return s
}
