package recording

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// format is the version of the file's. A recording is made anew rather than converted.
const format = 1

// Magic is how each recording begins.
const Magic = `{"recording":{`

// line is one of the file, which is JSON, a value a line: begin, anything in any order, end. One field is set.
type line struct {
	Begin  *begin          `json:"recording,omitempty"`
	Object json.RawMessage `json:"object,omitempty"` // of Kubernetes
	Absent *secretKey      `json:"absentSecret,omitempty"`
	Part   *part           `json:"partOfSecret,omitempty"`
	May    string          `json:"mayApply,omitempty"` // a kind
	Tenant *identity       `json:"tenant,omitempty"`
	Answer *answer         `json:"answer,omitempty"`
	Whole  string          `json:"allUsersOf,omitempty"` // the EntraTenant
	End    *end            `json:"end,omitempty"`
}

type begin struct {
	Format int       `json:"format"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
}

// secretKey names a Secret that a resource names and that is not there.
type secretKey struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// part names the keys of a Secret that were looked at, where others are left out.
type part struct {
	secretKey
	Keys []string `json:"keys"`
}

// identity is what the token for an EntraTenant says, or why its Graph was not asked.
type identity struct {
	Name        string   `json:"name"`
	Reason      string   `json:"reason,omitempty"`
	Message     string   `json:"message,omitempty"`
	ClientID    string   `json:"clientID,omitempty"`
	Permissions []string `json:"permissions,omitempty"`
}

// answer is one of Graph to a GET.
type answer struct {
	Tenant    string `json:"tenant"`
	Path      string `json:"path"` // with the query
	Status    int    `json:"status"`
	RequestID string `json:"requestID,omitempty"`
	Body      string `json:"body"`
}

// end tells a whole file from one that was cut.
type end struct {
	Lines int `json:"lines"` // before it
}

// ErrCut is for a file that does not come to its end.
var ErrCut = errors.New("the recording is cut short: make it again")

// Recording is what was read of a cluster, and of Graph.
type Recording struct {
	// At is when it was begun.
	At time.Time
	// By is the program and its version.
	By string

	objects map[objectKey]*unstructured.Unstructured
	absent  map[client.ObjectKey]bool     // Secrets
	parts   map[client.ObjectKey][]string // of Secrets of which not all is here: the keys that are
	may     map[string]bool               // kinds
	tenants map[string]*identity
	answers map[string]map[string]*answer // by EntraTenant and path
	whole   map[string]bool               // EntraTenants of which all users were asked about
	schemas map[string]*schema            // by kind
}

type objectKey struct{ kind, namespace, name string }

// Read reads a recording. An error says what to do.
func Read(from io.Reader) (*Recording, error) {
	r := &Recording{
		objects: map[objectKey]*unstructured.Unstructured{}, absent: map[client.ObjectKey]bool{}, parts: map[client.ObjectKey][]string{}, may: map[string]bool{},
		tenants: map[string]*identity{}, answers: map[string]map[string]*answer{}, whole: map[string]bool{}, schemas: map[string]*schema{},
	}
	lines := json.NewDecoder(bufio.NewReaderSize(from, 1<<20))
	for n := 0; ; n++ {
		var l line
		err := lines.Decode(&l)
		switch {
		case n > 0 && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
			return nil, ErrCut
		case n == 0 && (err != nil || l.Begin == nil):
			return nil, errors.New("this is no recording: kubectl phonemethod record makes one")
		case n == 0 && l.Begin.Format != format:
			return nil, fmt.Errorf("the recording was made by %s, in another format: make it again with this version", l.Begin.By)
		case err != nil: // its error would quote the line
			return nil, fmt.Errorf("line %d of the recording cannot be read: make it again", n+1)
		case l.End != nil && l.End.Lines != n:
			return nil, ErrCut
		case l.End != nil:
			return r, r.check()
		}
		if err := r.take(l); err != nil {
			return nil, err
		}
	}
}

func (r *Recording) take(l line) error {
	switch {
	case l.Begin != nil:
		r.At, r.By = l.Begin.At, l.Begin.By
	case l.Object != nil:
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(l.Object); err != nil {
			return errors.New("an object of the recording cannot be read: make it again")
		}
		if o.GetKind() == "CustomResourceDefinition" {
			return r.takeSchema(o)
		}
		r.objects[objectKey{o.GetKind(), o.GetNamespace(), o.GetName()}] = o
	case l.Absent != nil:
		r.absent[client.ObjectKey{Namespace: l.Absent.Namespace, Name: l.Absent.Name}] = true
	case l.Part != nil:
		r.parts[client.ObjectKey{Namespace: l.Part.Namespace, Name: l.Part.Name}] = l.Part.Keys
	case l.May != "":
		r.may[l.May] = true
	case l.Tenant != nil:
		r.tenants[l.Tenant.Name] = l.Tenant
	case l.Whole != "":
		r.whole[l.Whole] = true
	case l.Answer != nil:
		if r.answers[l.Answer.Tenant] == nil {
			r.answers[l.Answer.Tenant] = map[string]*answer{}
		}
		r.answers[l.Answer.Tenant][l.Answer.Path] = l.Answer
	}
	return nil
}

func (r *Recording) check() error {
	for _, kind := range []string{"EntraTenant", "PhoneAuthenticationMethod"} {
		if r.schemas[kind] == nil {
			return fmt.Errorf("the recording has no CustomResourceDefinition for %s: make it again", kind)
		}
	}
	return nil
}
