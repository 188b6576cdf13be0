package chat

import "time"

// Direction says which way the bytes go.
type Direction uint8

const (
	Upload Direction = iota
	Download
)

func (d Direction) String() string {
	if d == Upload {
		return "upload"
	}
	return "download"
}

// TransferState is where an upload or a download stands.
type TransferState uint8

const (
	TransferQueued    TransferState = iota // waits for its turn
	TransferPreparing                      // upload: thumbnail and checks; download: what is on disk is checked
	TransferMoving                         // bytes are on their way
	TransferFinishing                      // checksum compared, synced, renamed
	TransferDone                           // equal on both sides
	TransferPaused                         // by the person
	TransferWaiting                        // for the network or the relay; goes on by itself
	TransferFailed                         // Reason says why; Retry goes on from what was checked
	TransferCancelled                      // by the person; what was moved is dropped
	transferStates                         // how many there are
)

var transferStateNames = [transferStates]string{
	"queued", "preparing", "moving", "finishing", "done", "paused", "waiting", "failed", "cancelled",
}

func (s TransferState) String() string {
	if s < transferStates {
		return transferStateNames[s]
	}
	return "unknown"
}

// TransferEvent is what happens to a transfer.
type TransferEvent uint8

const (
	EventStart   TransferEvent = iota // a worker takes it
	EventMove                         // prepared: bytes may go
	EventFinish                       // the last byte went
	EventDone                         // checked, synced, named
	EventPause                        // the person
	EventResume                       // the person; for a failed one: Retry
	EventCancel                       // the person
	EventWait                         // the network, or the relay for now
	EventFail                         // for a reason that trying again won't change
	EventRestart                      // the program starts and finds it under way
	transferEvents
)

var transferEventNames = [transferEvents]string{
	"start", "move", "finish", "done", "pause", "resume", "cancel", "wait", "fail", "restart",
}

func (e TransferEvent) String() string {
	if e < transferEvents {
		return transferEventNames[e]
	}
	return "unknown"
}

// transitions is the whole life of a transfer: state → event → state. What is
// not in it does not happen.
var transitions = [transferStates]map[TransferEvent]TransferState{
	TransferQueued: {EventStart: TransferPreparing, EventPause: TransferPaused, EventCancel: TransferCancelled,
		EventWait: TransferWaiting, EventFail: TransferFailed, EventRestart: TransferQueued},
	TransferPreparing: {EventMove: TransferMoving, EventPause: TransferPaused, EventCancel: TransferCancelled,
		EventWait: TransferWaiting, EventFail: TransferFailed, EventRestart: TransferQueued},
	TransferMoving: {EventFinish: TransferFinishing, EventPause: TransferPaused, EventCancel: TransferCancelled,
		EventWait: TransferWaiting, EventFail: TransferFailed, EventRestart: TransferQueued},
	TransferFinishing: {EventDone: TransferDone, EventPause: TransferPaused, EventCancel: TransferCancelled,
		EventWait: TransferWaiting, EventFail: TransferFailed, EventRestart: TransferQueued},
	TransferPaused:  {EventResume: TransferQueued, EventCancel: TransferCancelled, EventRestart: TransferPaused},
	TransferWaiting: {EventResume: TransferQueued, EventPause: TransferPaused, EventCancel: TransferCancelled, EventRestart: TransferQueued},
	TransferFailed:  {EventResume: TransferQueued, EventCancel: TransferCancelled, EventRestart: TransferFailed},
	TransferDone:    {EventRestart: TransferDone},
	// A cancelled download may be asked for again; a cancelled upload took its message with it.
	TransferCancelled: {EventRestart: TransferCancelled},
}

// Next returns the state that follows when e happens in s; false when it can't.
func (s TransferState) Next(e TransferEvent) (TransferState, bool) {
	if s >= transferStates {
		return s, false
	}
	next, ok := transitions[s][e]
	return next, ok
}

// Active tells whether a worker holds it.
func (s TransferState) Active() bool {
	return s == TransferPreparing || s == TransferMoving || s == TransferFinishing
}

// Ended tells whether nothing more happens by itself or by a click.
func (s TransferState) Ended() bool { return s == TransferDone || s == TransferCancelled }

// Transfer is one upload or download, durable until it ends.
type Transfer struct {
	ID           TransferID     `json:"id"`
	Direction    Direction      `json:"direction"`
	Conversation ConversationID `json:"conversation"`
	Message      MessageID      `json:"message"`

	// Batch names the files that were sent together, by the first one's message, and
	// Nth is where among them this one stands: messages go out in that order, as
	// far as nothing small waits for something big.
	Batch MessageID `json:"batch,omitempty"`
	Nth   int       `json:"nth,omitempty"`

	// Path is the file that an upload reads, absolute. For a download it is
	// where the verified file lies, once it is done.
	Path string `json:"path,omitempty"`
	// ModTime is the upload source's modification time when it was queued.
	ModTime time.Time `json:"mod_time,omitzero"`
	// Edit says what is changed in the copy of a picture that goes in its place.
	Edit PictureEdit `json:"edit,omitzero"`
	// Copy is that copy, once it is made, absolute: then File.Size and ModTime are
	// the copy's. It is removed when the transfer has ended.
	Copy string `json:"copy,omitempty"`
	// File is what is moved. A download has all of it from the start; an upload
	// has name and size, the pictures once prepared, URL and checksum once done.
	File File `json:"file"`

	// Only says which entries of a folder's list are fetched, the first has the
	// number 1; nil: all. File.Size is then theirs alone.
	Only Ranges `json:"only,omitempty"`

	// Again says that the file of a message that is stored goes once more: the relay
	// keeps what went before no longer.
	Again bool `json:"again,omitempty"`

	// Store names the store that an upload goes to; "" is the relay.
	Store string `json:"store,omitempty"`
	// Place is where the store has this upload, in the handler's words, when ID
	// alone does not lead there.
	Place string `json:"place,omitempty"`

	State  TransferState `json:"state"`
	Reason string        `json:"reason,omitempty"` // one sentence, when waiting or failed
	Offset int64         `json:"offset"`           // bytes that are known to be there; while moving, those on their way included
	Tries  int           `json:"tries,omitempty"`  // attempts since the last byte that went
	Front  int64         `json:"front,omitempty"`  // when the person put it before all others, nanoseconds since 1970; 0: never

	Created time.Time `json:"created"`
	Updated time.Time `json:"updated,omitzero"`
	// Opened is when a person last looked at a download that is done.
	Opened time.Time `json:"opened,omitzero"`

	// Rate is bytes a second, smoothed; Left is the time that remains, 0 when
	// unknown. Neither is kept on disk.
	Rate float64       `json:"-"`
	Left time.Duration `json:"-"`
}

// Source is the file that an upload reads.
func (t *Transfer) Source() string {
	if t.Copy != "" {
		return t.Copy
	}
	return t.Path
}
