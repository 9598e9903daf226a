package controllers

import (
	"errors"
	"fmt"
	"strings"

	"github.com/entraops/phone-operator/internal/graph"
)

// lostAs is an answer to a write that means nothing, for not the service gave it that knows:
// "HTTP 404 UnknownError". It is empty for all others.
func lostAs(err error) string {
	failure, ok := errors.AsType[*graph.Error](err)
	if !ok || failure.Kind != graph.Unclear || failure.Status < 400 || failure.Status >= 500 {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", failure.Status, failure.Code))
}
