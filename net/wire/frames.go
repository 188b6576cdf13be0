package wire

// Header opens every frame. A request carries an ID chosen by its sender,
// unique among its own that are unanswered; the answer carries it in Re.
type Header struct {
	Type string `json:"type"`
	ID   string `json:"id,omitempty"`
	Re   string `json:"re,omitempty"`
}

// Meta gives access to the header of any frame.
func (h *Header) Meta() *Header { return h }

// Frame is a pointer to one of the frame types below.
type Frame interface{ Meta() *Header }

// Account is somebody on the relay.
type Account struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Online   bool   `json:"online,omitempty"`
	LastSeen int64  `json:"last_seen,omitempty"` // Unix milliseconds; 0: never, or online now
	Chain    uint64 `json:"chain,omitempty"`     // number of the newest statement of its chain
}

// Conversation is what the relay knows of a conversation; who is a member of it
// and may do what stands in its chain.
type Conversation struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"` // self, direct, group
	Members []Account `json:"members"`
	Head    uint64    `json:"head"`    // sequence number of the newest entry, 0 when empty
	Created int64     `json:"created"` // Unix milliseconds
	Chain   uint64    `json:"chain"`   // number of the newest statement of its chain
	Marks   []Mark    `json:"marks,omitempty"`
	Fetched uint64    `json:"fetched,omitempty"` // number of the newest Fetched
}

// Mark is how far an account has received and read a conversation.
type Mark struct {
	Header
	Conversation string `json:"conversation,omitempty"`
	Account      string `json:"account,omitempty"` // set by the relay
	Received     uint64 `json:"received"`
	Read         uint64 `json:"read"`
}

// Relay → client, first frame on every connection.
type Challenge struct {
	Header
	Relay string `json:"relay"` // the relay's Ed25519 public key, base64url
	Nonce string `json:"nonce"` // 32 random bytes, base64url
}

// Client → relay, first frame. Signature is the device's over HelloText. A
// device that the relay does not know registers by naming an Invite and a Name;
// repeating that is harmless, whether or not the first answer arrived.
type Hello struct {
	Header
	Account   string `json:"account"`
	Device    string `json:"device"`
	Key       string `json:"key"`   // the device's Ed25519 public key, base64url
	Nonce     string `json:"nonce"` // 32 random bytes of the client's, base64url
	Signature string `json:"signature"`
	First     []byte `json:"first,omitempty"`  // with Invite: the first statement of the account's chain
	Invite    string `json:"invite,omitempty"` // an invitation's code
	Name      string `json:"name,omitempty"`
	Client    string `json:"client,omitempty"` // program and version, for the operator
}

// Relay → client: the answer to Hello. Proof is the relay's signature over
// WelcomeText: it shows that the relay holds the key that the invitation named.
type Welcome struct {
	Header
	Proof         string         `json:"proof"`
	Name          string         `json:"name"` // the relay's, for people
	Account       Account        `json:"account"`
	Time          int64          `json:"time"` // Unix milliseconds
	MaxFile       int64          `json:"max_file"`
	EditWindow    int64          `json:"edit_window,omitempty"` // seconds after which a message is not edited or deleted any more; 0: never
	Conversations []Conversation `json:"conversations"`         // the last active first
	More          bool           `json:"more,omitempty"`        // there are others: ListConversations
}

// Client → relay: the account's conversations, by id, those above After; all
// when it is empty. Needed only after a Welcome with More.
type ListConversations struct {
	Header
	After string `json:"after,omitempty"`
}

// Relay → client: the answer to ListConversations. With More, ask again after
// the last one.
type Conversations struct {
	Header
	Conversations []Conversation `json:"conversations"`
	More          bool           `json:"more,omitempty"`
}

// Client → relay: store a message. Idempotent by (conversation, message).
type Send struct {
	Header
	Conversation string   `json:"conversation"`
	Message      string   `json:"message"`
	Body         []byte   `json:"body"`            // opaque; base64 in JSON
	Files        []string `json:"files,omitempty"` // ids of files at this relay that the body refers to

	// Lifetime is how many seconds after its time the relay forgets the body, and
	// the files that no other message refers to; 0: it keeps them. At most
	// MaxLifetime.
	Lifetime int64 `json:"lifetime,omitempty"`
}

// Relay → client: the message is on the relay's disk. Also the answer to a
// repeated Send, with the first one's numbers.
type Sent struct {
	Header
	Conversation string `json:"conversation"`
	Message      string `json:"message"`
	Seq          uint64 `json:"seq"`
	At           int64  `json:"at"` // Unix milliseconds
}

