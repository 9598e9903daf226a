package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"

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
	for part := range slices.Chunk(all, 100) { // etcd takes 128 in one transaction
		if err := b.store(ctx, part); err != nil {
			return fmt.Errorf("put resources into etcd: %w", err)
		}
	}
	_, err = b.tracker.all(ctx, names(all))
	return err
}

// store puts resources into etcd, by its gateway for JSON.
func (b *bench) store(ctx context.Context, all []*v1alpha1.PhoneAuthenticationMethod) error {
	type put struct {
		Key   []byte `json:"key"`
		Value []byte `json:"value"`
	}
	var puts []map[string]put
	for _, o := range all {
		o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("PhoneAuthenticationMethod"))
		value, err := json.Marshal(o)
		if err != nil {
			return err
		}
		key := "/registry/" + v1alpha1.GroupVersion.Group + "/phoneauthenticationmethods/" + o.Namespace + "/" + o.Name
		puts = append(puts, map[string]put{"requestPut": {[]byte(key), value}})
	}
	body, err := json.Marshal(map[string]any{"success": puts})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.admin.EtcdURL()+"/v3/kv/txn", bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("status %d: %s", resp.StatusCode, said)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
