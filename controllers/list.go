package controllers

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/pager"
)

// listPage is how many objects are asked for at once, some 25 MB of resources as the API server sends them.
const listPage = 10_000

// pages lists in pages, and drops of each what the cache does not keep before it asks for the next.
//
// By default client-go streams a first list as watch events, each of which both sides encode or scan
// several times: with 100,000 resources that took three times as long. As one list they would all be in
// memory at once, as they were sent and as they were read.
type pages struct {
	toolscache.ListerWatcher
	size int64 // of a page, in objects
}

func newInformer(lw toolscache.ListerWatcher, example runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
	return toolscache.NewSharedIndexInformer(pages{lw, listPage}, example, resync, indexers)
}

// IsWatchListSemanticsUnSupported has the reflector call List.
func (pages) IsWatchListSemanticsUnSupported() bool { return true }

// ListWithContext returns all objects as they are now, whatever version and page the options ask for.
func (p pages) ListWithContext(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	options.ResourceVersion, options.ResourceVersionMatch, options.Continue, options.Limit = "", "", "", 0
	lister := toolscache.ToListerWithContext(p.ListerWatcher)
	all := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		page, err := lister.ListWithContext(ctx, options)
		if err != nil {
			return nil, err
		}
		return page, meta.EachListItem(page, func(o runtime.Object) error {
			_, err := thin(o)
			return err
		})
	})
	all.PageSize = p.size
	list, _, err := all.ListWithAlloc(ctx, options)
	return list, err
}

// WatchWithContext passes the context on, which the embedded interface does not know of.
func (p pages) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return toolscache.ToWatcherWithContext(p.ListerWatcher).WatchWithContext(ctx, options)
}
