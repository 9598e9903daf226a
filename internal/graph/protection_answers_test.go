package graph_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/graph"
)

// What refusals mean, by question, by what the token carries and by what was answered before.
func TestWhatARefusalMeansToTheQuestions(t *testing.T) {
	const removed = graph.Revoked
	denied := reply{status: 403, body: said("Authorization_RequestDenied", "")}
	noLicence := reply{status: 400, body: said("AadPremiumLicenseRequired", "")}
	both := func(roles, groups graph.Answer) map[graph.View]graph.Answer {
		m := map[graph.View]graph.Answer{graph.OwnedGroups: graph.Answered}
		if roles != "" {
			m[graph.EligibleRoles] = roles
		}
		if groups != "" {
			m[graph.EligibleGroups] = groups
		}
		return m
	}
	owns := func(owned graph.Answer, m map[graph.View]graph.Answer) map[graph.View]graph.Answer {
		if m[graph.OwnedGroups] = owned; owned == "" {
			delete(m, graph.OwnedGroups)
		}
		return m
	}
	noPIM := with("User.Read.All", readGroups, readRoles)
	opaque := func(o *graph.Options) { o.Credential = staticToken{} }
	for name, tc := range map[string]struct {
		token    option
		before   []graph.View
		answers  map[string]reply
		views    map[graph.View]graph.Answer
		kind     graph.Kind
		needs    string
		unasked  string // a question that must not be asked
		asked    string // one that must be
		answered bool   // nobody is protected, and that is an answer
	}{
		"all answer": {token: everything, views: both(graph.Answered, graph.Answered), answered: true},

		"a permission that the token lacks is not tried":                  {token: noPIM, views: both(graph.Answered, graph.NotGranted), answered: true, unasked: mayGroup},
		"both permissions that it lacks":                                  {token: with("User.Read.All", readGroups, "Directory.Read.All"), views: both(graph.NotGranted, graph.NotGranted), answered: true, unasked: mayRole},
		"a narrower permission will do":                                   {token: with("User.Read.All", readGroups, "Directory.Read.All", "RoleEligibilitySchedule.Read.Directory"), views: both(graph.Answered, graph.NotGranted), answered: true},
		"a permission that was taken away: groups":                        {token: noPIM, before: []graph.View{graph.EligibleGroups}, answers: map[string]reply{mayGroup: denied}, views: both(graph.Answered, removed), kind: graph.Forbidden, needs: pimGroups},
		"a permission that was taken away: roles":                         {token: with("User.Read.All", readGroups, "Directory.Read.All"), before: []graph.View{graph.EligibleRoles}, answers: map[string]reply{mayRole: denied}, views: both(removed, graph.NotGranted), kind: graph.Forbidden, needs: readRoles},
		"a permission that was taken away, and Graph still answers":       {token: noPIM, before: []graph.View{graph.EligibleGroups}, views: both(graph.Answered, graph.Answered), answered: true},
		"refused though the token has the permission: roles":              {token: everything, answers: map[string]reply{mayRole: denied}, views: both("", graph.Answered), kind: graph.Unavailable},
		"refused though the token has the permission: groups":             {token: everything, answers: map[string]reply{mayGroup: denied}, views: both(graph.Answered, ""), kind: graph.Unavailable},
		"refused though it has the permission, after an answer":           {token: everything, before: []graph.View{graph.EligibleRoles}, answers: map[string]reply{mayRole: denied}, views: both("", graph.Answered), kind: graph.Unavailable},
		"refused though a permission is there that should do: roles":      {token: with("User.Read.All", readGroups, "RoleManagement.ReadWrite.Directory"), answers: map[string]reply{mayRole: denied}, views: both("", graph.NotGranted), kind: graph.Forbidden, needs: readRoles},
		"refused though a permission should do, after an answer":          {token: with("User.Read.All", readGroups, "RoleManagement.ReadWrite.Directory"), before: []graph.View{graph.EligibleRoles}, answers: map[string]reply{mayRole: denied}, views: both("", graph.NotGranted), kind: graph.Unavailable},
		"refused without a code though a permission should do":            {token: with("User.Read.All", readGroups, "RoleManagement.ReadWrite.Directory"), answers: map[string]reply{mayRole: {status: 403}}, views: both("", graph.NotGranted), kind: graph.Unavailable},
		"a permission that does not open what it should":                  {token: with("User.Read.All", readGroups, "RoleManagement.Read.All"), views: both(graph.NotGranted, graph.NotGranted), answered: true, unasked: mayRole},
		"refused to a token that cannot be read":                          {token: opaque, answers: map[string]reply{mayGroup: denied}, views: both(graph.Answered, ""), kind: graph.Unavailable},
		"memberships refused though the token has the permission":         {token: everything, answers: map[string]reply{memberOf: denied}, views: both(graph.Answered, graph.Answered), kind: graph.Unavailable},
		"assignments refused though the token has the permission":         {token: everything, answers: map[string]reply{assigned: denied}, views: both(graph.Answered, graph.Answered), kind: graph.Unavailable},
		"memberships refused to a token without the permission":           {token: with(readRoles), answers: map[string]reply{memberOf: denied}, views: both(graph.Answered, graph.NotGranted), kind: graph.Forbidden, needs: readGroups},
		"assignments refused to a token without the permission":           {token: with(readGroups, "User.Read.All"), answers: map[string]reply{assigned: denied}, views: both(graph.NotGranted, graph.NotGranted), kind: graph.Forbidden, needs: readRoles},
		"owned groups, asked for without a permission known to open them": {token: with(readGroups, readRoles), views: both(graph.Answered, graph.NotGranted), answered: true, asked: owned},
		"owned groups refused to who may read groups only":                {token: with(readGroups, readRoles), answers: map[string]reply{owned: denied}, views: owns(graph.NotGranted, both(graph.Answered, graph.NotGranted)), answered: true, asked: owned},
		"owned groups refused that showed before":                         {token: with(readGroups, readRoles), before: []graph.View{graph.OwnedGroups}, answers: map[string]reply{owned: denied}, views: owns("", both(graph.Answered, graph.NotGranted)), kind: graph.Forbidden, needs: "User.Read.All", asked: owned},
		"owned groups refused by who is not Graph":                        {token: with(readGroups, readRoles), answers: map[string]reply{owned: {status: 403}}, views: owns("", both(graph.Answered, graph.NotGranted)), kind: graph.Unavailable},
		"owned groups refused to a token that cannot be read":             {token: opaque, answers: map[string]reply{owned: denied}, views: owns(graph.NotGranted, both(graph.Answered, graph.Answered)), answered: true},
		"a 404 to owned groups is about the user":                         {token: everything, answers: map[string]reply{owned: {status: 404, body: said("Request_ResourceNotFound", "")}}, views: owns("", both(graph.Answered, graph.Answered)), kind: graph.NotFound},
		"owned groups refused to who may read users":                      {token: noPIM, answers: map[string]reply{owned: denied}, views: owns(graph.NotGranted, both(graph.Answered, graph.NotGranted)), answered: true},
		"owned groups of one user refused to who may read users":          {token: noPIM, before: []graph.View{graph.OwnedGroups}, answers: map[string]reply{owned: denied}, views: owns("", both(graph.Answered, graph.NotGranted)), kind: graph.Forbidden},
		"owned groups refused in words that nobody knows":                 {token: noPIM, answers: map[string]reply{owned: {status: 403, body: said("UnknownError", "")}}, views: owns("", both(graph.Answered, graph.NotGranted)), kind: graph.Unavailable},
		"memberships refused to a token that cannot be read":              {token: opaque, answers: map[string]reply{memberOf: denied}, views: both(graph.Answered, graph.Answered), kind: graph.Unavailable},
		"no licence":                                                  {token: everything, answers: map[string]reply{mayRole: noLicence, mayGroup: noLicence}, views: both(graph.Unlicensed, graph.Unlicensed), answered: true},
		"no licence, after an answer":                                 {token: everything, before: []graph.View{graph.EligibleRoles, graph.EligibleGroups}, answers: map[string]reply{mayRole: noLicence, mayGroup: noLicence}, views: both(graph.Unlicensed, graph.Unlicensed), answered: true},
		"no licence, said with another status":                        {token: everything, answers: map[string]reply{mayRole: {status: 403, body: said("AadPremiumLicenseRequired", "")}}, views: both(graph.Unlicensed, graph.Answered), answered: true},
		"a licence for what needs none":                               {token: everything, answers: map[string]reply{assigned: noLicence}, views: both(graph.Answered, graph.Answered), kind: graph.Refused},
		"another 400 is no answer":                                    {token: everything, answers: map[string]reply{mayRole: {status: 400, body: said("UnknownError", "")}}, views: both("", graph.Answered), kind: graph.Refused},
		"a 404 is no answer: roles that the user may activate":        {token: everything, answers: map[string]reply{mayRole: {status: 404, body: said("UnknownError", "")}}, views: both("", graph.Answered), kind: graph.Unavailable},
		"a 404 is no answer: groups that the user may join":           {token: everything, answers: map[string]reply{mayGroup: {status: 404, body: said("ResourceNotFound", "")}}, views: both(graph.Answered, ""), kind: graph.Unavailable},
		"a 404 is no answer: assignments are in every cloud":          {token: everything, answers: map[string]reply{assigned: {status: 404, body: said("UnknownError", "")}}, views: both(graph.Answered, graph.Answered), kind: graph.Unavailable},
		"a 404 of another server is no answer":                        {token: everything, answers: map[string]reply{mayRole: {status: 404}}, views: both("", graph.Answered), kind: graph.Unavailable},
		"a 404 to memberships is about the user":                      {token: everything, answers: map[string]reply{memberOf: {status: 404, body: said("Request_ResourceNotFound", "")}}, views: both(graph.Answered, graph.Answered), kind: graph.NotFound},
		"an error is no answer":                                       {token: everything, answers: map[string]reply{mayRole: {status: 500}}, views: both("", graph.Answered), kind: graph.Unavailable},
		"a list that is none":                                         {token: everything, answers: map[string]reply{owned: {status: 200, body: `{}`}}, views: owns("", both(graph.Answered, graph.Answered)), kind: graph.Unavailable},
		"a token that is not accepted":                                {token: everything, answers: map[string]reply{mayRole: {status: 401}}, views: both("", graph.Answered), kind: graph.TokenRefused},
		"a pause":                                                     {token: everything, answers: map[string]reply{mayRole: {status: 429, header: map[string]string{"Retry-After": "7"}}}, views: both("", graph.Answered), kind: graph.Throttled},
		"of two failures the first in the order of the questions":     {token: everything, answers: map[string]reply{assigned: {status: 400, body: said("BadRequest", "")}, mayRole: {status: 500}}, views: both("", graph.Answered), kind: graph.Refused},
		"of two failures the first in the order, the other way round": {token: everything, answers: map[string]reply{memberOf: {status: 500}, assigned: {status: 400, body: said("BadRequest", "")}}, views: both(graph.Answered, graph.Answered), kind: graph.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, collections(tc.answers))
			got, err := s.client(t, tc.token).Protection(t.Context(), adaID, tc.before...)
			if graph.KindOf(err) != tc.kind || len(got.Privileges) > 0 {
				t.Fatalf("error = %v, privileges %v", err, got.Privileges)
			}
			if tc.answered != (err == nil) {
				t.Fatal("the case does not say what it means")
			}
			if err != nil && failure(t, err).Permission != tc.needs {
				t.Errorf("error = %v", err)
			}
			if diff := cmp.Diff(tc.views, got.Views); diff != "" {
				t.Error(diff)
			}
			asked := false
			for _, r := range s.requests() {
				asked = asked || strings.Contains(r.URI, tc.asked)
				if tc.unasked != "" && strings.Contains(r.URI, tc.unasked) {
					t.Errorf("it was asked: %s", r.URI)
				}
			}
			if !asked {
				t.Errorf("%s was not asked", tc.asked)
			}
		})
	}
}

