// Package emulator is a Microsoft Graph that runs on localhost and keeps state:
// the token endpoint, users, their phone authentication methods, their groups, what
// they own, their directory roles, what they may activate (PIM), $batch, and of the
// audit log and the reports what is about their phones.
//
// It is the judge of a Graph client, so it is strict. What Graph refuses it
// refuses, with Graph's status, code and words. What nobody has published, and the
// operator may meet, is a guess with more than one value, all in assumed.go;
// SetAssumptions chooses.
// Nothing in it knows any client.
//
// Faults (faults.go) and throttling (throttle.go) come only when asked for, and
// the same seed gives the same run. Time comes from Options.Now.
//
// It leaves out what a phone operator never calls: delegated sign-in, writing to
// the directory, casts and counts of most lists, other records and reports. The audit
// log and the reports follow at once. Nothing is kept on disk.
package emulator
