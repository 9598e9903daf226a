package importing

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/entraops/phone-operator/internal/phone"
)

// Role is what a column is for.
type Role string

// The roles. A table has either a column for each type of phone, or one number in each row and its type beside it.
const (
	User        Role = "user"
	Mobile      Role = "mobile"
	Alternate   Role = "alternateMobile"
	Office      Role = "office"
	PhoneType   Role = "phoneType"
	PhoneNumber Role = "phoneNumber"
	Extension   Role = "extension"   // of the office phone, or of the row's number
	CallingCode Role = "callingCode" // such as 49, in front of numbers that have none
	Region      Role = "region"      // ISO 3166 or a name
)

// Roles are all of them.
func Roles() []Role {
	return []Role{User, Mobile, Alternate, Office, PhoneType, PhoneNumber, Extension, CallingCode, Region}
}

// spellings are the names of columns in real exports, as bare makes them, the better ones first: what Entra authenticates
// with before what its directory knows, and a principal name before an address.
//
// Sources: Entra's download of users and its bulk templates, Microsoft's page about the migration from MFA Server,
// exports of Get-MgUser, Get-MgUserAuthenticationPhoneMethod and MSOnline, HR systems.
var spellings = map[Role][]string{
	User: {"userprincipalname", "upn", "user", "username", "signinname", "loginname", "login", "benutzerprincipalname", "benutzername", "anmeldename",
		"objectid", "userobjectid", "userid", "id", "primarysmtpaddress", "mail", "email", "emailaddress", "workemail", "emailwork"},
	Mobile: {"authenticationphonenumber", "strongauthenticationphonenumber", "strongauthenticationuserdetailsphonenumber", "authenticationphone",
		"mfaphonenumber", "mfaphone", "primaryphone", "mobilephone", "mobile", "mobilenumber", "mobilephonenumber", "cellphone", "cellphonenumber", "cell",
		"handy", "handynummer", "mobil", "mobilnummer", "mobiltelefon", "telefonmobil", "gsm", "telephonemobile", "portable", "phonenumber", "phone"},
	Alternate: {"authenticationalternativephonenumber", "strongauthenticationalternativephonenumber", "strongauthenticationuserdetailsalternativephonenumber",
		"alternativephonenumber", "alternatephonenumber", "alternatemobile", "alternatemobilephone", "alternativemobile",
		"alternativemobilephone", "alternativephone", "alternatephone", "backupphone"},
	Office: {"businessphones", "businessphone", "telephonenumber", "officephone", "office", "officephonenumber", "workphone", "workphonenumber",
		"telefongeschäftlich", "telefondienstlich", "festnetz", "telefonbüro"},
	PhoneType:   {"phonetype", "phonemethodtype", "methodtype"},
	PhoneNumber: {"phonenumber", "number", "phone"},
	Extension:   {"officeextension", "extension", "phoneextension", "ext", "backupextension", "durchwahl", "nebenstelle"},
	CallingCode: {"callingcode", "countrycallingcode", "phonecountrycode", "dialcode", "primarycountrycode", "vorwahlland"},
	Region:      {"usagelocation", "country", "countryorregion", "countryregion", "countrycode", "isocountrycode", "co", "c", "land", "pays"},
}

// addresses are names of columns that hold a mail address, which may be another than the principal name.
var addresses = []string{"primarysmtpaddress", "mail", "email", "emailaddress", "workemail", "emailwork"}

var bracketed = regexp.MustCompile(`\[([^\]]+)\]`)

// bare is the name of a column without what people write differently: "User name [userPrincipalName] Required" is
// userprincipalname, "MFA Phone#" mfaphone.
func bare(name string) string {
	if m := bracketed.FindStringSubmatch(name); m != nil {
		name = m[1]
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// Columns says which column of a table is for what.
type Columns struct {
	header []string
	at     map[Role]int
}

// Find assigns the columns of a header. named are those that a person named; an empty name leaves the role out.
func Find(header []string, named map[Role]string) (Columns, error) {
	c := Columns{header: header, at: map[Role]int{}}
	bares := make([]string, len(header))
	for i, name := range header {
		bares[i] = bare(name)
	}
	taken := map[int]bool{}
	for role, name := range named {
		if name == "" {
			continue
		}
		i := slices.Index(header, name)
		if i < 0 {
			i = slices.Index(bares, bare(name))
		}
		if i < 0 {
			return c, fmt.Errorf("there is no column %q for %s", name, role)
		}
		c.at[role], taken[i] = i, true
	}
	long := slices.ContainsFunc(spellings[PhoneType], func(s string) bool { return slices.Contains(bares, s) })
	if _, said := named[PhoneType]; said {
		long = named[PhoneType] != ""
	}
	for _, role := range Roles() {
		_, said := named[role]
		wide := role == Mobile || role == Alternate || role == Office
		if said || wide && long || (role == PhoneNumber || role == PhoneType) && !long {
			continue
		}
		for _, s := range spellings[role] {
			if i := slices.Index(bares, s); i >= 0 && !taken[i] {
				c.at[role], taken[i] = i, true
				break
			}
		}
	}
	return c, c.check()
}

// check reports what is missing.
func (c Columns) check() error {
	_, number := c.at[PhoneNumber]
	_, kind := c.at[PhoneType]
	phones := number && kind
	for _, role := range []Role{Mobile, Alternate, Office} {
		if _, found := c.at[role]; found {
			phones = true
		}
	}
	switch _, user := c.at[User]; {
	case !user && !phones:
		return fmt.Errorf("no column has a name that is known")
	case !user:
		return fmt.Errorf("no column names the user")
	case kind && !number:
		return fmt.Errorf("there is a column for the type of a phone, and none for its number")
	case !phones:
		return fmt.Errorf("no column has a phone")
	}
	return nil
}

// Score is how much of a header is known, 0 if it is none.
func Score(header []string, named map[Role]string) int {
	c, err := Find(header, named)
	if err != nil {
		return 0
	}
	return len(c.at)
}

// Name is the name of the column that has a role; "" is none.
func (c Columns) Name(role Role) string {
	if i, found := c.at[role]; found {
		return strings.TrimSpace(c.header[i])
	}
	return ""
}

// phoneWords are in the names of columns that people keep phones in.
var phoneWords = regexp.MustCompile(`(?i)phone|mobil|handy|cell|telefon|gsm|festnetz|\btel\b`)

// Ignored are the columns that have no role, although their names are those of phones.
func (c Columns) Ignored() (names []string) {
	has := map[int]bool{}
	for _, i := range c.at {
		has[i] = true
	}
	for i, name := range c.header {
		if !has[i] && phoneWords.MatchString(name) {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// cell is what a row has for a role.
func (c Columns) cell(cells []string, role Role) string {
	if i, found := c.at[role]; found && i < len(cells) {
		return cells[i]
	}
	return ""
}

// byAddress reports whether users are named by a mail address.
func (c Columns) byAddress() bool {
	return slices.Contains(addresses, bare(c.Name(User)))
}

// typeOf reads a cell that says what kind of phone it is.
func typeOf(cell string) (phone.Type, bool) {
	switch bare(cell) {
	case "mobile", "mobilephone", "cell", "primary", "primarymobile", "0":
		return phone.Mobile, true
	case "alternatemobile", "alternatemobilephone", "alternativemobile", "alternate", "alternative", "backup", "1":
		return phone.AlternateMobile, true
	case "office", "officephone", "business", "businessphone", "work", "workphone", "2":
		return phone.Office, true
	}
	return "", false
}
