package controllers_test

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// What the API server says again and again, by its beginning.
var (
	oneNumber = refused("set exactly one of phoneNumber and phoneNumberFrom")
	form      = refused("write + and the country code, one space and the digits of the number, such as '+1 2065550100'")
	plain     = refused("there are characters in it that cannot be seen or are not plain ASCII: write the number anew as plain text")
	userForm  = refused("write the user principal name, such as ada@contoso.com, or the object id, a GUID")
)

var manifests = chapter{
	title: "PhoneAuthenticationMethod: the manifest",
	intro: "`kubectl apply` refuses these, and nothing is stored. An edit that is refused leaves the resource as it was.",
	kind:  "PhoneAuthenticationMethod",
	rows: []badInput{
		{what: "No spec", given: `spec: null`, says: refused("spec: Required value")},
		{what: "No user", given: `user: null`, says: refused("spec.user: Required value")},
		{what: "No phone type", given: `phoneType: null`, says: refused("spec.phoneType: Required value")},
		{what: "No number and no Secret", given: `phoneNumber: null`, says: oneNumber},
		{what: "A number and a Secret", given: `phoneNumberFrom: {secretKeyRef: {name: ada-phones, key: mobile}}`, says: oneNumber},
		{what: "A field that does not exist", given: `phoneNumbre: "+1 2065550142"`, says: refused(`unknown field "spec.phoneNumbre"`)},
		{what: "A field in the wrong place", given: `secretKeyRef: {name: ada-phones, key: mobile}`, says: refused(`unknown field "spec.secretKeyRef"`)},
		{what: "A phone type as Entra's portal writes it", given: `phoneType: Mobile`, says: refused(`Unsupported value: "Mobile": supported values: "mobile", "alternateMobile", "office"`)},
		{what: "A policy that does not exist", given: `deletionPolicy: Retain`, says: refused(`Unsupported value: "Retain": supported values: "Delete", "Orphan"`)},
		{what: "A policy in lower case", given: `adoptionPolicy: always`, says: refused(`Unsupported value: "always": supported values: "IfNumberMatches", "Always", "Never"`)},
		{what: "smsSignIn as a boolean", given: `smsSignIn: true`, says: refused(`spec.smsSignIn: Invalid value: "boolean": spec.smsSignIn in body must be of type string: "boolean"`)},
		{what: "suspend as a word", given: `suspend: "yes"`, says: refused(`spec.suspend in body must be of type boolean: "string"`)},
		{what: "smsSignIn on an office phone", given: `{phoneType: office, smsSignIn: Enabled}`, says: refused("only a mobile phone can be used for SMS sign-in: leave smsSignIn out, or use phoneType mobile")},
		{what: "A tenantRef that is a word", given: `tenantRef: contoso`, says: refused(`spec.tenantRef in body must be of type object: "string"`)},
		{what: "A tenantRef without a name", given: `tenantRef: {}`, says: refused("spec.tenantRef.name: Required value")},
		{what: "A domain as tenantRef", given: `tenantRef: {name: contoso.com}`, says: refused("write the name of an EntraTenant: lower-case letters, digits and -")},
		{what: "A Secret of another namespace", given: `{phoneNumber: null, phoneNumberFrom: {secretKeyRef: {name: other/ada-phones, key: mobile}}}`, says: refused("write the name of a Secret: lower-case letters, digits, - and .")},
		{what: "A namespace beside the Secret's name", given: `{phoneNumber: null, phoneNumberFrom: {secretKeyRef: {namespace: other, name: ada-phones, key: mobile}}}`, says: refused(`unknown field "spec.phoneNumberFrom.secretKeyRef.namespace"`)},
		{what: "A Secret without a key", given: `{phoneNumber: null, phoneNumberFrom: {secretKeyRef: {name: ada-phones}}}`, says: refused("spec.phoneNumberFrom.secretKeyRef.key: Required value")},
		{what: "Another user, in an edit", was: `{}`, given: `user: ben@contoso.com`, says: refused("user cannot be changed: delete this resource and create another for the other user")},
		{what: "Another phone type, in an edit", was: `{}`, given: `phoneType: office`, says: refused("phoneType cannot be changed: delete this resource and create another of the other type")},
		{what: "Another tenant, in an edit", was: `{}`, given: `tenantRef: {name: contoso}`, says: refused("tenantRef cannot be changed (absent means default): delete this resource and create another for the other tenant")},
	},
}

