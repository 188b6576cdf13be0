// Package store is what a relay knows to be true: accounts, conversations and
// their chains, the log of every conversation, marks, invitations and the
// register of files, in SQLite. What a method reported as done is on the disk.
//
// Only net/relay calls it, from any goroutine. Reads run at once, each on a
// connection of a small pool. Writes are queued to one goroutine that puts all
// that are waiting into one transaction: many writers share one fsync. A
// second goroutine tells the waiting ones, in the order of the commits, so
// that whoever announces entries announces them in the order of their numbers.
//
// The SQL is plain; another database needs other files with the same methods.
package store
