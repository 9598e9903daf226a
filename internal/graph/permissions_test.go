package graph_test

import (
	"context"
	"slices"
	"testing"
)

func TestPermissionsAreThoseOfTheToken(t *testing.T) {
	g := emulated(t)
	got, err := g.client.Permissions(context.Background())
	must(t, err)
	if !slices.Contains(got, "UserAuthMethod-Phone.ReadWrite.All") || !slices.IsSorted(got) {
		t.Errorf("permissions = %v", got)
	}
}
