package v1alpha1_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

const (
	sayOneNumber = "spec: set exactly one of phoneNumber and phoneNumberFrom"
	sayQuotes    = "spec.phoneNumber: put the number in quotes: without them YAML makes it an integer"
	sayForm      = "spec.phoneNumber: write + and the country code, one space and the digits of the number, such as '+1 2065550100' (office with an extension: '+1 2065550100x123'), or E.164 without spaces, such as '+12065550100'"
	sayDigits    = "spec.phoneNumber: a number has at most 15 digits, country code included and extension left out: look for a digit too many"
	sayExtension = "spec.phoneNumber: an extension has at most 10 digits"
	sayOffice    = "spec.phoneNumber: only an office phone has an extension: leave out the x and what follows it, or use phoneType office"
	sayMobile    = "spec.smsSignIn: only a mobile phone can be used for SMS sign-in: leave smsSignIn out, or use phoneType mobile"
	sayPlain     = "spec.phoneNumber: there are characters in it that cannot be seen or are not plain ASCII: write the number anew as plain text"
	sayQuoted    = "spec.phoneNumber: leave out the apostrophe in front, which spreadsheets put there"
	sayFloat     = "spec.phoneNumber: this is scientific notation, as spreadsheets and helm --set write long numbers, and digits may be lost: write the whole number as text (helm --set-string)"
	sayAreaCode  = "spec.phoneNumber: in North America and the Caribbean the country code is +1: put the space after the 1, or leave it out"
	sayUser      = "spec.user: write the user principal name, such as ada@contoso.com, or the object id, a GUID; a name has only A-Z a-z 0-9 ' . - _ ! # ^ ~ before its one @ (a $ at its beginning only, no dot right before the @), and wildcards are not possible"
	sayUserSize  = "spec.user: write a user principal name with at most 64 characters before the @ and 48 after it, or the object id"
	sayUserStays = "spec.user: user cannot be changed: delete this resource and create another for the other user"
	sayTypeStays = "spec.phoneType: phoneType cannot be changed: delete this resource and create another of the other type"
	sayTenant    = "spec.tenantRef: tenantRef cannot be changed (absent means default): delete this resource and create another for the other tenant"
	sayTenantRef = "spec.tenantRef.name: write the name of an EntraTenant: lower-case letters, digits and - with a letter or digit at both ends"
	saySecret    = "spec.phoneNumberFrom.secretKeyRef.name: write the name of a Secret: lower-case letters, digits, - and . with a letter or digit at both ends"
	saySecretKey = "spec.phoneNumberFrom.secretKeyRef.key: write a key of the Secret's data: letters, digits, - _ and ."
)

const adaMobile = `{user: ada@contoso.com, phoneType: mobile, phoneNumber: "+1 2065550100"}`

// mobileOf and numbered are adaMobile with another user or another number.
func mobileOf(user string) string {
	return fmt.Sprintf(`{user: %q, phoneType: mobile, phoneNumber: "+1 2065550100"}`, user)
}

func numbered(phoneType, number string) string {
	return fmt.Sprintf(`{user: ada@contoso.com, phoneType: %s, phoneNumber: %q}`, phoneType, number)
}

func from(secret, key string) string {
	return fmt.Sprintf(`{user: ada@contoso.com, phoneType: mobile, phoneNumberFrom: {secretKeyRef: {name: %q, key: %q}}}`, secret, key)
}

func in(tenant string) string {
	return fmt.Sprintf(`{user: ada@contoso.com, phoneType: mobile, phoneNumber: "+1 2065550100", tenantRef: {name: %q}}`, tenant)
}

func with(field string) string {
	return strings.TrimSuffix(adaMobile, "}") + ", " + field + "}"
}

