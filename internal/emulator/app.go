package emulator

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// App is an app registration in one tenant, with the ways in which it may prove
// itself and the application permissions that an administrator consented to.
type App struct {
	TenantID string `json:"tenantID,omitempty"` // may be left out while there is one tenant
	ClientID string `json:"clientID"`           // a GUID
	Secret   string `json:"secret,omitempty"`
	// Certificate is a PEM certificate whose key signs client assertions.
	Certificate string       `json:"certificate,omitempty"`
	Federated   []Federation `json:"federated,omitempty"`
	// Roles are application permissions, for example User.Read.All. They go into
	// tokens at issue, so a change reaches a client with its next token.
	Roles []string `json:"roles,omitempty"`

	certificate *x509.Certificate
}

// Federation is a federated identity credential: another issuer's token for one
// subject stands for the app.
type Federation struct {
	Issuer   string `json:"issuer"`
	Subject  string `json:"subject"`
	Audience string `json:"audience,omitempty"` // empty: api://AzureADTokenExchange
	// PublicKey is the issuer's key in PEM. The emulator fetches no keys from anywhere.
	PublicKey string `json:"publicKey"`

	key any
}

const exchangeAudience = "api://AzureADTokenExchange"

// AddApp adds an app, or replaces one: a rotated secret works at once and the old
// one no longer.
func (e *Emulator) AddApp(a App) error {
	if uuid.Validate(a.ClientID) != nil {
		return fmt.Errorf("client id %q is not a GUID", a.ClientID)
	}
	a.Roles, a.Federated = slices.Clone(a.Roles), slices.Clone(a.Federated)
	if err := a.parseKeys(); err != nil {
		return fmt.Errorf("app %s: %w", a.ClientID, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	t, err := e.tenantFor(a.TenantID)
	if err != nil {
		return err
	}
	a.TenantID, a.ClientID = t.ID, strings.ToLower(a.ClientID)
	t.apps[a.ClientID] = a
	return nil
}

func (a *App) parseKeys() error {
	if a.Certificate != "" {
		block, _ := pem.Decode([]byte(a.Certificate))
		if block == nil {
			return errors.New("the certificate is not PEM")
		}
		var err error
		if a.certificate, err = x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
	}
	for i := range a.Federated {
		f := &a.Federated[i]
		block, _ := pem.Decode([]byte(f.PublicKey))
		if block == nil {
			return errors.New("the issuer's public key is not PEM")
		}
		var err error
		if f.key, err = x509.ParsePKIXPublicKey(block.Bytes); err != nil {
			return fmt.Errorf("issuer's public key: %w", err)
		}
		if f.Audience == "" {
			f.Audience = exchangeAudience
		}
	}
	return nil
}
