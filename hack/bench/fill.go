package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/google/uuid"
	"k8s.io/apimachinery/pkg/types"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// fill makes resources Ready as they were after the operator had worked on them, for the figures that do not measure
// how that is done: the phones in Graph, and what the API server would have stored, put into etcd. Copies of what the
// operator wrote for one user, all of them of the same size.
func (b *bench) fill(ctx context.Context, all []*v1alpha1.PhoneAuthenticationMethod) error {
	phones, err := b.bareGraph(ctx)
	if err != nil {
		return err
	}
	patterns, err := b.patterns(ctx)
	if err != nil {
		return err
	}
	err = parallel(b.workers, all, func(o *v1alpha1.PhoneAuthenticationMethod) error {
		id, spec, name := o.Name[:36], o.Spec, o.Name
		method, err := phones.create(ctx, id, o)
		if err != nil {
			return err
		}
		patterns[spec.PhoneType].DeepCopyInto(o)
		o.Name, o.Spec, o.UID, o.ResourceVersion = name, spec, types.UID(uuid.NewString()), "" // a version is etcd's own
		o.Status.ID, o.Status.UserID, o.Status.MaskedNumber = method, id, masked(spec.PhoneNumber)
		return nil
	})
	if err != nil {
		return err
	}
	// Each by itself: all of one transaction would have one version, and a watch that is resumed in the midst of them misses the others.
	etcd := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: b.workers}}
	defer etcd.CloseIdleConnections()
	err = parallel(b.workers, all, func(o *v1alpha1.PhoneAuthenticationMethod) error { return b.store(ctx, etcd, o) })
	if err != nil {
		return fmt.Errorf("put resources into etcd: %w", err)
	}
	_, err = b.tracker.all(ctx, names(all))
	return err
}

// store puts a resource into etcd, by its gateway for JSON.
func (b *bench) store(ctx context.Context, etcd *http.Client, o *v1alpha1.PhoneAuthenticationMethod) error {
	o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("PhoneAuthenticationMethod"))
	value, err := json.Marshal(o)
	if err != nil {
		return err
	}
	key := "/registry/" + v1alpha1.GroupVersion.Group + "/phoneauthenticationmethods/" + o.Namespace + "/" + o.Name
	body, err := json.Marshal(map[string][]byte{"key": []byte(key), "value": value})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.admin.EtcdURL()+"/v3/kv/put", bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := etcd.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("status %d: %s", resp.StatusCode, said)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
