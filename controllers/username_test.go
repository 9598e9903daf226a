package controllers_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/entraops/phone-operator/internal/emulator"
)

// Accounts that are synchronized from a directory may have such a name.
func TestAUserWhoseNameBeginsWithADollarSign(t *testing.T) {
	s := newStory(t)
	u := s.user(func(u *emulator.User) { u.UPN = "$svc-" + uuid.NewString()[:8] + "@contoso.com" })
	s.apply(s.pam("dollar", u.UPN, mobile, "+1 2065550100"))
	s.ready("dollar")
	s.has(u, "mobile +1 2065550100")
}
