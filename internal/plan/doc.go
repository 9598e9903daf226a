// Package plan decides what to do for one Entra user: which claim speaks for
// each phone type, which writes Graph needs and in which order, and what to
// tell every claim. It is a pure function of plain values. It leaves out
// Kubernetes, HTTP, clocks and text for people: the controller, Observe mode
// and the command line all feed it and put its answer into their own words.
package plan
