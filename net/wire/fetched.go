package wire

// Limits of what is told of files that were fetched.
const (
	MaxFetched  = 4 << 10 // bytes of a body
	FetchedPart = 4096    // sequence numbers that a part is about
)

// Fetched is which files of a conversation a device fetched and found equal, of
// the messages with the numbers from Part × FetchedPart on, and FetchedPart of
// them. The relay keeps the newest body of each device and part. As a frame of
// its own it goes to the other connections of all members when it was stored.
type Fetched struct {
	Header
	Conversation string `json:"conversation,omitempty"` // not in a page, which has it
	Account      string `json:"account"`                // whose device it is
	Device       string `json:"device"`
	Part         uint64 `json:"part,omitempty"`
	Number       uint64 `json:"number"` // of this change among those of the conversation, from 1, ascending
	Body         []byte `json:"body"`   // opaque; base64 in JSON
}

// Client → relay: keep this, in the place of what this device told of the part.
// Answered with OK when it is on disk.
type PutFetched struct {
	Header
	Conversation string `json:"conversation"`
	Part         uint64 `json:"part,omitempty"`
	Body         []byte `json:"body"`
}

// Client → relay: what changed in a conversation above number After.
type ListFetched struct {
	Header
	Conversation string `json:"conversation"`
	After        uint64 `json:"after,omitempty"`
}

// Relay → client: the answer to ListFetched, ascending by number. With More, ask
// again after the last one.
type FetchedPage struct {
	Header
	Conversation string    `json:"conversation"`
	Fetched      []Fetched `json:"fetched"`
	More         bool      `json:"more,omitempty"`
}