var numbersInManifests = chapter{
	title: "PhoneAuthenticationMethod: the number in the manifest",
	intro: "`kubectl apply` refuses these. No refusal repeats the number: refusals end up in logs of pipelines.",
	kind:  "PhoneAuthenticationMethod",
	rows: []badInput{
		{what: "Without quotes: YAML drops the plus sign and makes it an integer", given: `phoneNumber: +12065550142`, says: refused("put the number in quotes: without them YAML makes it an integer")},
		{what: "Empty", given: `phoneNumber: ""`, says: form},
		{what: "No plus sign", given: `phoneNumber: "1 2065550142"`, says: form},
		{what: "No country code", given: `phoneNumber: "2065550142"`, says: form},
		{what: "00 for the plus sign", given: `phoneNumber: "001 2065550142"`, says: form},
		{what: "Letters", given: `phoneNumber: "+1 206555CALL"`, says: form},
		{what: "Dashes", given: `phoneNumber: "+1 206-555-0142"`, says: form},
		{what: "Parentheses", given: `phoneNumber: "+1 (206) 5550142"`, says: form},
		{what: "Groups", given: `phoneNumber: "+1 206 555 0142"`, says: form},
		{what: "A tab for the space", given: `phoneNumber: "+1\t2065550142"`, says: plain},
		{what: "A line break after it", given: `phoneNumber: "+1 2065550142\n"`, says: plain},
		{what: "Full-width digits", given: `phoneNumber: "+1 ２０６５５５０１４２"`, says: plain},
		{what: "Arabic digits", given: `phoneNumber: "+1 ٢٠٦٥٥٥٠١٤٢"`, says: plain},
		{what: "A no-break space", given: `phoneNumber: "+1\u00a02065550142"`, says: plain},
		{what: "A no-break hyphen", given: `phoneNumber: "+1\u20112065550142"`, says: plain},
		{what: "Marks of writing direction, as copied from a list of contacts", given: `phoneNumber: "\u202a+1 2065550142\u202c"`, says: plain},
		{what: "A variation selector, as copied from a PDF", given: `phoneNumber: "+1\ufe0d 2065550142"`, says: plain},
		{what: "The apostrophe of a spreadsheet", given: `phoneNumber: "'+12065550142"`, says: refused("leave out the apostrophe in front, which spreadsheets put there")},
		{what: "Scientific notation", given: `phoneNumber: "1.2065550142e+10"`, says: refused("this is scientific notation, as spreadsheets and helm --set write long numbers, and digits may be lost: write the whole number as text (helm --set-string)")},
		{what: "The area code beside the country code, as lists of countries write it", given: `phoneNumber: "+1206 5550142"`, says: refused("in North America and the Caribbean the country code is +1: put the space after the 1, or leave it out")},
		{what: "tel: before it", given: `phoneNumber: "tel:+12065550142"`, says: form},
		{what: "Masked, as Entra shows it", given: `phoneNumber: "+1 XXXXXXXX42"`, says: form},
		{what: "Two numbers", given: `phoneNumber: "+1 2065550142, +1 2065550143"`, says: form},
		{what: "Too short", given: `phoneNumber: "+1 142"`, says: form},
		{what: "Too long", given: `phoneNumber: "+1 2065550142065551"`, says: refused("a number has at most 15 digits, country code included and extension left out: look for a digit too many")},
		{what: "An extension on a mobile", given: `phoneNumber: "+1 2065550142x12"`, says: refused("only an office phone has an extension: leave out the x and what follows it, or use phoneType office")},
		{what: "Two extensions", given: `{phoneType: office, phoneNumber: "+1 2065550142x12x13"}`, says: form},
		{what: "ext. for the x", given: `{phoneType: office, phoneNumber: "+1 2065550142 ext. 12"}`, says: form},
		{what: "An extension that is too long", given: `{phoneType: office, phoneNumber: "+1 2065550142x12345678901"}`, says: refused("an extension has at most 10 digits")},
		{what: "A list", given: `phoneNumber: ["+1 2065550142"]`, says: refused(`spec.phoneNumber in body must be of type integer,string: "array"`)},
		{what: "A country code that no country has", given: `phoneNumber: "+999 2065550142"`, broken: unusable,
			says: notAccepted(v1alpha1.ReasonInvalidNumber, "The number in spec.phoneNumber cannot be used: no country has this country code: begin with a plus sign and the country code.")},
		{what: "The space in the wrong place", given: `phoneNumber: "+12 065550142"`, broken: unusable,
			says: notAccepted(v1alpha1.ReasonInvalidNumber, "The number in spec.phoneNumber cannot be used: the space is not where the country code ends: put it after the country code, or leave it out.")},
		{what: "Too short for any number, written without a space", given: `phoneNumber: "+353142"`, broken: unusable,
			says: notAccepted(v1alpha1.ReasonInvalidNumber, "The number in spec.phoneNumber cannot be used: the number is too short: after the country code come at least four digits.")},
	},
}