var acceptedPhones = map[string]string{
	"Graph's form of a mobile":                 adaMobile,
	"plain E.164":                              numbered("mobile", "+12065550100"),
	"a country code of three digits":           numbered("mobile", "+353 200000100"),
	"a short number of a small country":        numbered("mobile", "+683 4000"),
	"fifteen digits":                           numbered("mobile", "+49 1520000000100"),
	"an alternate mobile":                      numbered("alternateMobile", "+1 2065550100"),
	"an office phone":                          numbered("office", "+1 2065550100"),
	"an office phone with an extension":        numbered("office", "+1 2065550100x123"),
	"an extension behind a capital X":          numbered("office", "+1 2065550100X123"),
	"an extension on plain E.164":              numbered("office", "+12065550100x123"),
	"an extension of ten digits":               numbered("office", "+1 2065550100x1234567890"),
	"a number from a Secret":                   from("ada-phones", "mobile"),
	"a Secret with dots in name and key":       from("ada.phones", "mobile_1.TXT"),
	"a user principal name of every letter":    mobileOf("Ada.O'Brien-b_c!d#e^f~9@mail.con-toso.com"),
	"a user principal name that begins with $": mobileOf("$svc@contoso.com"),
	"an object id":                             mobileOf("0f1c2d3e-4a5b-6c7d-8e9f-000000000001"),
	"an object id in capitals":                 mobileOf("0F1C2D3E-4A5B-6C7D-8E9F-000000000001"),
	"a guest's user principal name":            mobileOf("ada_fabrikam.com#EXT#@contoso.onmicrosoft.com"),
	"a guest with a long address":              mobileOf(strings.Repeat("a", 60) + "_fabrikam.com#EXT#@contoso.onmicrosoft.com"),
	"64 characters before the @":               mobileOf(strings.Repeat("a", 64) + "@contoso.com"),
	"48 characters after the @":                mobileOf("ada@" + strings.Repeat("c", 44) + ".com"),
	"another tenant":                           in("contoso"),
	"a tenant with a name of 63 characters":    in(strings.Repeat("t", 63)),
	"SMS sign-in on a mobile":                  with("smsSignIn: Enabled"),
	"SMS sign-in switched off on a mobile":     with("smsSignIn: Disabled"),
	"every policy by name":                     with("adoptionPolicy: IfNumberMatches, driftPolicy: Correct, deletionPolicy: Delete"),
	"every other policy":                       with("adoptionPolicy: Always, driftPolicy: Report, deletionPolicy: Orphan, suspend: true"),
	"the adoption policy Never":                with("adoptionPolicy: Never"),
	"an office phone from a Secret":            `{user: ada@contoso.com, phoneType: office, phoneNumberFrom: {secretKeyRef: {name: a, key: b}}}`,
}

