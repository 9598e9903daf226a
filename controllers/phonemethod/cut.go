package phonemethod

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unique"
)

// mostText is how many bytes the operator keeps of a text that editors write, be it in
// memory, in status or in a log line.
const mostText = 256

// cut returns text that is longer than mostText as its beginning and a digest of all of
// it: two texts that differ somewhere are still two. What it returned it returns again.
func cut(text string) string {
	if len(text) <= mostText {
		return strings.Clone(text) // not a part of something larger
	}
	sum := sha256.Sum256([]byte(text))
	end := "...sha256:" + hex.EncodeToString(sum[:16])
	return strings.ToValidUTF8(text[:mostText-len(end)], "") + end
}

// shared returns s as it lies in memory already, if it does.
func shared[S ~string](s S) S { return unique.Make(s).Value() }
