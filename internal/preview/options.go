package preview

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/recording"
)

// Options say what is looked at, and as whom.
type Options struct {
	// API is the API server. Nothing is stored there. It is not asked where there is a Recording.
	API client.Client
	// Recording answers in place of the API server and of Graph; nil: they are asked.
	Recording *recording.Recording
	// Manifests are PhoneAuthenticationMethods, and the EntraTenants, Namespaces and Secrets that come with them. Each
	// object is there once, and whatever is in a namespace says in which.
	Manifests []*unstructured.Unstructured
	// Sealed are manifests of these kinds in which something is encrypted. They stay as the cluster has them, and what depends
	// on them is Unknown.
	Sealed []*unstructured.Unstructured
	// FieldManager is in whose name the manifests will be applied; "": whoever applied an object last.
	FieldManager string
	// Ambient signs in to Graph with what the machine has, not with the EntraTenants' credentials.
	Ambient bool
	// TrustTenants signs in also where and how EntraTenants of the manifests say, and not only as those of the cluster do; and
	// has EntraTenants and Namespaces count that the caller may not apply.
	TrustTenants bool
	// Prune also deletes what no manifest has, as GitOps does; nil: that stays.
	Prune *Prune
	// Unmanaged lists the phones that no resource declares.
	Unmanaged bool
	// Progress is told how many users were looked at, and how many are known of; nil: nobody is.
	Progress func(done, all int)
}

// Prune says which resources would be deleted because no manifest has them.
type Prune struct {
	// Selector is for their labels; nil: all. With one, resources of all namespaces are meant, without it those of the
	// namespaces of the manifests.
	Selector labels.Selector
	// Namespaces are meant in any case.
	Namespaces []string
}