// Entry is one message of a conversation's log. As a frame of its own it goes
// to every member's other connections when it was stored.
type Entry struct {
	Header
	Conversation string `json:"conversation,omitempty"` // empty inside a Page
	Seq          uint64 `json:"seq"`
	Message      string `json:"message"`
	From         string `json:"from"`
	Device       string `json:"device"`
	At           int64  `json:"at"`
	Body         []byte `json:"body"`
	Expired      bool   `json:"expired,omitempty"` // the relay keeps the body no more
}

// Client → relay: a page of a conversation. With Before, the newest entries
// below it; with After, the oldest above it; with neither, the newest.
type History struct {
	Header
	Conversation string `json:"conversation"`
	Before       uint64 `json:"before,omitempty"`
	After        uint64 `json:"after,omitempty"`
	Limit        int    `json:"limit,omitempty"` // 0 or above MaxPage: MaxPage
}

// Relay → client: the answer to History, entries in ascending order, without gaps.
type Page struct {
	Header
	Conversation string  `json:"conversation"`
	Entries      []Entry `json:"entries"`
	Head         uint64  `json:"head"`
}

// Client → relay, and from there to the other members who are connected.
type Typing struct {
	Header
	Conversation string `json:"conversation"`
	Account      string `json:"account,omitempty"` // set by the relay
}

// Relay → client: somebody with whom a conversation is shared came or went.
type Presence struct {
	Header
	Account  string `json:"account"`
	Online   bool   `json:"online"`
	LastSeen int64  `json:"last_seen,omitempty"` // Unix milliseconds
}

// Relay → client: a conversation's chain began or grew. It goes to all
// connections of its members but the one that did it, and to those whom the
// statement removed: they are not among Members.
type ConversationNews struct {
	Header
	Conversation Conversation `json:"conversation"`
}

// Client → relay: who is here? With Name, the one account with exactly this
// name, upper and lower case alike; with Prefix, those whose name starts so.
type FindAccounts struct {
	Header
	Name   string `json:"name,omitempty"`
	Prefix string `json:"prefix,omitempty"`
}

// Relay → client: the answer to FindAccounts; empty when there is nobody.
type Accounts struct {
	Header
	Accounts []Account `json:"accounts"`
}

// Client → relay: make an invitation. One that an admin of a group makes for it
// also leads to that group: see LookInvite.
type CreateInvite struct {
	Header
	Uses         int    `json:"uses,omitempty"`         // 0: one
	Expires      int64  `json:"expires,omitempty"`      // seconds from now; 0: seven days, or for a group until it is revoked
	Conversation string `json:"conversation,omitempty"` // a group that the sender is an admin or owner of
	Here         bool   `json:"here,omitempty"`         // with Conversation: it lets nobody in to the relay
}

// Client → relay: who may let people into the group that an invitation leads to?
// The answer is Accounts, its admins and owners.
type LookInvite struct {
	Header
	Code string `json:"code"`
}

// Client → relay: an invitation is good for nobody from now on. Who made it may
// say so, and every admin and owner of the group that it leads to.
type RevokeInvite struct {
	Header
	Invite string `json:"invite"` // SHA-256 of its code, in hexadecimal
}

// Relay → client: the answer to CreateInvite.
type Invited struct {
	Header
	Link    string `json:"link"`    // satchel://…
	Expires int64  `json:"expires"` // Unix milliseconds
}

// Purposes of a ticket.
const (
	TicketUpload   = "upload"
	TicketDownload = "download"
)

// Client → relay: may I move this file? For an upload File is 32 hexadecimal
// characters of the client's choice; asking again for the same file with the
// same size goes on with the upload that is there.
type TicketRequest struct {
	Header
	Purpose      string `json:"purpose"`
	File         string `json:"file"`
	Size         int64  `json:"size,omitempty"`         // upload: bytes
	Conversation string `json:"conversation,omitempty"` // upload: whose members may read it
}

// Relay → client: the answer to TicketRequest. The token goes into the header
// "Authorization: Bearer …" of every request for the file's URL. An upload is
// created by POST to URL's folder (tus 1.0, Upload-Length as asked) and
// becomes URL; it may also exist already (HEAD tells).
type Ticket struct {
	Header
	Token   string `json:"token"`
	URL     string `json:"url"`     // of the file, relative to the relay's base URL
	Expires int64  `json:"expires"` // Unix milliseconds
}

// Relay → client: the request was carried out and there is nothing to tell.
type OK struct{ Header }

// Relay → client: the request was not carried out, or, without Re, the
// connection can't go on.
type Error struct {
	Header
	Code    string `json:"code"`
	Message string `json:"message"`         // one sentence for a person
	Retry   bool   `json:"retry,omitempty"` // the same request may succeed later
}
