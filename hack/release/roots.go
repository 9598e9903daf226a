package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// rootsModule is where the roots of trust come from: Mozilla's, as a Go module, so that go.mod pins them and neither a base
// image nor this machine has a say.
//
// They are a file of the image and not linked into the operator, where they would count only while the system has none: a
// certificate authority of one's own, which is mounted and named by SSL_CERT_DIR, would replace them.
const rootsModule = "golang.org/x/crypto/x509roots/fallback"

// rootsOfTrust are the certificates as PEM. Those that Mozilla trusts only in part are left out: a file cannot tell.
func rootsOfTrust() ([]byte, error) {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", rootsModule, err)
		}
		fmt.Fprintf(&text, "# %s\n", certificate.Subject)
		if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	if text.Len() == 0 {
		return nil, errors.New(rootsModule + " has no roots")
	}
	return text.Bytes(), nil
}