var users = chapter{
	title: "PhoneAuthenticationMethod: the user",
	intro: "What no user principal name and no object id can be is refused at apply.",
	kind:  "PhoneAuthenticationMethod",
	rows: []badInput{
		{what: "Empty", given: `user: ""`, says: refused(`spec.user: Invalid value: "": spec.user in body should be at least 1 chars long`)},
		{what: "A display name", given: `user: Ada Lovelace`, says: userForm},
		{what: "No domain", given: `user: ada`, says: userForm},
		{what: "Two @", given: `user: ada@fabrikam.com@contoso.com`, says: userForm},
		{what: "A slash", given: `user: ada/../ben@contoso.com`, says: userForm},
		{what: "A space", given: `user: ada lovelace@contoso.com`, says: userForm},
		{what: "A wildcard", given: `user: "*@contoso.com"`, says: userForm},
		{what: "An accent", given: `user: adà@contoso.com`, says: userForm},
		{what: "A letter that only looks Latin", given: `user: аda@contoso.com`, says: userForm},
		{what: "A query", given: `user: ada@contoso.com?$select=id`, says: userForm},
		{what: "Percent-encoded", given: `user: ada%40contoso.com`, says: userForm},
		{what: "A guest's own address with a plus sign", given: `user: ada+test@fabrikam.com`, says: userForm},
		{what: "An object id in braces", given: `user: "{0f1c2d3e-4a5b-6c7d-8e9f-000000000001}"`, says: userForm},
		{what: "An object id without dashes", given: `user: 0f1c2d3e4a5b6c7d8e9f000000000001`, says: userForm},
		{what: "mailto: before it", given: `user: mailto:ada@contoso.com`, says: userForm},
		{what: "Longer than any name in Entra", given: `user: ` + strings.Repeat("a", 105) + `@contoso.com`, says: refused("spec.user: Too long: may not be more than 113 bytes")},
		{what: "65 characters before the @", given: `user: ` + strings.Repeat("a", 65) + `@contoso.com`, says: refused("write a user principal name with at most 64 characters before the @ and 48 after it, or the object id")},
		{what: "A number", given: `user: 42`, says: refused(`spec.user in body must be of type string: "integer"`)},
		{what: "A user whom Entra does not know, in the first two minutes", given: `user: nobody@contoso.com`, broken: stored,
			says: notAccepted(v1alpha1.ReasonUserNotFound, "Entra does not know this user yet. A new user can take minutes to show; the operator keeps looking.")},
		{what: "A guest by the own address; Entra has another name for guests", given: `user: ada@fabrikam.com`, broken: stored,
			says: notAccepted(v1alpha1.ReasonUserNotFound, "Entra does not know this user yet.")},
	},
}

const unknown = metav1.ConditionUnknown

func notAccepted(reason, message string) says {
	return sees(v1alpha1.ConditionAccepted, no, reason, message)
}

// stored is a manifest that the API server takes.
func stored(s *story, name, given string) []client.Object { return s.storedAs(name, given, "") }

// unusable is a manifest that the API server takes, of a user that there is.
func unusable(s *story, name, given string) []client.Object {
	return s.storedAs(name, given, s.user().UPN)
}

func (s *story) storedAs(name, given, user string) []client.Object {
	o := s.manifest(s.t, "PhoneAuthenticationMethod", name, given)
	spec := o.Object["spec"].(map[string]any)
	delete(spec, "suspend")
	if user != "" {
		spec["user"] = user
	}
	return []client.Object{o}
}

// noNumber is said of every value that is no number: it must not tell what else a Secret holds.
const noNumber = `is no phone number that can be used: write "+<country code> <number>", an office phone's also with ` +
	`"x<extension>", on one line of plain ASCII text, without characters that cannot be seen (such as a byte order mark).`

