// Package controllers is the shell around the plan: it watches the resources,
// finds the user that each is about, asks Graph what that user has, has the plan
// decide, acts, and reports into status. What to do is decided in internal/plan;
// how Graph is spoken to, in internal/graph.
//
// The unit is the user, not the resource: one phone of each type and mobile
// before alternateMobile are rules about a user, and the work queue never works
// on one key twice at once.
package controllers
