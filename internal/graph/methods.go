package graph

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"github.com/entraops/phone-operator/internal/phone"
)

// PhoneMethod is a phone authentication method as Graph shows it.
type PhoneMethod struct {
	ID             string
	Type           phone.Type
	Number         phone.Reading // Graph reformats numbers, and may mask them
	SMSSignInState phone.SMSSignInState
}

// methodIDs are the same for every user of every tenant.
//
// Source: https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod
var methodIDs = map[phone.Type]string{
	phone.Mobile:          "3179e48a-750b-4051-897c-87b9720928f7",
	phone.AlternateMobile: "b6332ec1-7057-4abe-9331-3d72feddfe41",
	phone.Office:          "e37fc753-ff3b-4958-9484-eaa9425c82bc",
}

// MethodID returns the id that Graph gives to the method of a type, or "" for a type
// that Graph does not have.
func MethodID(t phone.Type) string { return methodIDs[t] }

// PhoneMethods lists the phones of a user, in the order Graph has them, at most one of
// each type. Types that Graph may add one day are left out. userID is the object id,
// here and in all calls for methods: with names of guests some of them fail, and one
// has been seen to do nothing.
//
// Source: https://learn.microsoft.com/graph/api/authentication-list-phonemethods
func (c *Client) PhoneMethods(ctx context.Context, userID string) ([]PhoneMethod, error) {
	const op = "list phone methods"
	path, ok := methodsPath(userID)
	if !ok {
		return nil, noUser(op)
	}
	rows, err := list[methodBody](ctx, c, call{op: op, method: http.MethodGet, path: path, needs: readPhones})
	if err != nil {
		return nil, err
	}
	methods := make([]PhoneMethod, 0, len(rows))
	seen := map[phone.Type]bool{}
	for _, row := range rows {
		m, known := row.method()
		if !known && row.ID == "" && row.PhoneType == "" {
			return nil, &Error{Kind: Unavailable, Op: op, Cause: "the answer has a method that does not say which one it is"}
		}
		if !known {
			continue
		}
		if seen[m.Type] { // one of the two would be overlooked
			return nil, &Error{Kind: Unavailable, Op: op, Cause: "the answer has two methods of one type"}
		}
		seen[m.Type] = true
		methods = append(methods, m)
	}
	return methods, nil
}

// CreatePhoneMethod adds the phone of a type. Graph refuses a second one of a type, and
// an alternateMobile before a mobile.
//
// Source: https://learn.microsoft.com/graph/api/authentication-post-phonemethods
func (c *Client) CreatePhoneMethod(ctx context.Context, userID string, t phone.Type, n phone.Number) (PhoneMethod, error) {
	const op = "create phone method"
	path, ok := methodsPath(userID)
	if !ok {
		return PhoneMethod{}, noUser(op)
	}
	var created methodBody
	r := call{op: op, method: http.MethodPost, path: path, body: requestBody{n.Graph(), t}, needs: writePhones}
	if err := c.send(ctx, r, &created); err != nil {
		return PhoneMethod{}, err
	}
	m, _ := created.method() // complete
	return m, nil
}

// UpdatePhoneMethod changes the number of the phone of a type. The type of a phone
// cannot change.
//
// Source: https://learn.microsoft.com/graph/api/phoneauthenticationmethod-update
func (c *Client) UpdatePhoneMethod(ctx context.Context, userID string, t phone.Type, n phone.Number) error {
	return c.write(ctx, "update phone method", http.MethodPatch, userID, t, "", requestBody{n.Graph(), t})
}

// DeletePhoneMethod removes the phone of a type. Graph refuses to remove the user's
// default method, and a mobile before the alternateMobile. A method that is not there
// is NotFound.
//
// Source: https://learn.microsoft.com/graph/api/phoneauthenticationmethod-delete
func (c *Client) DeletePhoneMethod(ctx context.Context, userID string, t phone.Type) error {
	return c.write(ctx, "delete phone method", http.MethodDelete, userID, t, "", nil)
}

// EnableSMSSignIn lets the user sign in with text messages to the mobile.
//
// Source: https://learn.microsoft.com/graph/api/phoneauthenticationmethod-enablesmssignin
func (c *Client) EnableSMSSignIn(ctx context.Context, userID string) error {
	return c.smsSignIn(ctx, "enable SMS sign-in", userID, "/enableSmsSignIn")
}

// DisableSMSSignIn takes back EnableSMSSignIn.
//
// Source: https://learn.microsoft.com/graph/api/phoneauthenticationmethod-disablesmssignin
func (c *Client) DisableSMSSignIn(ctx context.Context, userID string) error {
	return c.smsSignIn(ctx, "disable SMS sign-in", userID, "/disableSmsSignIn")
}

func (c *Client) smsSignIn(ctx context.Context, op, userID, action string) error {
	if c.noSMSSignIn {
		return &Error{Kind: Refused, Op: op, Cause: "this cloud has no SMS sign-in"}
	}
	return c.write(ctx, op, http.MethodPost, userID, phone.Mobile, action, nil)
}

// write sends a request to the method of a type and wants no answer but the status.
func (c *Client) write(ctx context.Context, op, method, userID string, t phone.Type, action string, body any) error {
	path, ok := methodsPath(userID)
	if !ok {
		return noUser(op)
	}
	id := MethodID(t)
	if id == "" {
		return &Error{Kind: Refused, Op: op, Cause: "Graph has no such phone type"}
	}
	r := call{op: op, method: method, path: path + "/" + id + action, body: body, needs: writePhones}
	return c.send(ctx, r, nil)
}

// requestBody is a phone method as Graph wants it written: both keys, always.
type requestBody struct {
	PhoneNumber string     `json:"phoneNumber"`
	PhoneType   phone.Type `json:"phoneType"`
}

// methodBody is a phone method as Graph writes it. Graph adds to it over time. An
// answer that cannot be understood in what tells the methods apart is unreadable: a
// phone that is overlooked is taken for gone. An odd number is one that is not known.
type methodBody struct {
	ID             string `json:"id"`
	PhoneNumber    text   `json:"phoneNumber"`
	PhoneType      string `json:"phoneType"`
	SMSSignInState text   `json:"smsSignInState"`
}

func (b *methodBody) complete() bool {
	_, known := b.method()
	return known
}

// method reads the row. Its type is known by its id first: that is what a write will
// go to.
func (b *methodBody) method() (PhoneMethod, bool) {
	m := PhoneMethod{
		ID:             strings.ToLower(b.ID),
		Number:         phone.Read(string(b.PhoneNumber)),
		SMSSignInState: stateOf(string(b.SMSSignInState)),
	}
	for _, t := range phone.Types() {
		if m.ID == MethodID(t) {
			m.Type = t
			return m, true
		}
	}
	for _, t := range phone.Types() {
		if b.PhoneType == string(t) {
			m.Type = t
			return m, true
		}
	}
	return m, false
}

// A state is a word, also one that Graph adds later.
var stateForm = regexp.MustCompile(`^[A-Za-z]{1,40}$`)

// stateOf keeps out of status and messages what cannot be a state: other texts are
// Graph's own word for one that is not known. Nothing stays nothing.
func stateOf(s string) phone.SMSSignInState {
	if s != "" && !stateForm.MatchString(s) {
		return phone.UnknownState
	}
	return phone.SMSSignInState(s)
}

func methodsPath(userID string) (string, bool) {
	path, ok := userPath(userID)
	return path + "/authentication/phoneMethods", ok
}

func noUser(op string) *Error {
	return &Error{Kind: Refused, Op: op, Cause: "this is no object id of a user"}
}
