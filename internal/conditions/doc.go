// Package conditions says of a resource what was found of it: every condition of a
// PhoneAuthenticationMethod, and every sentence in one, is made here.
//
// It does no I/O and knows no time: who is young, or what Graph answered, is handed in.
// Sentences hold no phone number but a masked one, and nothing of other namespaces.
package conditions
