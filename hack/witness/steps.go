package main

import (
	"fmt"
	"net/http"
)

// step is one thing to find out. In a path {user} is the object id, {mobile}, {alternateMobile} and {office} are the
// ids of the methods, the same for every user.
type step struct {
	asks   string // what is not known, and the name of the step in the recording
	with   phones // what the user has before, exactly
	method string
	path   string
	body   any
	times  int // how often it is sent, one after the other without a pause; 0: once
}

// phones are numbers by phone type.
type phones map[string]string

// The numbers are kept for fiction by their numbering plans, or are no numbers at all.
// Sources: https://www.nationalnanpa.com (555-0100 to 555-0199), https://www.ofcom.org.uk (020 7946 0xxx)
const (
	numberA = "+1 2065550100"
	numberB = "+1 2065550101"
	british = "+44 2079460000"
	nowhere = "+999 2065550100"         // no country has this code
	tooLong = "+1 20655501000000000000" // more digits than E.164 has
	noSpace = "+12065550100"            // E.164, without Graph's space
	withExt = "+1 2065550100x12"        // an extension
	nobody  = "00000000-0000-4000-8000-000000000000"
	methods = "users/{user}/authentication/phoneMethods"
)

func number(phoneType, n string) map[string]any {
	return map[string]any{"phoneType": phoneType, "phoneNumber": n}
}

// part is one request inside a batch.
func part(id, method, path string, body any, after ...string) map[string]any {
	p := map[string]any{"id": id, "method": method, "url": "/" + path}
	if body != nil {
		p["headers"], p["body"] = map[string]any{"Content-Type": "application/json"}, body
	}
	if len(after) > 0 {
		p["dependsOn"] = after
	}
	return p
}

func batch(parts ...map[string]any) map[string]any { return map[string]any{"requests": parts} }

// steps are all of them, ordered so that few phones have to be made in between.
func steps() []step {
	none, mobile := phones{}, phones{"mobile": numberA}
	both := phones{"mobile": numberA, "alternateMobile": numberB}
	many := make([]map[string]any, 21)
	for i := range many {
		many[i] = part(fmt.Sprint(i), http.MethodGet, methods, nil)
	}
	return []step{
		{asks: "the user, with isManagementRestricted", with: none, method: "GET", path: "users/{user}?$select=id,isManagementRestricted"},
		{asks: "no phones", with: none, method: "GET", path: methods},
		{asks: "a method that the user does not have", with: none, method: "GET", path: methods + "/{mobile}"},
		{asks: "a method id that no type has", with: none, method: "GET", path: methods + "/" + nobody},
		{asks: "a user that is not there", with: none, method: "GET", path: "users/" + nobody + "/authentication/phoneMethods"},
		{asks: "a segment that is not there", with: none, method: "GET", path: "users/{user}/authentication/noSuchMethods"},
		{asks: "a verb that is not there", with: none, method: "DELETE", path: methods},
		{asks: "methods with $top", with: none, method: "GET", path: "users/{user}/authentication/methods?$top=99"},
		{asks: "alternateMobile without mobile", with: none, method: "POST", path: methods, body: number("alternateMobile", numberB)},
		{asks: "a number of no country", with: none, method: "POST", path: methods, body: number("mobile", nowhere)},
		{asks: "a number with too many digits", with: none, method: "POST", path: methods, body: number("mobile", tooLong)},
		{asks: "a number without a space", with: none, method: "POST", path: methods, body: number("mobile", noSpace)},
		{asks: "a mobile with an extension", with: none, method: "POST", path: methods, body: number("mobile", withExt)},
		{asks: "a create with smsSignInState", with: none, method: "POST", path: methods, body: map[string]any{
			"phoneType": "mobile", "phoneNumber": numberA, "smsSignInState": "ready"}},
		{asks: "PATCH of a method that is not there", with: none, method: "PATCH", path: methods + "/{office}", body: number("office", british)},
		{asks: "DELETE of a method that is not there", with: none, method: "DELETE", path: methods + "/{office}"},
		{asks: "a create", with: none, method: "POST", path: methods, body: number("mobile", numberA)},
		{asks: "a batch with a create", with: none, method: "POST", path: "$batch", body: batch(
			part("1", "POST", methods, number("mobile", numberA)))},
		{asks: "a create of a type that is there", with: mobile, method: "POST", path: methods, body: number("mobile", numberB)},
		{asks: "how a number is written back", with: phones{"mobile": british}, method: "GET", path: methods},
		{asks: "PATCH to another type", with: mobile, method: "PATCH", path: methods + "/{mobile}", body: number("office", numberA)},
		{asks: "PATCH to another number", with: mobile, method: "PATCH", path: methods + "/{mobile}", body: number("mobile", numberB)},
		{asks: "SMS sign-in is switched on", with: mobile, method: "POST", path: methods + "/{mobile}/enableSmsSignIn"},
		{asks: "SMS sign-in is switched off", with: mobile, method: "POST", path: methods + "/{mobile}/disableSmsSignIn"},
		{asks: "DELETE of the mobile before the alternateMobile", with: both, method: "DELETE", path: methods + "/{mobile}"},
		{asks: "a batch in a chain, with a 204 and a 424", with: both, method: "POST", path: "$batch", body: batch(
			part("1", "DELETE", methods+"/{alternateMobile}", nil),
			part("2", "DELETE", methods+"/{office}", nil, "1"),
			part("3", "GET", methods, nil, "2"))},
		{asks: "a batch with PATCH", with: mobile, method: "POST", path: "$batch", body: batch(
			part("1", "PATCH", methods+"/{mobile}", number("mobile", numberB)))},
		{asks: "a batch neither sequential nor parallel", with: none, method: "POST", path: "$batch", body: batch(
			part("1", "GET", methods, nil), part("2", "GET", methods, nil, "1"), part("3", "GET", methods, nil))},
		{asks: "a batch of 21", with: none, method: "POST", path: "$batch", body: batch(many...)},
		{asks: "the last method is deleted", with: mobile, method: "DELETE", path: methods + "/{mobile}"},
		{asks: "twelve reads at once", with: none, method: "GET", path: methods, times: 12},
	}
}
