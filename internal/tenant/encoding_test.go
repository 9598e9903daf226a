package tenant_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/entraops/phone-operator/internal/tenant"
)

// utf16le and utf16be write a text as UTF-16, without a mark.
func utf16le(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func utf16be(s string) string {
	b := []byte(utf16le(s))
	for i := 0; i < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

func TestASecretThatWasSpoiltOnItsWaySaysHow(t *testing.T) {
	// of the form that Entra issues, and of no use
	issued := "abc8Q~" + strings.Repeat("x", 34)
	for name, tc := range map[string]struct{ value, want string }{
		"UTF-16 of Windows PowerShell":      {"\xff\xfe" + utf16le(secret+"\r\n"), "Set-Content -Encoding ascii -NoNewline"},
		"UTF-16 the other way round":        {"\xfe\xff" + utf16be(secret+"\r\n"), "UTF-16"},
		"UTF-16 without a mark":             {utf16le(secret), "UTF-16"},
		"the other way round, without":      {utf16be(secret + "\n"), "UTF-16"},
		"a byte order mark":                 {"\ufeff" + secret, "byte order mark"},
		"a byte order mark and a line end":  {"\ufeff" + secret + "\r\n", "byte order mark"},
		"quotation marks":                   {`"` + secret + `"`, "without them"},
		"apostrophes and a line end":        {"'" + secret + "'\n", "without them"},
		"quotation marks of a text program": {"“" + secret + "”", "plain ASCII"},
		"a zero-width space":                {secret + "\u200b", "cannot be seen"},
		"a no-break space inside":           {"a\u00a0" + secret, "plain ASCII"},
		"a zero byte at its end":            {secret + "\x00", "cannot be seen"},
		"a long dash for a hyphen":          {strings.Replace(secret, "-", "–", 1), "plain ASCII"},
		"a byte that is no UTF-8":           {secret + "\xe4", "plain ASCII"},
		"its id in a second line":           {secret + "\n" + clientID, "more than one line"},
		"base64 twice":                      {base64.StdEncoding.EncodeToString([]byte(issued)), "base64 twice"},
		"base64 twice, with a line end":     {base64.StdEncoding.EncodeToString([]byte(issued + "\n")), "base64 twice"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := tenant.Place{}.Credential(identity(tenant.ClientSecret(tc.value)))
			if err == nil || c != nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error = %v, want one with %q", err, tc.want)
			}
			clean(t, "the error", err.Error())
		})
	}
}

// What may be a secret is for Entra to judge.
func TestASecretThatMayBeOneIsTaken(t *testing.T) {
	for name, value := range map[string]string{
		"as Entra issues it":            "abc8Q~" + strings.Repeat("x", 34),
		"with a line end":               secret + "\r\n",
		"of earlier years":              "a]9[?=:+/Bcd*{}@.-_",
		"base64 of something":           base64.StdEncoding.EncodeToString([]byte("thirty-two bytes made by a script")),
		"one quotation mark":            `"` + secret,
		"a single quotation mark alone": "'",
		"short":                         "s",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := (tenant.Place{}).Credential(identity(tenant.ClientSecret(value))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestACertificateThatWasSpoiltOnItsWaySaysHow(t *testing.T) {
	key, certificate := pair(t)
	whole := string(append(key, certificate...))
	if _, err := (tenant.Place{}).Credential(identity(tenant.ClientCertificate([]byte(whole)))); err != nil {
		t.Fatal("as it is it can be read: ", err)
	}
	for name, tc := range map[string]struct{ value, want string }{
		"UTF-16 of Windows PowerShell": {"\xff\xfe" + utf16le(whole), "Set-Content -Encoding ascii -NoNewline"},
		"UTF-16 the other way round":   {"\xfe\xff" + utf16be(whole), "UTF-16"},
		"UTF-16 without a mark":        {utf16le(whole), "UTF-16"},
		"a byte order mark":            {"\ufeff" + whole, "byte order mark"},
		"base64 twice":                 {base64.StdEncoding.EncodeToString([]byte(whole)) + "\n", "base64 twice"},
		"half of it in base64":         {base64.StdEncoding.EncodeToString(key), "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := tenant.Place{}.Credential(identity(tenant.ClientCertificate([]byte(tc.value))))
			if err == nil || c != nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error = %v, want one with %q", err, tc.want)
			}
			clean(t, "the error", err.Error())
			if bytes.Contains([]byte(err.Error()), []byte("TUlJ")) { // MII in base64
				t.Errorf("the error shows the certificate: %v", err)
			}
		})
	}
}

func TestAPodWithoutItsFederatedTokenSaysToRestartIt(t *testing.T) {
	here := t.TempDir()
	empty := filepath.Join(here, "empty")
	must(t, os.WriteFile(empty, nil, 0o600))
	for name, tc := range map[string]struct{ file, want string }{
		"started before the webhook": {"", "is not set"},
		"no file":                    {filepath.Join(here, "token"), "is not there"},
		"an empty file":              {empty, "is empty"},
		"a directory":                {here, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AZURE_FEDERATED_TOKEN_FILE", tc.file)
			_, err := tenant.Place{}.Credential(identity(tenant.WorkloadIdentity()))
			for _, want := range []string{tc.want, "azure.workload.identity/use=true", "restart the pod"} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error = %v, want one with %q", err, want)
				}
			}
		})
	}
}
