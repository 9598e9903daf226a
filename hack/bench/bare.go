package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// bare is the measure of the large run: a client that knows what to write and reads nothing. It makes the writes that
// the operator makes, to the API server and to Graph, in the same order and with as many workers: the finalizer, the
// pending write in status, the phone, the result in status, an event.
func (b *bench) bare(ctx context.Context) error {
	_ = b.operator.Stop(grace)
	all, err := b.declare(ctx)
	if err != nil {
		return err
	}
	if b.bareTook, err = b.bareRun(ctx, all); err != nil {
		return err
	}
	phones, err := b.bareGraph(ctx)
	if err != nil {
		return err
	}
	b.bareRemoval, err = b.untilGone(ctx, all, func(o *v1alpha1.PhoneAuthenticationMethod) error {
		if err := b.admin.Delete(ctx, o); err != nil {
			return err
		}
		if err := phones.delete(ctx, o.Name[:36], o.Status.ID); err != nil {
			return err
		}
		if err := b.bareEvent(ctx, o, "PhoneDeleted"); err != nil {
			return err
		}
		return b.admin.Patch(ctx, o, client.RawPatch(client.Merge.Type(), []byte(`{"metadata":{"finalizers":null}}`)))
	})
	return err
}

// untilGone has each resource deleted, by as many as the operator's workers, and returns how long it took until the last
// one was gone.
func (b *bench) untilGone(ctx context.Context, all []*v1alpha1.PhoneAuthenticationMethod, end func(*v1alpha1.PhoneAuthenticationMethod) error) (time.Duration, error) {
	began := time.Now()
	if err := parallel(b.workers, all, end); err != nil {
		return 0, err
	}
	last, err := b.tracker.until(ctx, b.tracker.gone, names(all))
	return last.Sub(began), err
}

// bareRun makes resources that exist Ready, and returns how long that took.
func (b *bench) bareRun(ctx context.Context, all []*v1alpha1.PhoneAuthenticationMethod) (time.Duration, error) {
	phones, err := b.bareGraph(ctx)
	if err != nil {
		return 0, err
	}
	patterns, err := b.patterns(ctx)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	err = parallel(b.workers, all, func(o *v1alpha1.PhoneAuthenticationMethod) error {
		return b.bareWrite(ctx, phones, o, patterns[o.Spec.PhoneType].Status)
	})
	if err != nil {
		return 0, err
	}
	last, err := b.tracker.all(ctx, names(all))
	return last.Sub(began), err
}

// patterns are the resources of one user as the operator wrote them, by phone type.
func (b *bench) patterns(ctx context.Context) (map[v1alpha1.PhoneType]*v1alpha1.PhoneAuthenticationMethod, error) {
	found := map[v1alpha1.PhoneType]*v1alpha1.PhoneAuthenticationMethod{}
	for _, pattern := range methodsOf([]emulator.User{b.pattern}, three...) {
		if err := b.admin.Get(ctx, client.ObjectKeyFromObject(pattern), pattern); err != nil {
			return nil, err
		}
		found[pattern.Spec.PhoneType] = pattern
	}
	return found, nil
}

func (b *bench) bareWrite(ctx context.Context, phones *bareGraph, o *v1alpha1.PhoneAuthenticationMethod, status v1alpha1.PhoneAuthenticationMethodStatus) error {
	id := o.Name[:36]
	base := o.DeepCopy()
	o.Finalizers = []string{v1alpha1.Finalizer}
	if err := b.admin.Patch(ctx, o, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	base = o.DeepCopy()
	o.Status.UserID = id
	o.Status.PendingWrite = &v1alpha1.PendingWrite{Action: v1alpha1.PendingCreate, UserID: id, MaskedNumber: masked(o.Spec.PhoneNumber), Since: metav1.Now()}
	if err := b.admin.Status().Patch(ctx, o, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	method, err := phones.create(ctx, id, o)
	if err != nil {
		return err
	}
	base = o.DeepCopy()
	status.DeepCopyInto(&o.Status)
	o.Status.ID, o.Status.UserID, o.Status.MaskedNumber = method, id, masked(o.Spec.PhoneNumber)
	if err := b.admin.Status().Patch(ctx, o, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	return b.bareEvent(ctx, o, "PhoneRegistered")
}

// bareEvent writes an event such as the operator writes.
func (b *bench) bareEvent(ctx context.Context, o *v1alpha1.PhoneAuthenticationMethod, reason string) error {
	return b.admin.Create(ctx, &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{GenerateName: o.Name + "-", Namespace: o.Namespace}, EventTime: metav1.NowMicro(),
		ReportingController: "bench", ReportingInstance: "bench", Action: "Reconcile", Reason: reason, Type: corev1.EventTypeNormal,
		Regarding: corev1.ObjectReference{
			APIVersion: v1alpha1.GroupVersion.String(), Kind: "PhoneAuthenticationMethod", Namespace: o.Namespace, Name: o.Name, UID: o.UID, ResourceVersion: o.ResourceVersion,
		},
		Note: "The phone was changed in Entra.",
	})
}

// bareGraph is a plain HTTP client with a token.
type bareGraph struct {
	http  *http.Client
	url   string
	token string
}

func (b *bench) bareGraph(ctx context.Context) (*bareGraph, error) {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(b.graph.CA)
	g := &bareGraph{url: b.graph.URL, http: &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: b.workers,
	}}}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {install.ClientID}, "client_secret": {secret},
		"scope": {g.url + "/.default"}}
	var said struct {
		Token string `json:"access_token"`
	}
	err := g.send(ctx, http.MethodPost, "/"+tenantID+"/oauth2/v2.0/token", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), &said)
	g.token = said.Token
	return g, err
}

// delete removes the phone.
func (g *bareGraph) delete(ctx context.Context, user, method string) error {
	return g.send(ctx, http.MethodDelete, "/v1.0/users/"+user+"/authentication/phoneMethods/"+method, "", nil, nil)
}

// create adds the phone and returns the method's id.
func (g *bareGraph) create(ctx context.Context, user string, o *v1alpha1.PhoneAuthenticationMethod) (string, error) {
	body, err := json.Marshal(map[string]string{"phoneNumber": o.Spec.PhoneNumber, "phoneType": string(o.Spec.PhoneType)})
	if err != nil {
		return "", err
	}
	var made struct {
		ID string `json:"id"`
	}
	err = g.send(ctx, http.MethodPost, "/v1.0/users/"+user+"/authentication/phoneMethods", "application/json", bytes.NewReader(body), &made)
	return made.ID, err
}

// send reads the answer to its end into what it is for; nil for an answer that says nothing.
func (g *bareGraph) send(ctx context.Context, method, path, media string, body io.Reader, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, g.url+path, body)
	if err != nil {
		return err
	}
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	if g.token != "" {
		r.Header.Set("Authorization", "Bearer "+g.token)
	}
	resp, err := g.http.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode >= 300:
		return fmt.Errorf("%s", resp.Status)
	case into == nil:
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
