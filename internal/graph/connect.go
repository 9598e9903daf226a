package graph

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
)

// ProxyError is why there is no connection: the proxy on the way does not make it.
type ProxyError struct {
	Proxy  string // its address, "proxy.example:3128"
	Target string // what it was to connect to, "graph.microsoft.com:443"
	Status int    // of its answer to CONNECT
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("the proxy %s does not connect to %s: HTTP %d %s", e.Proxy, e.Target, e.Status, http.StatusText(e.Status))
}

type noteProxy struct{}

// HeedProxy is for the OnProxyConnectResponse of the http.Transports that lead to
// Graph and to the token endpoint. net/http itself tells of a proxy that refuses to
// connect nothing but the text of its status line.
func HeedProxy(ctx context.Context, proxy *url.URL, asked *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	err := &ProxyError{Proxy: proxy.Host, Target: asked.Host, Status: answer.StatusCode}
	if note, ok := ctx.Value(noteProxy{}).(func(*ProxyError)); ok {
		note(err) // azidentity keeps no error but its text
	}
	return err
}

// neverSent is the error of a request that got no connection, so that nothing of it
// left: a name that does not resolve, a proxy that refuses, a certificate that is not
// trusted.
type neverSent struct{ error }

func (e *neverSent) Unwrap() error { return e.error }

// connecting watches whether a request gets a connection. Of a transport that says
// nothing of connections nothing is known.
type connecting struct{ wanted, got atomic.Bool }

func (c *connecting) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { c.wanted.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { c.got.Store(true) },
	}
}

// failed reports whether a connection was wanted and none was had.
func (c *connecting) failed() bool { return c.wanted.Load() && !c.got.Load() }
