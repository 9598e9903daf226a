package controllers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
	kjson "sigs.k8s.io/json"
)

// StreamLists is the transport for clients of the cache: it decodes the objects of a list while the API server
// still encodes the next ones. client-go reads a list to its end first, so that each of the two waited for the
// other, with the text of all objects in memory. Other requests pass.
func StreamLists(next http.RoundTripper) http.RoundTripper { return listStream{next} }

type listStream struct{ next http.RoundTripper }

func (s listStream) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(r)
	arrived, ok := r.Context().Value(arrivalsKey{}).(*arrivals)
	if err != nil || !ok || r.Method != http.MethodGet || resp.StatusCode != http.StatusOK || !isPlainJSON(resp.Header) {
		return resp, err
	}
	list, err := arrived.read(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(list)), int64(len(list))
	return resp, nil
}

// WrappedRoundTripper lets client-go reach the transport, to cancel a request.
func (s listStream) WrappedRoundTripper() http.RoundTripper { return s.next }

func isPlainJSON(h http.Header) bool {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && media == "application/json" && h.Get("Content-Encoding") == ""
}

// arrivals are the objects of one list, as the cache keeps them. Who sends a request with a context that they are
// within is answered a list without items.
type arrivals struct {
	example runtime.Object // of their type
	any     bool           // they were taken out of a list, if only of an empty one
	objects []runtime.Object
}

type arrivalsKey struct{}

var errNoList = errors.New("the API server answered something else than a list")

func (a *arrivals) within(ctx context.Context) context.Context {
	return context.WithValue(ctx, arrivalsKey{}, a)
}

// read takes the objects out of a list, and returns what is left of its text. What an earlier try took counts no more.
func (a *arrivals) read(text io.Reader) ([]byte, error) {
	a.any, a.objects = true, nil
	d := kjson.NewDecoderCaseSensitivePreserveInts(withShortFieldsV1(text))
	switch begins, err := d.Token(); {
	case err != nil:
		return nil, err
	case begins != json.Delim('{'):
		return nil, errNoList
	}
	left := map[string]json.RawMessage{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		if name == "items" {
			err = a.take(d)
		} else {
			var value json.RawMessage
			err = d.Decode(&value)
			left[name.(string)] = value
		}
		if err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil { // its end
		return nil, err
	}
	if _, err := io.Copy(io.Discard, text); err != nil { // a connection is used again only when all was read
		return nil, err
	}
	return json.Marshal(left)
}

func (a *arrivals) take(d kjson.Decoder) error {
	switch begins, err := d.Token(); {
	case err != nil:
		return err
	case begins == nil: // null, as Go writes an empty list
		return nil
	case begins != json.Delim('['):
		return errNoList
	}
	of := reflect.TypeOf(a.example).Elem()
	for d.More() {
		o := reflect.New(of).Interface().(runtime.Object)
		if err := d.Decode(o); err != nil {
			return err
		}
		if _, err := thin(o); err != nil {
			return err
		}
		a.objects = append(a.objects, o)
	}
	_, err := d.Token() // its end
	return err
}