var numbersInSecrets = chapter{
	title: "PhoneAuthenticationMethod: the number in a Secret",
	intro: "These cannot be seen at apply. The resource says the same of every value that is no number, since it must not tell what else " +
		"a Secret holds, and goes on as soon as the Secret is right.",
	rows: []badInput{
		{what: "No Secret", given: "", broken: fromSecret(nil), says: notAccepted(v1alpha1.ReasonNumberSourceNotFound, `in this namespace: create it with the number under key "mobile".`)},
		{what: "The Secret is deleted later; the phone stays registered", broken: secretThatGoes,
			says: notAccepted(v1alpha1.ReasonNumberSourceNotFound, `in this namespace: create it with the number under key "mobile".`)},
		{what: "Another key", given: "", broken: fromSecret(func(o *corev1.Secret) { o.Data = map[string][]byte{"number": []byte("+1 2065550142")} }),
			says: notAccepted(v1alpha1.ReasonNumberSourceNotFound, `has no key "mobile": add it, with the number as its value.`)},
		{what: "A Secret of type kubernetes.io/tls", given: "", broken: fromSecret(func(o *corev1.Secret) {
			o.Type, o.Data = corev1.SecretTypeTLS, map[string][]byte{"tls.crt": nil, "tls.key": nil}
		}), says: notAccepted(v1alpha1.ReasonNumberSourceNotFound, `has no key "mobile": add it, with the number as its value.`)},
		inSecret("Empty", ""),
		inSecret("Only white space", " \n"),
		inSecret("No plus sign", "12065550142"),
		inSecret("National form", "(206) 555-0142"),
		inSecret("Dashes", "+1 206-555-0142"),
		inSecret("Two lines", "+1 2065550142\n+1 2065550143\n"),
		inSecret("JSON", `{"mobile": "+1 2065550142"}`),
		inSecret("Quotes that came along", `"+1 2065550142"`),
		inSecret("A byte order mark, as PowerShell writes it", "\ufeff+1 2065550142"),
		inSecret("UTF-16, as PowerShell writes it", utf16("+1 2065550142\r\n")),
		inSecret("A zero-width space from a web page", "+1 2065550142\u200b"),
		inSecret("A space that does not break", "+1\u00a02065550142"),
		inSecret("Bytes that are no text", "\xff\xfe\x00+1 2065550142"),
		inSecret("Base64 twice", "KzEgMjA2NTU1MDE0Mg=="),
		inSecret("Full-width digits", "+1 ２０６５５５０１４２"),
		inSecret("The apostrophe of a spreadsheet", "'+12065550142"),
		inSecret("Scientific notation", "1.2065550142e+10"),
		inSecret("The area code beside the country code", "+1206 5550142"),
		inSecret("An extension on a mobile", "+1 2065550142x12"),
		inSecret("An x without an extension", "+1 2065550142x"),
		inSecret("Too long", "+1 2065550142065551"),
		inSecret("Far too long: the most that a Secret holds", strings.Repeat("+1 2065550142 ", 70_000)),
	},
}

// fromSecret is a resource with its number in a Secret; nil: there is none.
func fromSecret(change func(*corev1.Secret)) func(s *story, name, given string) []client.Object {
	return func(s *story, name, _ string) []client.Object {
		o := s.pam(name, s.user().UPN, mobile, "")
		o.Spec.PhoneNumberFrom = &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: "phones-" + name, Key: "mobile"}}
		if change == nil {
			return []client.Object{o}
		}
		phones := secret(s.namespace, "phones-"+name, "mobile", "")
		change(phones)
		return []client.Object{phones, o}
	}
}

// secretThatGoes is a resource that was Ready until its Secret was deleted.
func secretThatGoes(s *story, name, given string) []client.Object {
	made := fromSecret(func(o *corev1.Secret) { o.Data["mobile"] = []byte("+1 2065550144") })(s, name, given)
	s.apply(made...)
	s.ready(name)
	must(s.t, s.Delete(s.t.Context(), made[0]))
	return nil
}

// inSecret is a value of a Secret that is no number.
func inSecret(what, value string) badInput {
	given := fmt.Sprintf("%q", value)
	if len(given) > 60 {
		given = given[:17] + `..."`
	}
	return badInput{
		what: what, given: given,
		broken: fromSecret(func(o *corev1.Secret) { o.Data["mobile"] = []byte(value) }),
		says:   notAccepted(v1alpha1.ReasonInvalidNumber, noNumber),
	}
}

func utf16(s string) string {
	var b strings.Builder
	b.WriteString("\xff\xfe")
	for _, r := range s {
		b.WriteByte(byte(r))
		b.WriteByte(0)
	}
	return b.String()
}

