package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/graph"
)

// Writer writes a recording. It is safe for concurrent use. Its first error ends it, and is that of End.
type Writer struct {
	mu    sync.Mutex
	to    *json.Encoder
	lines int
	asked map[question]bool // those that have an answer in the file
	err   error
}

// question is one to a tenant's Graph.
type question struct{ tenant, path string }

// Begin begins a recording. by is the program and its version.
func Begin(to io.Writer, at time.Time, by string) *Writer {
	w := &Writer{to: json.NewEncoder(to), asked: map[question]bool{}}
	w.to.SetEscapeHTML(false)
	w.write(line{Begin: &begin{format, at.UTC(), by}})
	return w
}

func (w *Writer) write(l line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = w.to.Encode(l)
		w.lines++
	}
}

// Object records an object of Kubernetes, with its kind and version.
func (w *Writer) Object(o client.Object) error {
	text, err := json.Marshal(o)
	if err == nil {
		w.write(line{Object: text})
	}
	return err
}

// Absent records that there is no such Secret.
func (w *Writer) Absent(key client.ObjectKey) {
	w.write(line{Absent: &secretKey{key.Namespace, key.Name}})
}

// Part records that only these keys of a Secret were read.
func (w *Writer) Part(key client.ObjectKey, keys []string) {
	w.write(line{Part: &part{secretKey{key.Namespace, key.Name}, keys}})
}

// May records that whoever makes the recording may apply objects of a kind.
func (w *Writer) May(kind string) {
	w.write(line{May: kind})
}

// Tenant records an EntraTenant whose Graph is asked, and what its token says.
func (w *Writer) Tenant(name string, said graph.Identity) {
	w.write(line{Tenant: &identity{Name: name, ClientID: said.ClientID, Permissions: said.Permissions}})
}

// Broken records an EntraTenant that does not work, and why: a reason of the API, and a sentence.
func (w *Writer) Broken(name, reason, message string) {
	w.write(line{Tenant: &identity{Name: name, Reason: reason, Message: message}})
}

// Whole records that all users of an EntraTenant were asked about: there are no others.
func (w *Writer) Whole(tenant string) { w.write(line{Whole: tenant}) }

// End ends the recording.
func (w *Writer) End() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = w.to.Encode(line{End: &end{w.lines}})
	}
	return w.err
}

// Around returns a wrapper of the transport to a tenant's Graph, which records the lasting answers. Others, such as 503,
// are not recorded: the client asks again.
func (w *Writer) Around(tenant string) func(policy.Transporter) policy.Transporter {
	return func(next policy.Transporter) policy.Transporter { return listening{next, w, tenant} }
}

type listening struct {
	next   policy.Transporter
	writer *Writer
	tenant string
}

// lasting are the answers that the same question gets again.
var lasting = []int{http.StatusOK, http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound}

func (l listening) Do(req *http.Request) (*http.Response, error) {
	resp, err := l.next.Do(req)
	if err != nil || req.Method != http.MethodGet || !slices.Contains(lasting, resp.StatusCode) {
		return resp, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) <= maxBody { // the client takes no more either
		l.writer.answer(answer{l.tenant, req.URL.RequestURI(), resp.StatusCode, graph.RequestID(resp.Header), string(body)})
	}
	return resp, nil
}

// maxBody is far above a page of any list.
const maxBody = 4 << 20

// answer records an answer, unless the question has one already.
func (w *Writer) answer(a answer) {
	of := question{a.Tenant, a.Path}
	w.mu.Lock()
	again := w.asked[of]
	w.asked[of] = true
	w.mu.Unlock()
	if !again {
		w.write(line{Answer: &a})
	}
}
