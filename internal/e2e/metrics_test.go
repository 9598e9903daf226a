package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

// Metrics are for callers whom the API server knows and lets.
func TestMetricsAreBehindAuthentication(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	o := s.shared(t)
	cfg, err := s.ServiceAccount(t.Context(), s.people.namespace, "people")
	must(t, err)
	for who, c := range map[string]struct {
		token string
		let   bool
	}{
		"nobody":               {"", false},
		"somebody":             {"not-a-token", false},
		"an editor of phones":  {cfg.BearerToken, false},
		"who may read metrics": {s.scraper(), true},
	} {
		text, status, err := s.scrape(o, c.token)
		must(t, err)
		if let := status == http.StatusOK && strings.Contains(text, "go_goroutines"); let != c.let || !let && strings.Contains(text, "# HELP") {
			t.Errorf("%s gets %d: %.200s", who, status, text)
		}
	}
}
