package phonemethod

import (
	"errors"
	"time"

	"github.com/entraops/phone-operator/internal/patch"
	"github.com/entraops/phone-operator/internal/tenant"
)

// When a user is reconciled again.
const (
	// permissionRetry is for what an administrator must mend: a permission, a credential. The
	// first retry is after firstRetry, for a refusal may be of one request, and each other
	// twice as late, up to this.
	permissionRetry = tenant.PermissionRetry
	// conflictRetry is for a resource or a tenant that was changed by another client meanwhile:
	// the cache is a moment behind.
	conflictRetry = 100 * time.Millisecond
	// staleCacheRetry is the first retry for a cache that is behind our own last write, found out
	// before Graph was asked anything.
	staleCacheRetry = 10 * time.Millisecond
	// firstRetry is the first of the retries that back off while a resource waits for something
	// to happen in Graph.
	firstRetry = 5 * time.Second
	// jitter spreads reconciles that would fall together.
	jitter = 0.2
)

var (
	// errTenantChanged ends a reconcile whose tenant is another by now: other rules, another
	// mode, other credentials.
	errTenantChanged = errors.New("the EntraTenant was changed meanwhile")
	// errUserRenamed ends a reconcile whose user has another name by now: the rules may not cover it.
	errUserRenamed = errors.New("the user was renamed meanwhile")
	// errResourceChanged ends a reconcile that would write for a resource as it was.
	errResourceChanged = errors.New("the resource or its namespace was changed meanwhile")
	// errManyNames keeps a resource from having its name looked up.
	errManyNames = errors.New("too many names are said to be the user's")
)

// behindError ends a reconcile that would work on what the cache has not caught up with.
type behindError struct{ lag time.Duration } // since the write that the cache does not show

func (behindError) Error() string { return "the cache is behind" }

// retry is when to look again. Where many users wait for a cache that is far behind, to look all the time would keep it there.
func (e behindError) retry() time.Duration { return max(staleCacheRetry, min(e.lag/4, time.Second)) }

// onlyConflicts reports whether every error joined in err is that something was changed by
// another client meanwhile.
func onlyConflicts(err error) bool {
	return patch.OnlyConflicts(err, func(err error) bool {
		_, behind := errors.AsType[behindError](err)
		return behind || errors.Is(err, errTenantChanged) || errors.Is(err, errUserRenamed) || errors.Is(err, errResourceChanged)
	})
}
