package emulator

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"sync"
)

// signingKey signs the tokens of every emulator in the process. Making one takes a
// while; tokens of one server are refused by another for their audience.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return key
})

// keyID is short for the public key.
var keyID = sync.OnceValue(func() string {
	sum := sha256.Sum256(signingKey().N.Bytes())
	return base64.RawURLEncoding.EncodeToString(sum[:20])
})

// keySet is the JSON Web Key Set that the discovery document points to.
func keySet() map[string]any {
	encode := base64.RawURLEncoding.EncodeToString
	public := signingKey().PublicKey
	return map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID(), "x5t": keyID(),
		"n": encode(public.N.Bytes()), "e": encode(big.NewInt(int64(public.E)).Bytes()),
	}}}
}
