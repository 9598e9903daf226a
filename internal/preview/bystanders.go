package preview

import (
	"fmt"
	"maps"
	"slices"
)

// bystanders count the resources that a changed EntraTenant or Namespace may change and that have no manifest, by its name.
// There may be tens of thousands, so they are not looked at.
type bystanders struct{ ofTenant, ofNamespace map[string]int }

func newBystanders() bystanders { return bystanders{map[string]int{}, map[string]int{}} }

func (b bystanders) count(o *method, over overlay) {
	if name := o.Spec.TenantName(); over.tenants[name].changed {
		b.ofTenant[name]++
	}
	if over.namespaces[o.Namespace].relabelled {
		b.ofNamespace[o.Namespace]++
	}
}

// rows say that what becomes of them is not known.
func (b bystanders) rows() (rows []Row) {
	for _, of := range []struct {
		kind  string
		count map[string]int
	}{{"EntraTenant", b.ofTenant}, {"Namespace", b.ofNamespace}} {
		for _, name := range slices.Sorted(maps.Keys(of.count)) {
			rows = append(rows, Row{Kind: of.kind, Name: name, Outcome: Unknown, Reason: reasonNotPlanned, Message: fmt.Sprintf(
				"Resources of the cluster that depend on it and have no manifest here: %d. What its change does to them is not known: give their manifests, too.",
				of.count[name])})
		}
	}
	return rows
}

// unseenRows say so where the caller sees the resources of some namespaces only.
func unseenRows(over overlay, seen map[string]bool) (rows []Row) {
	row := Row{Outcome: Unknown, Reason: reasonNotPlanned, Message: "You may not read all resources of the cluster: what its change does to those that have no manifest here is not known."}
	for name, of := range over.tenants {
		if of.changed {
			row.Kind, row.Name = "EntraTenant", name
			rows = append(rows, row)
		}
	}
	for name, of := range over.namespaces {
		if of.relabelled && !seen[name] {
			row.Kind, row.Name = "Namespace", name
			rows = append(rows, row)
		}
	}
	return rows
}
