package controllers_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// What the cache tells of a Secret that is as it was is no edit of it.
func TestASecretThatIsToldOfOnceMoreMakesNoRequest(t *testing.T) {
	s := newStory(t)
	u := s.user()
	s.apply(secret(s.namespace, "phones", "mobile", "+1 2065550101"), s.pam("a", u.ID, mobile, "", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.PhoneNumberFrom = &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: "phones", Key: "mobile"}}
	}))
	s.ready("a")
	requests := func() (n int) {
		for _, r := range s.graph.Requests() {
			if strings.Contains(r.Path, u.ID) {
				n++
			}
		}
		return n
	}
	before := requests()
	var told atomic.Int64
	_, err := s.secrets.AddEventHandler(toolscache.ResourceEventHandlerFuncs{UpdateFunc: func(_, now any) {
		if now.(client.Object).GetNamespace() == s.namespace {
			told.Add(1)
		}
	}})
	must(t, err)
	s.eventually("the cache tells of the Secret three times more", func() error {
		if n := told.Load(); n < 3 {
			return fmt.Errorf("%d times", n)
		}
		return nil
	})
	if n := requests() - before; n > 0 {
		t.Errorf("%d requests", n)
	}
}
