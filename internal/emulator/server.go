package emulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

// Server is an Emulator on a port of this machine.
type Server struct {
	URL   string // https://127.0.0.1:port
	CAPEM []byte // the certificate authority to trust, made for this server

	http *http.Server
	done chan struct{}
}

// Serve starts e at addr, "127.0.0.1:0" for any free port. Addresses that others
// could reach are refused: the emulator gives tokens to whoever knows a test secret.
func Serve(e *Emulator, addr string) (*Server, error) {
	listener, err := listenLoopback(addr)
	if err != nil {
		return nil, err
	}
	ca, leaf, err := newCertificates(time.Now())
	if err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("make certificates: %w", err)
	}
	e.knowAs(listener)
	s := &Server{
		URL: "https://" + listener.Addr().String(), CAPEM: ca, done: make(chan struct{}),
		http: &http.Server{
			Handler: e, ReadHeaderTimeout: 10 * time.Second,
			ErrorLog:  log.New(io.Discard, "", 0), // callers that leave are no news
			TLSConfig: &tls.Config{Certificates: []tls.Certificate{leaf}, MinVersion: tls.VersionTLS12},
		},
	}
	go func() {
		defer close(s.done)
		_ = s.http.ServeTLS(listener, "", "") // http.ErrServerClosed
	}()
	return s, nil
}

// Close ends the server and every connection.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	return err
}

// Shutdown lets requests finish until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(err, s.Close())
	}
	<-s.done
	return nil
}

// listenLoopback listens at an address of this machine only.
func listenLoopback(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("address: %w", err)
	}
	if ip := net.ParseIP(host); !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%q is not a loopback address", host)
	}
	return net.Listen("tcp", addr)
}
