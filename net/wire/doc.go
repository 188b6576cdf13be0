// Package wire is the contract between a relay and its clients: the frames,
// their limits and errors, the invitation link and the texts that are signed.
// docs/protocol.md is the same contract in words.
//
// Both net/link (the client's side) and net/relay (the server's) build on it
// and on nothing else of ours. Everything here is pure: no I/O, no goroutines.
package wire

import "time"

// Subprotocol is the WebSocket subprotocol, offered by clients and chosen by relays.
const Subprotocol = "satchel.v1"

// Paths below a relay's base URL.
const (
	PathSocket = "/ws"      // the WebSocket
	PathFiles  = "/files/"  // tus upload, and download of PathFiles + file id
	PathHealth = "/healthz" // 200 when the relay can store
)

// Limits, enforced on both ends.
const (
	MaxHello       = 8 << 10            // bytes of any frame before welcome
	MaxFrame       = 512 << 10          // bytes of a frame towards the relay
	MaxRelayFrame  = 4 << 20            // bytes of a frame from the relay
	MaxBody        = 256 << 10          // bytes of a message's body, before base64
	MaxThumbnail   = 32 << 10           // bytes of a thumbnail inside a body
	MaxPage        = 100                // entries in a page of history
	MaxPageBytes   = 2 << 20            // bytes of bodies in a page; one entry always fits
	MaxName        = 64                 // characters of an account's name
	MaxMembers     = 1000               // accounts in a conversation
	MaxFiles       = 16                 // files that one message may refer to
	MaxAccounts    = 200                // accounts in one answer of the directory
	MaxID          = 64                 // characters of an id
	MaxLifetime    = 366 * 24 * 60 * 60 // seconds after which a message can be said to be forgotten
	HelloTimeout   = 5 * time.Second
	HeartbeatEvery = 20 * time.Second // a client pings this often
	HeartbeatLost  = 60 * time.Second // either end gives the other up after this silence
	WriteTimeout   = 20 * time.Second // one frame must be written in this time
)