var resources = chapter{
	title: "PhoneAuthenticationMethod: what does not fit together",
	intro: "Each manifest is right by itself. What is in the way is in another resource, in Entra or in the rules of the tenant.",
	rows: []badInput{
		{what: "An EntraTenant that does not exist", broken: one(func(_ *story, o *v1alpha1.PhoneAuthenticationMethod) {
			o.Spec.TenantRef = &v1alpha1.TenantReference{Name: "nowhere"}
		}), says: notAccepted(v1alpha1.ReasonTenantNotFound, `There is no EntraTenant "nowhere": name one that exists in spec.tenantRef, or ask an administrator to create it.`)},
		{what: "One phone claimed twice", broken: twice(func(u emulator.User) string { return u.UPN }),
			says: notAccepted(v1alpha1.ReasonConflict, "a user has one of each type. Delete one of the two; this one takes over when the other goes.")},
		{what: "One phone claimed twice, the second time by object id", broken: twice(func(u emulator.User) string { return strings.ToUpper(u.ID) }),
			says: notAccepted(v1alpha1.ReasonConflict, "a user has one of each type. Delete one of the two; this one takes over when the other goes.")},
		{what: "One phone claimed twice, the second time in capitals", broken: twice(func(u emulator.User) string { return strings.ToUpper(u.UPN) }),
			says: notAccepted(v1alpha1.ReasonConflict, "a user has one of each type. Delete one of the two; this one takes over when the other goes.")},
		{what: "An alternateMobile without a mobile", broken: one(func(_ *story, o *v1alpha1.PhoneAuthenticationMethod) {
			o.Spec.PhoneType = alternate
		}), says: sees(v1alpha1.ConditionSynced, no, v1alpha1.ReasonWaitingForMobile, "Graph wants a mobile before an alternateMobile: create a PhoneAuthenticationMethod with phoneType mobile for this user.")},
		{what: "A phone that the user has already, with another number", broken: one(func(s *story, o *v1alpha1.PhoneAuthenticationMethod) {
			o.Spec.User = s.user(func(u *emulator.User) { u.Phones = map[string]string{"mobile": "+1 2065550199"} }).UPN
		}), says: sees(v1alpha1.ConditionSynced, no, v1alpha1.ReasonAlreadyExists, "To take it over and make it what spec says, set spec.adoptionPolicy: Always; or remove it in Entra.")},
		{what: "A phone that the user has already, and adoptionPolicy Never", broken: one(func(s *story, o *v1alpha1.PhoneAuthenticationMethod) {
			o.Spec.User = s.user(func(u *emulator.User) { u.Phones = map[string]string{"mobile": "+1 2065550142"} }).UPN
			o.Spec.AdoptionPolicy = v1alpha1.AdoptNever
		}), says: sees(v1alpha1.ConditionSynced, no, v1alpha1.ReasonAlreadyExists, "and adoptionPolicy is Never")},
		{what: "A user who holds a directory role", broken: one(func(s *story, o *v1alpha1.PhoneAuthenticationMethod) {
			o.Spec.User = s.user(func(u *emulator.User) {
				u.Roles = []emulator.Role{{TemplateID: "62e90394-69f5-4237-9190-012177145e10", DisplayName: "Global Administrator"}}
			}).UPN
		}), says: notAccepted(v1alpha1.ReasonPrivilegedUser, "privilegedUsers: Deny: manage this user's phones by hand.")},
		{what: "A number that Graph refuses", broken: one(func(s *story, o *v1alpha1.PhoneAuthenticationMethod) {
			u := s.user()
			must(s.t, s.graph.AddFault(emulator.Fault{Method: "POST", Path: u.ID + "/authentication/phoneMethods$", Effect: emulator.Answer, Status: 400, Code: "badRequest"}))
			o.Spec.User = u.UPN
		}), says: sees(v1alpha1.ConditionSynced, no, v1alpha1.ReasonRejected, "check that the number exists and is right for a phone of type mobile.")},
		{what: "smsSignIn for a user whom the tenant's policy leaves out", broken: one(func(_ *story, o *v1alpha1.PhoneAuthenticationMethod) {
			o.Spec.SMSSignIn, o.Spec.PhoneNumber = v1alpha1.SMSSignInEnabled, "+1 2065550144" // is registered
		}), says: sees(v1alpha1.ConditionReady, no, v1alpha1.ReasonSMSSignInNotAsAsked, "Check the tenant's SMS sign-in policy for this user")},
	},
}

// one is a resource of a user of its own, changed.
func one(change func(*story, *v1alpha1.PhoneAuthenticationMethod)) func(s *story, name, given string) []client.Object {
	return func(s *story, name, _ string) []client.Object {
		o := s.pam(name, "", mobile, "+1 2065550142")
		change(s, o)
		if o.Spec.User == "" {
			o.Spec.User = s.user().UPN
		}
		return []client.Object{o}
	}
}

// twice are two resources for one phone. The one of the name comes second.
func twice(spelling func(emulator.User) string) func(s *story, name, given string) []client.Object {
	return func(s *story, name, _ string) []client.Object {
		u := s.user()
		s.apply(s.pam("a-"+name, u.UPN, mobile, "+1 2065550141"))
		s.ready("a-" + name)
		return []client.Object{s.pam(name, spelling(u), mobile, "+1 2065550142")}
	}
}
