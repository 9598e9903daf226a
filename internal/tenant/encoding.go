package tenant

import (
	"bytes"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// What is wrong with the way in which a credential was stored. Entra would only say that
// it is the wrong one.
var (
	errUTF16 = errors.New("is stored as UTF-16, as Windows PowerShell's > and Out-File write it: " + writeASCII)
	errBOM   = errors.New("begins with a byte order mark, which nobody sees: " + writeASCII)
	errLines = errors.New("has more than one line: store the secret's value alone")
	errASCII = errors.New("has characters in it that cannot be seen or are not plain ASCII: copy it anew from where it was issued, and " + writeASCII)
	errQuote = errors.New("is stored with quotation marks around it: store it without them")
	errTwice = errors.New("is in base64 twice: put it as it is into stringData, or encode it once only (kubectl create secret does that by itself)")
)

const writeASCII = "write the file with Set-Content -Encoding ascii -NoNewline (or printf %s in a Unix shell), and make the Secret from it again"

// encodingFault reports an encoding that neither a client secret nor a certificate is ever
// in; nil if it is none of them.
func encodingFault(b []byte) error {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		return errUTF16
	case bytes.HasPrefix(b, []byte("\ufeff")):
		return errBOM
	case len(b) >= 2 && (b[0] == 0) != (b[1] == 0):
		return errUTF16 // without a mark: of plain text every other byte is zero
	}
	return nil
}

// secretFault reports how a client secret that is not empty was spoilt on its way into
// the Secret; nil where it may be as Entra issued it: printable ASCII in one line.
func secretFault(secret string) error {
	if err := encodingFault([]byte(secret)); err != nil {
		return err
	}
	switch first, last := secret[0], secret[len(secret)-1]; {
	case strings.ContainsFunc(secret, func(r rune) bool { return r != '\n' && r != '\r' && (r < ' ' || r > '~') }):
		return errASCII
	case strings.ContainsAny(secret, "\r\n"):
		return errLines
	case len(secret) > 1 && first == last && (first == '"' || first == '\''):
		return errQuote
	}
	if plain, err := base64.StdEncoding.DecodeString(secret); err == nil && issued.Match(bytes.TrimSpace(plain)) {
		return errTwice
	}
	return nil
}

// issued matches the secrets that Entra issues. They have a tilde, so that none of them
// is base64 itself.
//
// Source: the rule azure-ad-client-secret of github.com/gitleaks/gitleaks
var issued = regexp.MustCompile(`^[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}$`)

// certificateFault reports how a certificate that could not be read was spoilt; nil where
// that is not certain.
func certificateFault(data []byte) error {
	if err := encodingFault(data); err != nil {
		return err
	}
	plain, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(data)))
	if err != nil {
		return nil
	}
	if _, _, err := azidentity.ParseCertificates(plain, nil); err != nil {
		return nil
	}
	return errTwice
}
