// Package relay is the server: a WebSocket gateway over a log, and an HTTP
// endpoint for files. docs/protocol.md is what it speaks.
//
// The desktop program and the headless one call Open, then Serve; Serve
// returns when all that was started has ended.
//
// Goroutines: one a connection, which decodes frames and carries them out, and
// a second one as long as there is something to write, which empties the
// connection's bounded queue. Neither is net/http's: its handler has returned. Entries and marks are announced from the store's telling
// goroutine, in the order of the commits, and never wait for a connection: one
// whose queue is full is dropped, comes back and reads what it missed by
// sequence.
//
// Relays that share a database are one. The store says what is true; the bus
// (bus.go) only says "look", and may lose. Three goroutines serve it: the
// bus's own takes what the others tell (others.go), attend says who is online
// here and tells who is elsewhere (presence.go), watch reads from the store
// what did not come, so that entries go out once and in order (order.go).
//
// What passes is counted (metrics.go), and served on a listener of its own where
// that is asked for: one goroutine, which ends with Serve.
//
// Accounts and conversations are chains of signed statements (net/seal). The
// relay checks each one by the rules that clients have, stores it with the
// boxes that belong to it, and knows by the chains who is a member and which
// devices are active. It holds no key that opens anything.
package relay
