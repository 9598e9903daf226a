package e2e_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// numbers finds the numbers that the stories use, which are all fictional (206-555-01xx, 0161 496 0xxx), in any
// writing: with the country code or without, the digits together or with spaces, dashes, dots and brackets between.
// The last is the extension of an office phone. No story uses 206-555-0100, the example in the API's messages.
var numbers = regexp.MustCompile(
	`206[^0-9A-Za-z]{0,3}555[^0-9A-Za-z]{0,3}01([1-9]\d|0[1-9])|\b555[^0-9A-Za-z]{1,3}01([1-9]\d|0[1-9])\b|` +
		`161[^0-9A-Za-z]{0,3}496[^0-9A-Za-z]{0,3}0\d\d\d|9073156`)

// Each match of numbers contains one of these parts. findings looks for them first: megabytes are searched, and a
// regular expression is slow under the race detector.
var parts = []string{"555", "496", "9073156"}

// reach is more than a match extends to either side of its part.
const reach = 16

// findings returns the numbers in a text, each with its surroundings, three at most.
func findings(text string) (found []string) {
	for _, part := range parts {
		for from := 0; len(found) < 3; {
			at := strings.Index(text[from:], part)
			if at < 0 {
				break
			}
			at += from
			from = at + len(part)
			begin := max(0, at-reach)
			// A match at the cut may only look like the begin of a word.
			if slices.ContainsFunc(numbers.FindAllStringIndex(text[begin:min(len(text), from+reach)], -1), func(match []int) bool {
				return begin == 0 || match[0] > 0
			}) {
				found = append(found, text[max(0, at-900):min(len(text), at+60)])
			}
		}
	}
	return found
}

func TestTheSearchFindsANumberInAnyWriting(t *testing.T) {
	for _, text := range []string{
		"+1 2065550101", "+12065550101", "2065550101", "206 555 0101", "(206) 555-0101", "206.555.0101", "555-0101",
		`{"number":"+1 2065550101x9073156"}`, "ext. 9073156", "%2B1%202065550101", "+44 1614960123", "0161 496 0123",
	} {
		for _, text := range []string{text, strings.Repeat("555 496 ", 100) + text + strings.Repeat(" 496 555", 100)} {
			if len(findings(text)) == 0 {
				t.Errorf("not found in %q", text)
			}
		}
	}
	for _, text := range []string{"+1 ********01", "2026-06-05T20:65:55.0101Z", "0.55501012", "+1 ********01x***"} {
		if len(findings(text)) > 0 {
			t.Errorf("found in %q", text)
		}
	}
}

// wrongs lists what no story may lead to, whichever story did: a phone number in what operators wrote to stdout and
// stderr since the last call, in their metrics, in an event or in what they wrote of a resource; and an operator that
// failed.
func (w *world) wrongs() []string {
	var found []string
	search := func(where, text string) {
		for _, finding := range findings(text) {
			found = append(found, fmt.Sprintf("a phone number got out: %s: ...%s...", where, finding))
		}
	}
	for _, o := range w.ever() {
		output, err := o.unread()
		if err != nil {
			found = append(found, "the output cannot be read: "+err.Error())
		}
		search("output", output)
		if failure := o.failure(output); failure != "" {
			found = append(found, failure)
		}
		if o.Running() && o.Metrics != "" {
			text, _, err := w.scrape(o, w.scraper())
			if err != nil {
				found = append(found, "the metrics cannot be read: "+err.Error())
			}
			search("metrics", text)
		}
	}
	ctx := context.Background()
	var (
		events  eventsv1.EventList
		methods v1alpha1.PhoneAuthenticationMethodList
		tenants v1alpha1.EntraTenantList
	)
	for _, list := range []client.ObjectList{&events, &methods, &tenants} {
		if err := w.List(ctx, list); err != nil {
			found = append(found, "cannot be listed: "+err.Error())
		}
	}
	for i := range methods.Items { // whoever wrote the number there may read it there
		methods.Items[i].Spec.PhoneNumber = ""
		delete(methods.Items[i].Annotations, corev1.LastAppliedConfigAnnotation)
	}
	for where, what := range map[string]any{"events": events, "resources": methods, "tenants": tenants} {
		text, err := json.Marshal(what)
		if err != nil {
			found = append(found, err.Error())
		}
		search(where, string(text))
	}
	return found
}

// scraper is the token of a ServiceAccount that may read metrics; "" if there is none.
func (w *world) scraper() string {
	ctx := context.Background()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: "prometheus"}}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "prometheus"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: install.MetricsReader},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: install.Namespace, Name: "prometheus"}},
	}
	_, _ = w.Create(ctx, account), w.Create(ctx, binding) // there already, but for the first time
	cfg, err := w.ServiceAccount(ctx, install.Namespace, account.Name)
	if err != nil {
		return ""
	}
	return cfg.BearerToken
}

// scrape reads an operator's metrics with a token, "" for none.
func (w *world) scrape(o *operator, token string) (text string, status int, err error) {
	request, err := http.NewRequest(http.MethodGet, "https://"+o.Metrics+"/metrics", nil)
	if err != nil {
		return "", 0, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// The operator makes its certificate itself where it is given none. To compress is most of the work of an answer.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true, DisableCompression: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return "", 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), response.StatusCode, err
}
