package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/entraops/phone-operator/internal/graph"
)

// marker must be in the name of the user, before the @: nobody's real account is called so by chance.
const marker = "witness"

// passwordType is the one method that every account has.
const passwordType = "#microsoft.graph.passwordAuthenticationMethod"

// testUser looks the user up and refuses any that could be somebody's: the name without the marker, a phone or another
// method registered, a directory role, or no answer to one of these questions.
func (s *service) testUser(ctx context.Context, key string) (graph.User, error) {
	u, err := s.client.User(ctx, key)
	if err != nil {
		return u, fmt.Errorf("look up the user: %w", err)
	}
	if local, _, _ := strings.Cut(u.UserPrincipalName, "@"); !strings.Contains(strings.ToLower(local), marker) {
		return u, fmt.Errorf("the name of the user does not have %q before the @: make a user for this and nothing else, such as witness-1@<domain>", marker)
	}
	answer, err := s.do(ctx, request{http.MethodGet, "users/" + u.ID + "/authentication/methods", nil})
	if err != nil {
		return u, errors.New("the user's methods cannot be read: no answer")
	}
	methods, err := answer.rows()
	if err != nil {
		return u, fmt.Errorf("the user's methods cannot be read: %w; grant UserAuthenticationMethod.ReadWrite.All in this test tenant", err)
	}
	for _, m := range methods {
		if m["@odata.type"] != passwordType {
			return u, errors.New("the user has a phone or another method beside the password: take it off in the portal, or make a new user")
		}
	}
	protection, err := s.client.Protection(ctx, u.ID)
	if err != nil {
		return u, fmt.Errorf("whether Entra protects the user cannot be found out: %w", err)
	}
	if len(protection.Privileges) > 0 {
		return u, errors.New("the user is protected by Entra (a directory role, or a group that can hold one): make a user without")
	}
	return u, nil
}
