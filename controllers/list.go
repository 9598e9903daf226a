package controllers

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/pager"
)

// Objects of a page, at first and at least. The API server has the first page in its memory; where no resource
// changed for some minutes, it reads the others from etcd, at several times the cost. Pages bound what it
// holds for one request, and how long that takes: after a minute it gives up.
const mostListed, leastListed = 50_000, 1_000

// pages lists in pages, and drops of each object what the cache does not keep: as it arrives, where the
// transport is StreamLists, else before the next page is asked for.
//
// By default client-go streams a first list as watch events, each of which both sides encode or scan
// several times: with 100,000 resources that took three times as long.
type pages struct {
	toolscache.ListerWatcher
	example runtime.Object
	size    int64 // of a page, in objects
}

func newInformer(lw toolscache.ListerWatcher, example runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
	return everywhere{toolscache.NewSharedIndexInformer(&pages{lw, example, mostListed}, example, resync, indexers)}
}

// IsWatchListSemanticsUnSupported has the reflector call List.
func (*pages) IsWatchListSemanticsUnSupported() bool { return true }

// ListWithContext returns all objects as they are now, whatever version and page the options ask for. After a
// failure the next try is made in smaller pages: the API server may have had too little time.
func (p *pages) ListWithContext(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	options.ResourceVersion, options.ResourceVersionMatch, options.Continue, options.Limit = "", "", "", 0
	all := pager.New(p.page)
	all.PageSize = p.size
	list, _, err := all.ListWithAlloc(ctx, options)
	if err != nil {
		p.size = max(p.size/2, min(p.size, leastListed))
	}
	return list, err
}

func (p *pages) page(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	arrived := &arrivals{example: p.example}
	page, err := toolscache.ToListerWithContext(p.ListerWatcher).ListWithContext(arrived.within(ctx), options)
	if err != nil {
		return nil, err
	}
	if !arrived.any {
		return page, meta.EachListItem(page, func(o runtime.Object) error {
			_, err := thin(o)
			return err
		})
	}
	of, err := meta.ListAccessor(page)
	if err != nil {
		return nil, err
	}
	return &internalversion.List{
		ListMeta: metav1.ListMeta{ResourceVersion: of.GetResourceVersion(), Continue: of.GetContinue()},
		Items:    arrived.objects,
	}, nil
}

// WatchWithContext passes the context on, which the embedded interface does not know of.
func (p *pages) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return toolscache.ToWatcherWithContext(p.ListerWatcher).WatchWithContext(ctx, options)
}