// What one user is refused says nothing of the others: no answer about the view changes
// with the users who are asked about.
func TestAViewWhoseOpeningIsNotKnownDoesNotFlap(t *testing.T) {
	denied := reply{status: 403, body: said("Authorization_RequestDenied", "")}
	answers := map[string]reply{}
	s := serve(t, collections(answers))
	c := s.client(t, with(readGroups, readRoles))
	for range 2 {
		delete(answers, owned)
		got, err := c.Protection(t.Context(), adaID, graph.OwnedGroups)
		if err != nil || got.Views[graph.OwnedGroups] != graph.Answered {
			t.Fatalf("%v, %v", got, err)
		}
		answers[owned] = denied
		got, err = c.Protection(t.Context(), bobID, graph.OwnedGroups)
		if e := failure(t, err); e.Kind != graph.Forbidden || e.Cause != graph.CauseThisUser {
			t.Error(e)
		}
		if answer, said := got.Views[graph.OwnedGroups]; said {
			t.Errorf("the view is %s after a refusal of one user", answer)
		}
	}
}

// The client keeps nothing: the same refusal means the same in a new one.
func TestTheClientRemembersNoAnswer(t *testing.T) {
	answers := map[string]reply{}
	s := serve(t, collections(answers))
	old := s.client(t, everything)
	_, err := old.Protection(t.Context(), adaID)
	must(t, err)
	answers[mayRole] = reply{status: 400, body: said("AadPremiumLicenseRequired", "")}
	for name, c := range map[string]*graph.Client{"old": old, "new": s.client(t, everything)} {
		got, err := c.Protection(t.Context(), adaID)
		if err != nil || got.Views[graph.EligibleRoles] != graph.Unlicensed {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
