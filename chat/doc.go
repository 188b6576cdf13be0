// Package chat is the vocabulary of Satchel: accounts, conversations, messages,
// their content, files, transfers and the changes that a session announces.
//
// Everything here is a value. Nothing in this package does I/O, starts a
// goroutine or knows any other package of the house; every other package may
// know this one, except net/wire, net/link and net/relay, which move bodies
// without understanding them.
package chat
