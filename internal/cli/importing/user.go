package importing

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The CRD's rules for spec.user.
var (
	principalName = regexp.MustCompile(`^[$]?[A-Za-z0-9'._!#^~-]*[A-Za-z0-9'_!#^~-]@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)+$`)
	guid          = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
)

const (
	longestUser   = 113
	longestName   = 64 // before the @, but for guests
	longestDomain = 48
)

// methodIDs are the ids of every user's phone methods: in some exports the column Id is the method's.
var methodIDs = []string{"3179e48a-750b-4051-897c-87b9720928f7", "b6332ec1-7057-4abe-9331-3d72feddfe41", "e37fc753-ff3b-4958-9484-eaa9425c82bc"}

// userOf reads a cell that names a user; wrong says why it does not.
func userOf(cell string) (user string, wrong *refusal) {
	user = strings.TrimFunc(cell, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == '"' || r == '=' })
	switch {
	case user == "":
		return "", noUser
	case guid.MatchString(user):
		if slices.Contains(methodIDs, strings.ToLower(user)) {
			return "", methodID
		}
		return user, nil
	case !strings.Contains(user, "@"):
		return "", bareLogin
	case !principalName.MatchString(user) || len(user) > longestUser:
		return "", notAName
	}
	name, domain, _ := strings.Cut(user, "@")
	guest := strings.Contains(strings.ToUpper(user), "#EXT#@")
	if len(domain) > longestDomain || len(name) > longestName && !guest {
		return "", notAName
	}
	return user, nil
}

// IsUser reports whether spec.user may be this name or object id.
func IsUser(name string) bool {
	user, wrong := userOf(name)
	return wrong == nil && user == name
}

// refusal is why a cell or row is left out.
type refusal struct{ reason, sentence string }

var (
	noUser    = &refusal{"NoUser", "the row names no user"}
	bareLogin = &refusal{"NotAPrincipalName", "this is no user principal name: it has no @; give the column that has one, or the object id"}
	notAName  = &refusal{"NotAPrincipalName", "this is no user principal name that Entra could have"}
	methodID  = &refusal{"MethodID", "this is the id of a phone method, which all users share: give the column with the user"}
	noType    = &refusal{"UnknownPhoneType", "the type of the phone is none of mobile, alternateMobile and office"}
)