var refusedPhones = map[string]refusal{
	"no number at all": {
		spec: `{user: ada@contoso.com, phoneType: mobile}`,
		want: []string{sayOneNumber},
	},
	"a number and a Secret": {
		spec: with(`phoneNumberFrom: {secretKeyRef: {name: a, key: b}}`),
		want: []string{sayOneNumber},
	},
	"a number that YAML reads as an integer": {
		spec: `{user: ada@contoso.com, phoneType: mobile, phoneNumber: 12065550142}`,
		want: []string{sayQuotes},
	},
	"a number that YAML reads as a fraction": {
		spec: `{user: ada@contoso.com, phoneType: mobile, phoneNumber: +206.5550142}`,
		want: []string{`spec.phoneNumber: spec.phoneNumber in body must be of type integer,string: "number"`},
	},
	"an empty number":                      {spec: numbered("mobile", ""), want: []string{sayForm}},
	"a number without its country code":    {spec: numbered("mobile", "2065550142"), want: []string{sayForm}},
	"a number that starts with 00":         {spec: numbered("mobile", "001 2065550142"), want: []string{sayForm}},
	"a country code that starts with 0":    {spec: numbered("mobile", "+0 2065550142"), want: []string{sayForm}},
	"a country code of four digits":        {spec: numbered("mobile", "+4420 79460000"), want: []string{sayForm}},
	"an area code beside the country code": {spec: numbered("mobile", "+1242 3550100"), want: []string{sayAreaCode}},
	"scientific notation":                  {spec: numbered("mobile", "1.2065550142e+10"), want: []string{sayFloat}},
	"scientific notation with a plus":      {spec: numbered("mobile", "+1.2065550142E10"), want: []string{sayFloat}},
	"an apostrophe in front":               {spec: numbered("mobile", "'+12065550142"), want: []string{sayQuoted}},
	"an apostrophe before a sixteenth":     {spec: numbered("mobile", "'+12065550142065551"), want: []string{sayQuoted}},
	"a no-break space":                     {spec: numbered("mobile", "+1\u00a02065550142"), want: []string{sayPlain}},
	"a narrow no-break space":              {spec: numbered("mobile", "+1\u202f2065550142"), want: []string{sayPlain}},
	"a no-break hyphen":                    {spec: numbered("mobile", "+1\u20112065550142"), want: []string{sayPlain}},
	"a variation selector":                 {spec: numbered("mobile", "+1\ufe0d 2065550142"), want: []string{sayPlain}},
	"a Hangul filler":                      {spec: numbered("mobile", "+1 206\u31645550142"), want: []string{sayPlain}},
	"a word joiner":                        {spec: numbered("mobile", "+1 206\u20605550142"), want: []string{sayPlain}},
	"marks of writing direction":           {spec: numbered("mobile", "\u202a+1 2065550142\u202c"), want: []string{sayPlain}},
	"a byte order mark":                    {spec: numbered("mobile", "\ufeff+1 2065550142"), want: []string{sayPlain}},
	"a tab":                                {spec: numbered("mobile", "+1\t2065550142"), want: []string{sayPlain}},
	"a number in groups":                   {spec: numbered("mobile", "+1 206 555 0142"), want: []string{sayForm}},
	"a number with brackets and hyphens":   {spec: numbered("mobile", "+1 (206) 555-0142"), want: []string{sayForm}},
	"a space before the number":            {spec: numbered("mobile", " +1 2065550142"), want: []string{sayForm}},
	"a line break after the number":        {spec: numbered("mobile", "+1 2065550142\n"), want: []string{sayPlain}},
	"a number of three digits":             {spec: numbered("mobile", "+1 555"), want: []string{sayForm}},
	"a masked number":                      {spec: numbered("mobile", "+1 ********00"), want: []string{sayForm}},
	"digits that are not ASCII":            {spec: numbered("mobile", "+1 ٢٠٦٥٥٥٠١٠٠"), want: []string{sayPlain}},
	"a word for an extension":              {spec: numbered("office", "+1 2065550142 ext. 123"), want: []string{sayForm}},
	"an x without an extension":            {spec: numbered("office", "+1 2065550142x"), want: []string{sayForm}},
	"sixteen digits":                       {spec: numbered("mobile", "+49 15200000001001"), want: []string{sayDigits}},
	"sixteen digits without a space":       {spec: numbered("office", "+4915200000001001x1"), want: []string{sayDigits}},
	"an extension of eleven digits":        {spec: numbered("office", "+1 2065550142x12345678901"), want: []string{sayExtension}},
	"a capital extension of eleven digits": {spec: numbered("office", "+1 2065550142X12345678901"), want: []string{sayExtension}},
	"an extension on a mobile":             {spec: numbered("mobile", "+1 2065550142x123"), want: []string{sayOffice}},
	"a capital extension on an alternate":  {spec: numbered("alternateMobile", "+1 2065550142X123"), want: []string{sayOffice}},
	"more than any number has":             {spec: numbered("mobile", "+1 "+strings.Repeat("20655501", 4)), want: []string{sayDigits}},
	"SMS sign-in on an office phone":       {spec: `{user: ada@contoso.com, phoneType: office, phoneNumber: "+1 2065550142", smsSignIn: Enabled}`, want: []string{sayMobile}},
	"SMS sign-in off on an alternate":      {spec: `{user: ada@contoso.com, phoneType: alternateMobile, phoneNumber: "+1 2065550142", smsSignIn: Disabled}`, want: []string{sayMobile}},
	"no user":                              {spec: `{phoneType: mobile, phoneNumber: "+1 2065550142"}`, want: []string{"spec.user: Required value"}},
	"a name without a domain":              {spec: mobileOf("ada"), want: []string{sayUser}},
	"a domain without a dot":               {spec: mobileOf("ada@contoso"), want: []string{sayUser}},
	"a domain without a name":              {spec: mobileOf("@contoso.com"), want: []string{sayUser}},
	"a dollar sign within a name":          {spec: mobileOf("a$b@contoso.com"), want: []string{sayUser}},
	"two dollar signs":                     {spec: mobileOf("$$svc@contoso.com"), want: []string{sayUser}},
	"a dollar sign and no name":            {spec: mobileOf("$@contoso.com"), want: []string{sayUser}},
	"two @":                                {spec: mobileOf("ada@fabrikam.com@contoso.com"), want: []string{sayUser}},
	"a dot right before the @":             {spec: mobileOf("ada.@contoso.com"), want: []string{sayUser}},
	"a slash in a name":                    {spec: mobileOf("ada/../ben@contoso.com"), want: []string{sayUser}},
	"a question mark in a name":            {spec: mobileOf("ada?$select=id@contoso.com"), want: []string{sayUser}},
	"a percent sign in a name":             {spec: mobileOf("ada%2f@contoso.com"), want: []string{sayUser}},
	"a space in a name":                    {spec: mobileOf("ada lovelace@contoso.com"), want: []string{sayUser}},
	"a wildcard":                           {spec: mobileOf("*@contoso.com"), want: []string{sayUser}},
	"a letter with an accent":              {spec: mobileOf("adà@contoso.com"), want: []string{sayUser}},
	"a letter that only looks like ASCII":  {spec: mobileOf("аda@contoso.com"), want: []string{sayUser}}, // Cyrillic а
	"a line break after a name":            {spec: mobileOf("ada@contoso.com\n"), want: []string{sayUser}},
	"an object id in braces":               {spec: mobileOf("{0f1c2d3e-4a5b-6c7d-8e9f-000000000001}"), want: []string{sayUser}},
	"an object id without hyphens":         {spec: mobileOf("0f1c2d3e4a5b6c7d8e9f000000000001"), want: []string{sayUser}},
	"me":                                   {spec: mobileOf("me"), want: []string{sayUser}},
	"65 characters before the @":           {spec: mobileOf(strings.Repeat("a", 65) + "@contoso.com"), want: []string{sayUserSize}},
	"49 characters after the @":            {spec: mobileOf("ada@" + strings.Repeat("c", 45) + ".com"), want: []string{sayUserSize}},
	"a longer user than Entra has":         {spec: mobileOf(strings.Repeat("a", 80) + "#EXT#@" + strings.Repeat("c", 44) + ".com"), want: []string{"spec.user: Too long: may not be more than 113 bytes"}},
	"no phone type":                        {spec: `{user: ada@contoso.com, phoneNumber: "+1 2065550142"}`, want: []string{"spec.phoneType: Required value"}},
	"a phone type that Graph does not know": {
		spec: numbered("home", "+1 2065550142"),
		want: []string{`spec.phoneType: Unsupported value: "home": supported values: "mobile", "alternateMobile", "office"`},
	},
	"an adoption policy there is not": {
		spec: with("adoptionPolicy: Sometimes"),
		want: []string{`spec.adoptionPolicy: Unsupported value: "Sometimes": supported values: "IfNumberMatches", "Always", "Never"`},
	},
	"a drift policy there is not": {
		spec: with("driftPolicy: Ignore"),
		want: []string{`spec.driftPolicy: Unsupported value: "Ignore": supported values: "Correct", "Report"`},
	},
	"a deletion policy there is not": {
		spec: with("deletionPolicy: Retain"),
		want: []string{`spec.deletionPolicy: Unsupported value: "Retain": supported values: "Delete", "Orphan"`},
	},
	"SMS sign-in neither on nor off": {
		spec: with("smsSignIn: Maybe"),
		want: []string{`spec.smsSignIn: Unsupported value: "Maybe": supported values: "Enabled", "Disabled"`},
	},
	"a number from nowhere": {
		spec: `{user: ada@contoso.com, phoneType: mobile, phoneNumberFrom: {}}`,
		want: []string{"spec.phoneNumberFrom.secretKeyRef: Required value"},
	},
	"a Secret of another namespace":     {spec: from("other/ada-phones", "mobile"), want: []string{saySecret}},
	"a Secret without a name":           {spec: from("", "mobile"), want: []string{saySecret}},
	"a Secret key with a slash":         {spec: from("ada-phones", "a/b"), want: []string{saySecretKey}},
	"a Secret without a key":            {spec: from("ada-phones", ""), want: []string{saySecretKey}},
	"a tenantRef without a name":        {spec: with("tenantRef: {}"), want: []string{"spec.tenantRef.name: Required value"}},
	"a tenantRef with an empty name":    {spec: in(""), want: []string{sayTenantRef}},
	"a tenantRef with a dot":            {spec: in("contoso.com"), want: []string{sayTenantRef}},
	"a tenantRef in capitals":           {spec: in("Contoso"), want: []string{sayTenantRef}},
	"a tenantRef longer than a label":   {spec: in(strings.Repeat("t", 64)), want: []string{"spec.tenantRef.name: Too long: may not be more than 63 bytes"}},
	"a Secret name longer than a name":  {spec: from(strings.Repeat("s", 254), "mobile"), want: []string{"spec.phoneNumberFrom.secretKeyRef.name: Too long: may not be more than 253 bytes"}},
	"a Secret key longer than a key is": {spec: from("ada-phones", strings.Repeat("k", 254)), want: []string{"spec.phoneNumberFrom.secretKeyRef.key: Too long: may not be more than 253 bytes"}},
	"another user":                      {before: adaMobile, spec: mobileOf("ben@contoso.com"), want: []string{sayUserStays}},
	"the same user in capitals":         {before: adaMobile, spec: mobileOf("ADA@contoso.com"), want: []string{sayUserStays}},
	"another phone type":                {before: adaMobile, spec: numbered("office", "+1 2065550142"), want: []string{sayTypeStays}},
	"a tenantRef added":                 {before: adaMobile, spec: in("contoso"), want: []string{sayTenant}},
	"a tenantRef taken away":            {before: in("contoso"), spec: adaMobile, want: []string{sayTenant}},
	"another tenantRef":                 {before: in("contoso"), spec: in("fabrikam"), want: []string{sayTenant}},
}

