package throttle

import "strings"

// Class says which limit of Graph a request counts against.
type Class int

// The classes. Graph counts what is below a user's authentication apart from the
// directory, and allows far less of it.
//
// Source: https://learn.microsoft.com/graph/throttling-limits
const (
	Directory Class = iota
	Authentication
	classes int = iota
)

// Reports are the audit log and the reports, of which Graph allows little, too. Nobody waits
// for them: they take no token, and what is answered to them says nothing of the other
// classes. So a limit that they run into holds up nobody, and who asks for them sees to it.
const Reports = Class(classes)

// String returns the class as metrics name it.
func (c Class) String() string {
	return [...]string{Directory: "directory", Authentication: "authentication", Reports: "reports"}[c]
}

// ClassOf returns the class of a request by the path of its URL.
func ClassOf(path string) Class {
	switch {
	case strings.Contains(path, "/authentication/"):
		return Authentication
	case strings.Contains(path, "/auditLogs/"), strings.Contains(path, "/reports/"):
		return Reports
	}
	return Directory
}

// Priority orders those who wait.
type Priority int

// The priorities. High is for what was asked for, Low for drift checks: they are
// rejected first, and keep a twentieth of the rate.
const (
	High Priority = iota
	Low
	priorities int = iota
)
