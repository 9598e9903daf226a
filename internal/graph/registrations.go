package graph

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/entraops/phone-operator/internal/phone"
)

// Registration is which types of phones a user has, by a report of Graph that is hours behind.
type Registration struct {
	User  string // the object id, in lower case
	Types []phone.Type
}

// registeredAs are the words of the report.
//
// Source: https://learn.microsoft.com/graph/api/resources/userregistrationdetails
var registeredAs = map[string]phone.Type{
	"mobilePhone": phone.Mobile, "alternateMobilePhone": phone.AlternateMobile, "officePhone": phone.Office,
}

// Registrations reads one page of the registration report: all users of the tenant, in no
// order that counts. next is "" for the first page, or what the page before it had. A tenant
// without a licence for the report is Restricted.
//
// Source: https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails
func (c *Client) Registrations(ctx context.Context, next string) (Page[Registration], error) {
	r := call{op: "list registrations", method: http.MethodGet, path: "reports/authenticationMethods/userRegistrationDetails", needs: readAudits}
	read, err := onePage[registrationBody](ctx, c, r, url.Values{"$top": {"999"}}, next)
	p := Page[Registration]{Next: read.Next, Now: read.Now}
	for _, row := range read.Rows {
		if IsGUID(row.ID) {
			p.Rows = append(p.Rows, row.registration())
		}
	}
	return p, err
}

type registrationBody struct {
	ID         string   `json:"id"`
	Registered []string `json:"methodsRegistered"`
}

func (b registrationBody) registration() Registration {
	r := Registration{User: strings.ToLower(b.ID)}
	for _, word := range b.Registered {
		if t, ok := registeredAs[word]; ok {
			r.Types = append(r.Types, t)
		}
	}
	return r
}
