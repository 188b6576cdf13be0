package wire

import "time"

// Limits of chains, boxes and linking; net/seal has the same for what is inside.
const (
	MaxStatement   = 128 << 10        // bytes of one statement
	MaxChainBytes  = 2 << 20          // bytes of statements or boxes in an answer; one always fits
	MaxBoxes       = 200              // boxes in a frame towards the relay
	StagedExpires  = 10 * time.Minute // boxes that no statement followed are given up then
	MaxLinkMessage = 4 << 10          // bytes of a message between two devices that are being linked
	MaxLinkFrames  = 16               // messages in one linking, of both sides together
	LinkExpires    = 10 * time.Minute // a mailbox for linking closes then
)

// AccountIDOf is the id of the account whose chain begins with this statement.
func AccountIDOf(first []byte) string {
	return id("satchel.v1 account statement", first)
}

// Client → relay: the next statement of a chain: of Conversation's, or, when
// that is empty, of the sender's own account's. Boxes are the keys that come
// with it, and may have gone ahead in PutBoxes where there are many. The relay
// checks the statement as every client does, and stores it with its boxes at
// once or not at all. Answered with OK once it is on disk, also when the same
// statement stands there already; with CodeConflict when another one came
// first: fetch it, and propose anew. A conversation's first statement makes
// the conversation; its members are those of the chain, from then on.
//
// A statement is signed by the device that sends it. One that brings a key has
// a box for everybody who holds it from then on, one that adds somebody has
// theirs (else CodeBoxesMissing), and nobody else gets one. For an account's
// newest statement, sent again, boxes that are not there yet are kept: those of
// the first one, which Hello has no room for.
type AppendChain struct {
	Header
	Conversation string   `json:"conversation,omitempty"`
	Statement    []byte   `json:"statement"`
	Boxes        [][]byte `json:"boxes,omitempty"`
}

// Client → relay: boxes for the next AppendChain to this conversation on this
// connection, which takes them whatever comes of it. The relay holds them for
// that conversation only, in memory, for StagedExpires. With Loose they belong
// to no statement to come, but give a member the newest key again, and are on
// disk when they are answered.
type PutBoxes struct {
	Header
	Conversation string   `json:"conversation"`
	Boxes        [][]byte `json:"boxes"`
	Loose        bool     `json:"loose,omitempty"`
}

// Client → relay: the statements of a chain after number After. Any account's
// on this relay; a conversation's for its members, and, up to the statement
// that removed them, for those who were.
type GetChain struct {
	Header
	Account      string `json:"account,omitempty"`
	Conversation string `json:"conversation,omitempty"`
	After        uint64 `json:"after,omitempty"`
}

// Relay → client: the answer to GetChain, ascending. With More, ask again.
type Chain struct {
	Header
	Account      string   `json:"account,omitempty"`
	Conversation string   `json:"conversation,omitempty"`
	Statements   [][]byte `json:"statements"`
	More         bool     `json:"more,omitempty"`
}

// Client → relay: the sender's boxes of a conversation, of generations above
// After; without Conversation, the boxes of its account key for this device.
type GetBoxes struct {
	Header
	Conversation string `json:"conversation,omitempty"`
	After        uint64 `json:"after,omitempty"`
}

// Relay → client: the answer to GetBoxes, ascending by generation. There may
// be several of one generation, from different members: one that does not open
// is passed over. With More, ask again after the last one.
type Boxes struct {
	Header
	Conversation string   `json:"conversation,omitempty"`
	Boxes        [][]byte `json:"boxes"`
	More         bool     `json:"more,omitempty"`
}

// Relay → client: an account's chain grew, or its name or picture changed. It
// goes to the account itself and to those who share a conversation with it.
type AccountNews struct {
	Header
	Account Account `json:"account"`
}

// Client → relay, from a device that belongs to an account: open a mailbox for
// linking another one. The account's mailbox before, if there is one, closes.
type OpenLink struct {
	Header
	Code string `json:"code"`
}

// Client → relay, first frame instead of Hello: a device that belongs to no
// account yet comes to the mailbox with this code. The connection then carries
// LinkMessage and CloseLink only, and ends with the mailbox.
type JoinLink struct {
	Header
	Code  string `json:"code"`
	Nonce string `json:"nonce"` // 32 random bytes, base64url
}

// Relay → client: the answer to JoinLink. Proof is the relay's signature over
// LinkText.
type LinkJoined struct {
	Header
	Proof string `json:"proof"`
}

// Both ways: a message to the other device at the mailbox, opaque to the relay.
// To the old device it comes on the connection that opened the mailbox. One
// that nobody is there for yet waits, answered with OK.
type LinkMessage struct {
	Header
	Code string `json:"code"`
	Body []byte `json:"body"`
}

// Both ways: the linking is over. The relay says it, too, when the mailbox expires
// or the other side is gone.
type CloseLink struct {
	Header
	Code   string `json:"code"`
	Reason string `json:"reason,omitempty"` // one sentence for a person, when it failed
}

// LinkText is what the relay signs in its answer to JoinLink.
func LinkText(c *Challenge, j *JoinLink) []byte {
	return signed("satchel.v1 link", []byte(c.Relay), []byte(c.Nonce), []byte(j.Nonce), []byte(j.Code))
}
