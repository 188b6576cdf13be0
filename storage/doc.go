// Package storage is the cache of one profile: what this device knows of its
// conversations, and what it still has to do, in one bbolt file.
//
// The session calls it, from any goroutine. [DB.View] transactions run side by
// side and see one moment each; [DB.Update] transactions follow one another, and
// one that returned nil is on disk. A transaction belongs to the goroutine that
// runs its function, and ends with it; what it returned are copies that stay
// valid. Neither kind may be started inside another: a writer that has to
// grow the file waits for the readers.
//
// # What lies where
//
//	meta          "schema" → version, "profile" → JSON
//	values        key → bytes
//	accounts      account → JSON
//	conversations conversation → JSON: what the relay says of it
//	states        conversation → JSON: head, held, unread, draft, last
//	marks/C       account → received, read
//	messages/C    sequence number → message: what the relay holds
//	pending/C     order of adding → message: what it doesn't hold yet
//	ids/C         message id → 's' or 'p', and the key there
//	changes/C     message id, kind of change, sender, 's' or 'p' and number → number: see changes.go
//	index.…       messages by their words: see package index
//	outbox        order of adding → JSON
//	transfers     transfer → JSON and thumbnail
//	transfers.by  conversation, message, created, transfer → nothing
//	transfers.on  created, transfer → nothing: those that have not ended
//	chains.accounts/A       number → statement of the account's chain
//	chains.conversations/C  number → statement of the conversation's chain
//	keys.account            generation → private key of the own account
//	keys.conversations/C    generation → the conversation's key
//	counts/C      device → JSON: which of its counts were seen
//	sealed/C      sequence number → body that could not be opened yet
//	findings/C    what it is about → JSON: what a person must know
//	settings      what it is about, kind → JSON: what the person set for themselves
//	settings.untold  the same → nothing: those that the relay does not have yet
//
// Nothing here is encrypted: messages lie here opened, beside the keys that open
// what is still to come. The file holds what the person can read anyway, and is
// readable by its owner alone. The device's own secret is not in it.
//
// C is a bucket for each conversation. Numbers in keys are big-endian, so that
// a page of a conversation is one walk of a cursor over neighbours: its cost
// does not depend on how many messages there are.
//
// A message's times are kept to the millisecond, as the wire has them.
package storage
