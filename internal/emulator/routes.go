package emulator

import (
	"net/http"
	"slices"
	"strings"
)

// permissions are application permissions of which a caller needs any one, and
// the service that refuses a caller with none.
type permissions struct {
	anyOf  []string
	denied func() error
}

// The documented permissions, narrow and broad.
// https://learn.microsoft.com/graph/permissions-reference
var (
	readPhones = permissions{[]string{
		"UserAuthMethod-Phone.Read.All", "UserAuthMethod-Phone.ReadWrite.All",
		"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All",
	}, errMethodsForbidden}
	writePhones = permissions{[]string{
		"UserAuthMethod-Phone.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All",
	}, errMethodsForbidden}
	readMethods = permissions{[]string{
		"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All",
	}, errMethodsForbidden}
	readUsers = permissions{[]string{
		"User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
	}, errDirectoryForbidden}
	readFullUsers = permissions{[]string{
		"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
	}, errDirectoryForbidden}
	readMemberships = permissions{[]string{
		"User.Read.All", "GroupMember.Read.All", "Group.Read.All", "Directory.Read.All", "Directory.ReadWrite.All",
	}, errDirectoryForbidden}
	readGroups = permissions{[]string{
		"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All", "Directory.ReadWrite.All",
	}, errDirectoryForbidden}
	// readOwned: Microsoft's page has no application permission for it at all. User.Read.All
	// alone was seen to do (https://github.com/pnp/pnpcore/issues/1630); that the
	// permissions for groups do is a guess, OwnedObjects.
	readOwned = permissions{[]string{
		"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
		"GroupMember.Read.All", "Group.Read.All",
	}, errDirectoryForbidden}
	readGroupEligibility = permissions{[]string{
		"PrivilegedEligibilitySchedule.Read.AzureADGroup", "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
		"PrivilegedAccess.Read.AzureADGroup", "PrivilegedAccess.ReadWrite.AzureADGroup",
	}, errDirectoryForbidden}
	readAudits    = permissions{[]string{"AuditLog.Read.All"}, errReportsForbidden}
	readDirectory = permissions{[]string{"Directory.Read.All", "Directory.ReadWrite.All"}, errReportsForbidden}

	writeRestricted    = permissions{[]string{"Directory.Write.Restricted"}, errRestricted}
	readDirectoryRoles = permissions{[]string{
		"RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "Directory.Read.All", "Directory.ReadWrite.All",
	}, errDirectoryForbidden}
	readRoles = permissions{[]string{
		"RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All",
		"RoleManagement.ReadWrite.Directory", "Directory.ReadWrite.All",
	}, errDirectoryForbidden}
	// readEligibility: the page of the call lists RoleManagement.Read.All too, which was
	// seen not to do (https://github.com/microsoftgraph/microsoft-graph-docs/issues/17653).
	readEligibility = permissions{[]string{
		"RoleEligibilitySchedule.Read.Directory", "RoleEligibilitySchedule.ReadWrite.Directory",
		"RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory",
	}, errDirectoryForbidden}
)

func (c *call) may(p permissions) bool {
	return slices.ContainsFunc(c.token.Roles, func(role string) bool { return slices.Contains(p.anyOf, role) })
}

// route is one operation. In a pattern, {} stands for a key. Every query option that is not
// among the options is refused.
type route struct {
	method, pattern string
	needs           permissions
	serve           func(*Emulator, *call) (answer, error)
	options         string
}

const phoneMethodPath = "users/{}/authentication/phoneMethods/{}"

