// Package store is what a relay knows to be true: accounts, conversations and
// their chains, the log of every conversation, marks, invitations and the
// register of files, in SQLite or PostgreSQL. What a method reported as done
// is on the disk.
//
// Only net/relay calls it, from any goroutine. Reads run at once, each on a
// connection of a small pool. Writes go two ways. do is for what is seldom: it
// returns when the write is on the disk. submit is for what is often, entries
// and marks above all: it returns at once, and whoever waits is told when the
// write is on the disk, those of one conversation in the order of their
// commits, so that whoever announces entries announces them in the order of
// their numbers.
//
// The SQL is written once; dialect.go turns it into what each database takes.
// SQLite (sqlite.go): one goroutine puts all writes that wait into one
// transaction, so that many share one fsync; nobody else writes. PostgreSQL
// (postgres.go): several processes write. Entries and marks of a conversation
// hold its row until they are committed, so that no number is seen before the
// one below it; every other write is serializable, and repeated when it has
// met another. A function that is given to do or submit may therefore run more
// than once, and must set all that it tells.
package store