// A change of what may change is stored, from the first spec to the second.
var acceptedPhoneChanges = map[string][2]string{
	"another number":                   {adaMobile, numbered("mobile", "+1 2065550101")},
	"the number moves to a Secret":     {adaMobile, from("ada-phones", "mobile")},
	"the number moves out of a Secret": {from("ada-phones", "mobile"), adaMobile},
	"another Secret":                   {from("ada-phones", "mobile"), from("ada-phones-2", "m")},
	"the default tenant by its name":   {adaMobile, in("default")},
	"the default tenant without it":    {in("default"), adaMobile},
	"suspend, policies and SMS sign-in": {adaMobile,
		with("smsSignIn: Enabled, adoptionPolicy: Always, driftPolicy: Report, deletionPolicy: Orphan, suspend: true")},
}

func TestPhoneAuthenticationMethodIsAccepted(t *testing.T) {
	for sentence, spec := range acceptedPhones {
		t.Run(sentence, func(t *testing.T) {
			accept(t, object(t, "PhoneAuthenticationMethod", "p", spec))
		})
	}
	for sentence, specs := range acceptedPhoneChanges {
		t.Run(sentence, func(t *testing.T) {
			o := object(t, "PhoneAuthenticationMethod", "p", specs[0])
			store(t, o)
			was := o.DeepCopy()
			setSpec(t, o, specs[1])
			if err := recorded(t, was).Patch(t.Context(), o.DeepCopy(), client.MergeFrom(was)); err != nil {
				t.Errorf("refused offline: %v", err)
			}
			if err := k8s(t).Update(t.Context(), o, client.DryRunAll); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestPhoneAuthenticationMethodIsRefused(t *testing.T) {
	for sentence, c := range refusedPhones {
		t.Run(sentence, func(t *testing.T) {
			err := refuse(t, "PhoneAuthenticationMethod", c)
			n := number(t, c.spec)
			if n != "" && strings.Contains(err.Error(), n) {
				t.Errorf("the refusal repeats the number: %v", err)
			}
			if diff := cmp.Diff(slices.Sorted(slices.Values(c.want)), causes(err)); diff != "" {
				t.Errorf("causes (-want +got):\n%s", diff)
			}
		})
	}
}

// number is the phone number in a spec, or "".
func number(t *testing.T, spec string) string {
	t.Helper()
	var s struct{ PhoneNumber any }
	if err := yaml.Unmarshal([]byte(spec), &s); err != nil {
		t.Fatal(err)
	}
	if s.PhoneNumber == nil {
		return ""
	}
	return fmt.Sprint(s.PhoneNumber)
}

// refuse sends a refusal's spec to the API server and returns its error; it fails
// the test if there is none.
func refuse(t *testing.T, kind string, c refusal) error {
	t.Helper()
	var err, offline error
	if c.before == "" {
		err = k8s(t).Create(t.Context(), object(t, kind, "p", c.spec), client.DryRunAll)
		offline = recorded(t).Create(t.Context(), object(t, kind, "p", c.spec))
	} else {
		o := object(t, kind, "p", c.before)
		store(t, o)
		was := o.DeepCopy()
		setSpec(t, o, c.spec)
		offline = recorded(t, was).Patch(t.Context(), o.DeepCopy(), client.MergeFrom(was))
		err = k8s(t).Update(t.Context(), o, client.DryRunAll)
	}
	if err == nil || offline == nil {
		t.Fatalf("accepted: online %v, offline %v", err, offline)
	}
	if diff := cmp.Diff(causes(err), causes(offline)); diff != "" {
		t.Errorf("a recording says something else (-online +offline):\n%s", diff)
	}
	return err
}
