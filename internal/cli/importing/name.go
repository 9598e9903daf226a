package importing

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/entraops/phone-operator/internal/phone"
)

var (
	labels    = regexp.MustCompile(`^[a-z0-9]+([-.][a-z0-9]+)*$`)
	notInName = regexp.MustCompile(`[^a-z0-9]+`)
)

// nameOf is the name of a user's resource: "ada-at-contoso.com-mobile". It depends on user and type alone, so that a table
// which grew gives the same names. Two users never share one: where something of the user's name cannot be in it, a digest
// stands for that.
func nameOf(user string, t phone.Type) string {
	user = strings.ToLower(user)
	local, domain, found := strings.Cut(user, "@")
	name := local
	if found {
		name += "-at-" + domain
	}
	if !labels.MatchString(local) || found && !labels.MatchString(domain) || strings.Contains(local+"-", "-at-") {
		digest := sha256.Sum256([]byte(user))
		name = strings.Trim(notInName.ReplaceAllString(local, "-"), "-")
		if found {
			name = strings.TrimPrefix(name+"-at-", "-") + strings.Trim(notInName.ReplaceAllString(domain, "-"), "-")
		}
		name += "-" + hex.EncodeToString(digest[:4])
	}
	return name + "-" + strings.ToLower(string(t))
}