var routes = []route{
	{http.MethodGet, "users", readUsers, (*Emulator).listUsers, "$select $filter $top $count $skiptoken"},
	{http.MethodGet, "users/{}", readUsers, (*Emulator).getUser, "$select"},
	{http.MethodGet, "users/{}/authentication/methods", readMethods, (*Emulator).listMethods, "$top"},
	{http.MethodGet, "users/{}/authentication/methods/{}", readMethods, (*Emulator).getMethod, ""},
	{http.MethodGet, "users/{}/authentication/phoneMethods", readPhones, (*Emulator).listPhones, "$select $filter $top"},
	{http.MethodPost, "users/{}/authentication/phoneMethods", writePhones, (*Emulator).createPhone, ""},
	{http.MethodGet, "users/{}/authentication/phoneMethods/$count", readPhones, (*Emulator).countPhones, "$filter"},
	{http.MethodGet, phoneMethodPath, readPhones, (*Emulator).getPhone, "$select"},
	{http.MethodPatch, phoneMethodPath, writePhones, (*Emulator).updatePhone, ""},
	{http.MethodDelete, phoneMethodPath, writePhones, (*Emulator).deletePhone, ""},
	{http.MethodPost, phoneMethodPath + "/enableSmsSignIn", writePhones, (*Emulator).enableSMSSignIn, ""},
	{http.MethodPost, phoneMethodPath + "/disableSmsSignIn", writePhones, (*Emulator).disableSMSSignIn, ""},
	{http.MethodPost, phoneMethodPath + "/microsoft.graph.enableSmsSignIn", writePhones, (*Emulator).enableSMSSignIn, ""},
	{http.MethodPost, phoneMethodPath + "/microsoft.graph.disableSmsSignIn", writePhones, (*Emulator).disableSMSSignIn, ""},
	{http.MethodGet, "users/{}/transitiveMemberOf", readMemberships, (*Emulator).listMemberships, "$select $top $count $skiptoken"},
	{http.MethodGet, "users/{}/ownedObjects", readOwned, (*Emulator).listOwned, "$select $top $count $skiptoken"},
	{http.MethodGet, "groups/{}", readGroups, (*Emulator).getGroup, "$select"},
	{http.MethodGet, "groups/{}/transitiveMembers/microsoft.graph.user", readGroups, (*Emulator).listMembers, "$select $top $count $skiptoken"},
	{http.MethodGet, "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances", readGroupEligibility, (*Emulator).listGroupEligibility, "$filter $select $top $skiptoken"},
	{http.MethodGet, "roleManagement/directory/roleAssignments", readRoles, (*Emulator).listRoleAssignments, "$filter $select $top $skiptoken"},
	{http.MethodGet, "roleManagement/directory/roleEligibilityScheduleInstances", readEligibility, (*Emulator).listRoleEligibility, "$filter $select $top $skiptoken"},
	{http.MethodGet, "auditLogs/directoryAudits", readAudits, (*Emulator).listAudits, "$filter $top $skiptoken"},
	{http.MethodGet, "reports/authenticationMethods/userRegistrationDetails", readAudits, (*Emulator).listRegistrations, "$top $skiptoken"},
}

func (r route) length() int { return strings.Count(r.pattern, "/") + 1 }

// match tells how many of a path's parts are those of the route's pattern.
func (r route) match(parts []part) int {
	n := 0
	for step := range strings.SplitSeq(r.pattern, "/") {
		switch {
		case n == len(parts):
			return n
		case step == "{}" && parts[n].text != "$count":
		case parts[n].quoted || step != parts[n].text:
			return n
		}
		n++
	}
	return n
}

// find gives the operation of a call, or why there is none.
func (c *call) find() (route, error) {
	if c.parts[0].text == "me" {
		return route{}, errDelegatedOnly()
	}
	matched := 0
	for _, r := range routes {
		n := r.match(c.parts)
		if n == len(c.parts) && n == r.length() && r.method == c.method {
			return r, nil
		}
		matched = max(matched, n)
	}
	switch {
	case matched < len(c.parts):
		return route{}, errUnknownSegment(c.parts[matched].text)
	case c.isAuthentication():
		return route{}, errUnroutable(c)
	default:
		return route{}, errVerbNotAllowed()
	}
}

// isAuthentication reports whether the path is below a user's authentication.
func (c *call) isAuthentication() bool {
	return len(c.parts) > 2 && c.parts[0].text == "users" && c.parts[2].text == "authentication"
}

// graph answers one request to Graph, or one of those inside a batch.
func (e *Emulator) graph(c *call) (answer, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := c.readTarget(); err != nil {
		return answer{}, err
	}
	if err := e.meter(c); err != nil {
		return answer{}, err
	}
	if c.unreadable != nil {
		return answer{}, c.unreadable
	}
	r, err := c.find()
	if err != nil {
		return answer{}, err
	}
	if !c.may(r.needs) {
		return answer{}, r.needs.denied()
	}
	if err := c.options.only(strings.Fields(r.options)); err != nil {
		return answer{}, err
	}
	if err := c.eventualIf(c.options["$count"] != ""); err != nil {
		return answer{}, err
	}
	return r.serve(e, c)
}

// readTarget takes the request target apart.
func (c *call) readTarget() error {
	version, rest, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
	c.version = version
	var err error
	if c.parts, err = splitPath(rest); err != nil {
		return err
	}
	c.options, err = parseOptions(c.query)
	return err
}
