// Package olm judges the bundle that hack/release makes for the Operator Lifecycle Manager (OLM), by OLM's own validators
// and by an API server that knows its kind. It has tests only, and is a module of its own because of what the validators need.
package olm
