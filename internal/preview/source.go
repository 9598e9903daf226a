package preview

import (
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/recording"
)

// source is what is asked, and as whom.
type source struct {
	api      client.Client        // for dry runs
	recorded *recording.Recording // stands in place of the cluster and of Graph; nil: nothing does
	clock    func() time.Time
	began    time.Time
	manager  string // in whose name the API server is asked; "": whoever applied the object last
	trust    bool   // manifests of tenants and namespaces count though the caller may not apply them
	ambient  bool   // the machine signs in to Graph, not the EntraTenants' credentials
}

func sourceOf(o Options) source {
	api, clock, began := o.API, time.Now, time.Now()
	if o.Recording != nil {
		at := began
		api, clock, began = o.Recording.Client(), func() time.Time { return o.Recording.At.Add(time.Since(at)) }, o.Recording.At
	}
	return source{
		api: client.NewDryRunClient(api), recorded: o.Recording, clock: clock, began: began,
		manager: o.FieldManager, trust: o.TrustTenants, ambient: o.Ambient,
	}
}
