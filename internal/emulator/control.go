package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"
)

// ControlHelp lists the paths of the control interface.
const ControlHelp = `POST   /tenants, /apps, /groups, /users   add one (an app or group again: replaced)
PATCH  /users/{id}                        change a user: upn, smsSignIn, defaultMethod, roles, ...
DELETE /users/{id}                        remove one
GET    /phones, /users/{id}/phones        what Graph really holds
PUT    /users/{id}/phones/{phoneType}     set a phone behind the client's back: {"phoneNumber": "+1 ..."}
DELETE /users/{id}/phones/{phoneType}     remove one
GET    /requests, /writes                 what was asked, and how it was answered
GET    /requests/count                    how much was asked, in one number
DELETE /requests                          forget it
POST   /faults, DELETE /faults            add one, remove all
PUT    /throttle, DELETE /throttle        {"class": "authentication", "requests": 5, "per": "10s"}; or "directory", "reports"; or none: all
GET    /assumptions, PUT /assumptions     what Graph does where nobody knows: {"duplicateType": "conflict"}; see --help
PUT    /auditlog                          how records of changes show: {"delay": "5m", "spread": "10m", "missing": 0.1, "doubled": 0.1,
                                          "retention": "168h"}; and how late the registration report is: {"reportLag": "2h"}
PUT    /readlag                           {"readLag": "500ms"}: so long do reads show the state before a write
POST   /seed                              add a whole seed
POST   /reset                             forget everything
`

// Control is the interface by which a test steers an emulator that runs as a
// program: the methods of Emulator as JSON over HTTP. It has no lock on its door,
// so it is served on loopback only, to callers that no web page can be.
func (e *Emulator) Control() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, ControlHelp) })
	m.Handle("POST /tenants", take(e.AddTenant))
	m.Handle("POST /apps", take(e.AddApp))
	m.Handle("POST /groups", take(e.AddGroup))
	m.Handle("POST /users", take(e.AddUser))
	m.Handle("POST /faults", take(e.AddFault))
	m.Handle("POST /seed", take(e.Load))
	m.Handle("PUT /throttle", take(func(t Throttle) error { e.SetThrottle(t); return nil }))
	m.Handle("PUT /assumptions", take(e.SetAssumptions))
	m.Handle("GET /assumptions", show(func(*http.Request) any { return e.Assumptions() }))
	m.Handle("PUT /auditlog", take(e.SetAuditLog))
	m.Handle("PUT /readlag", act(e.putReadLag))
	m.Handle("DELETE /throttle", act(func(*http.Request) error { e.SetThrottle(Throttle{}); return nil }))
	m.Handle("DELETE /faults", act(func(*http.Request) error { e.ClearFaults(); return nil }))
	m.Handle("DELETE /requests", act(func(*http.Request) error { e.ResetRequests(); return nil }))
	m.Handle("POST /reset", act(func(*http.Request) error { e.Reset(); return nil }))
	m.Handle("PATCH /users/{id}", act(e.patchUser))
	m.Handle("DELETE /users/{id}", act(func(r *http.Request) error { return e.RemoveUser(r.PathValue("id")) }))
	m.Handle("PUT /users/{id}/phones/{type}", act(e.putPhone))
	m.Handle("DELETE /users/{id}/phones/{type}", act(func(r *http.Request) error {
		return e.RemovePhone(r.PathValue("id"), r.PathValue("type"))
	}))
	m.Handle("GET /users/{id}/phones", show(func(r *http.Request) any { return e.Phones(r.PathValue("id")) }))
	m.Handle("GET /phones", show(func(*http.Request) any { return e.Snapshot() }))
	m.Handle("GET /requests", show(func(*http.Request) any { return e.Requests() }))
	m.Handle("GET /requests/count", show(func(*http.Request) any { return len(e.Requests()) }))
	m.Handle("GET /writes", show(func(*http.Request) any { return e.Writes() }))
	return localOnly(m)
}

// patchUser lays the sent properties over the user's.
func (e *Emulator) patchUser(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var wrong error
	err = e.UpdateUser(r.PathValue("id"), func(u *User) {
		changed := *u
		wrong = strictly(body, &changed)
		if wrong == nil && (changed.ID != u.ID || changed.TenantID != u.TenantID || changed.Phones != nil) {
			wrong = errors.New("id, tenantID and phones cannot be changed here")
		}
		if wrong == nil {
			*u = changed
		}
	})
	return errors.Join(wrong, err)
}

func (e *Emulator) putPhone(r *http.Request) error {
	var sent struct {
		Number string `json:"phoneNumber"`
	}
	if err := readStrictly(r, &sent); err != nil {
		return err
	}
	return e.SetPhone(r.PathValue("id"), r.PathValue("type"), sent.Number)
}

func (e *Emulator) putReadLag(r *http.Request) error {
	var sent struct {
		ReadLag wireDuration `json:"readLag"`
	}
	if err := readStrictly(r, &sent); err != nil {
		return err
	}
	e.SetReadLag(time.Duration(sent.ReadLag))
	return nil
}

func take[T any](use func(T) error) http.Handler {
	return act(func(r *http.Request) error {
		var sent T
		if err := readStrictly(r, &sent); err != nil {
			return err
		}
		return use(sent)
	})
}

func readStrictly(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	return strictly(body, into)
}

func act(do func(*http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := do(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

func show(get func(*http.Request) any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(get(r)) // the caller may be gone
	})
}

// localOnly refuses what a web page in a browser could send: a name that was made
// to resolve to this machine, or a form.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip := net.ParseIP(host); !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "this host is not loopback", http.StatusForbidden)
			return
		}
		media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if r.Method != http.MethodGet && r.Method != http.MethodDelete && media != "application/json" {
			http.Error(w, "send JSON", http.StatusUnsupportedMediaType)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ServeControl starts the control interface at a loopback address, over plain HTTP.
func ServeControl(e *Emulator, addr string) (*Server, error) {
	listener, err := listenLoopback(addr)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	s := &Server{
		URL: "http://" + listener.Addr().String(), done: make(chan struct{}),
		http: &http.Server{Handler: e.Control(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)},
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(listener) // http.ErrServerClosed
	}()
	return s, nil
}
