// Package importing turns a table of people and their phones into PhoneAuthenticationMethods.
//
// It reads the table twice, so that a hundred thousand rows need no more memory than ten. The first pass learns, in a
// filter of fixed size, which phones and numbers may be there more than once; the second remembers only those, and hands
// everything else out at once. The same table gives the same resources, with the same names, in the same order.
//
// What is doubtful is refused with its line and column, and the rest goes on; what was guessed is marked. A Finding holds
// no number but a masked one, and nothing of a cell that is not known to be a user's name.
package importing
