// Package cli is the kubectl plugin: its commands, their flags, and what they print.
//
// The commands speak to the API server in the name of the person who types them: they write what the operator
// understands (spec, and the annotation that asks for a reconcile) and read what it says in status. Only plan and doctor
// ask Graph, with a client that cannot write. A number is printed masked, if at all.
//
// What a command decides is in packages of its own that know no cluster: overview counts, chain explains, importing reads
// spreadsheets, manifests reads folders. What plan and doctor find out is in the packages preview and doctor.
package cli
