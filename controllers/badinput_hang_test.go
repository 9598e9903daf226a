package controllers_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// A Graph that takes requests and never answers holds whoever asks. That must not
// be everybody who sees to tenants: a new one is connected meanwhile.
func TestATenantThatHangsHoldsNoOtherTenantUp(t *testing.T) {
	s := newStory(t)
	s.cleanUp()
	asked, gaveUp, end := make(chan struct{}, 10), make(chan struct{}, 10), make(chan struct{})
	server := s.serve(httptest.NewTLSServer, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-end:
		case <-r.Context().Done():
			gaveUp <- struct{}{}
		}
	}))
	t.Cleanup(func() { close(end) })
	hangs := graphAt(func(_ *story, o *v1alpha1.EntraTenant) { o.Spec.Endpoint.Graph = server.URL })
	s.apply(hangs(s, s.namespace+"-hangs", "")...)
	<-asked

	id := s.directory("first")
	u := s.user(func(u *emulator.User) { u.TenantID = id })
	s.apply(s.tenant(s.namespace+"-new", id), s.pam("new", u.ID, mobile, "+1 2065550101", in(s.namespace+"-new")))
	s.ready("new")
	select {
	case <-gaveUp:
		t.Error("the new tenant waited until the operator gave up on the other one")
	default:
	}
}
