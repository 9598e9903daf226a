package controllers

import (
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
)

// errBehind ends a pass that would work on what the cache has not caught up with.
var errBehind = errors.New("the cache is behind")

// caughtUp is how long the cache may be behind a write of ours before we go on.
const caughtUp = time.Minute

// wrote remembers which version of a resource is our own last one.
func (p *pass) wrote(c *claim, kind writeKind) {
	p.versions.Set(c.object.UID, c.object.ResourceVersion, caughtUp)
	p.unwritable.written(c.object.UID, kind)
}

// behind says whether the cache has a resource as it was before our own last write
// to it. A status that is compared with such a one may look as if nothing had to be
// written.
func (r *Reconciler) behind(o *v1alpha1.PhoneAuthenticationMethod) bool {
	own, ok := r.versions.Get(o.UID)
	if !ok {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(o.ResourceVersion, own.(string))
	return err == nil && order < 0
}

// settled remembers the number that was last in sync, as long as looks come: status
// has only its mask, which another number may have too.
func (p *pass) settled(c *claim) {
	p.numbersInSync.Set(c.object.UID, c.Number, 2*p.tenant.Spec.ResyncPeriodOrDefault()+time.Hour)
}

// inSync returns the number that was last in sync, zero where it is not remembered.
func (r *Reconciler) inSync(o *v1alpha1.PhoneAuthenticationMethod) phone.Number {
	if n, ok := r.numbersInSync.Get(o.UID); ok {
		return n.(phone.Number)
	}
	return phone.Number{}
}
