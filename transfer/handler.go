package transfer

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"satchel/chat"
)

// Handler moves bytes to and from one kind of store. It is called from several
// attempts at once. Both functions return when ctx ends, promptly.
//
// An error is an *Error where the handler knows what a person should read and
// whether to try again; anything else counts as trouble with the network.
type Handler interface {
	// Upload puts the whole body into the store and goes on from what the store
	// has already of this upload.
	Upload(ctx context.Context, r *UploadRequest) (UploadResult, error)
	// Download writes the bytes Offset..Size of the file to Body, in order,
	// and not one more; Offset..End where End is given.
	Download(ctx context.Context, r *DownloadRequest) error
}

// UploadRequest asks a handler to put a file into its store. The file is
// sealed: all sizes and offsets are of sealed bytes, and nothing here tells
// what is in it.
type UploadRequest struct {
	ID           chat.TransferID
	Conversation chat.ConversationID
	Name         string // that a store may give it: says nothing; another one when Fresh
	Size         int64
	// Body is the file. One goroutine at a time may read it, going forward; what
	// lies before may be read again, at the cost of sealing it again. Beyond what
	// the store had when the attempt began, another attempt may read other bytes.
	// A read that fails is the reason of the whole upload's failing.
	Body io.ReaderAt
	// Progress is told how many bytes the store has: once before the first
	// read of Body, and whenever the store said so. The first call may take a
	// while, since what was sent before is read again for the checksum: no
	// request may be open then. The same number again is a sign of life. It is
	// called by one goroutine at a time.
	Progress func(stored int64)
	// Place is what Remember was told last, maybe in an earlier run; else "".
	Place string
	// Remember keeps, durably, where the store has this upload, for attempts to
	// come. It is needed where ID alone does not lead there.
	Remember func(place string) error
	// Fresh says that what the store has is wrong: begin at 0, in another place.
	// It is said until Remember was called.
	Fresh bool
}

// Keep remembers a place of several values.
func (r *UploadRequest) Keep(place any) error {
	data, err := json.Marshal(place)
	if err != nil {
		return err
	}
	return r.Remember(string(data))
}

// Recall reads into place what Keep kept last. Where that is nothing, or nothing
// that can be read, place stays what it is.
func (r *UploadRequest) Recall(place any) {
	if r.Place != "" {
		_ = json.Unmarshal([]byte(r.Place), place)
	}
}

// UploadResult is what a store says of a finished upload.
type UploadResult struct {
	URL     string    // for the message: whoever may read the file can, by this alone; relative for the relay
	CRC32C  string    // of the bytes as they lie there, as the store computed it, in hexadecimal; "" if it can't
	Expires time.Time // when URL stops leading to the file; zero: never
}

// Renewer is a Handler whose URLs expire.
type Renewer interface {
	// Renew returns a new URL for the file behind one that Upload returned to
	// this person, also long after that one expired. The file stays where it is.
	Renew(ctx context.Context, url string) (UploadResult, error)
}

// DownloadRequest asks a handler for the bytes of a file. They are sealed, and
// so are Size and Offset.
type DownloadRequest struct {
	URL          string // as the message says
	Conversation chat.ConversationID
	Size, Offset int64
	End          int64     // up to where bytes are wanted; 0: Size
	Body         io.Writer // its errors end the download
	// Progress is told how many bytes of the file are in Body by now.
	Progress func(n int64)
}

// Last is up to where bytes are wanted.
func (r *DownloadRequest) Last() int64 {
	if r.End > 0 {
		return min(r.End, r.Size)
	}
	return r.Size
}

// Dropper is a Handler that can take back an upload, whether it came to its end
// at the store or not; one that is not there is no error. It is asked once when
// an upload is cancelled; a store that it can't reach then sweeps by itself.
type Dropper interface {
	Drop(ctx context.Context, r *UploadRequest) error
}

// Claimer is a Handler that alone can download certain URLs, whatever their
// scheme: with an account of the person's own at the server that they lead to.
type Claimer interface {
	Claims(url string) bool
}

// Ticket is the permission to move one file.
type Ticket struct {
	URL     string // absolute
	Token   string // for "Authorization: Bearer"; "" sends none
	Expires time.Time
}

// TicketRequest says for what a ticket is.
type TicketRequest struct {
	Direction    chat.Direction
	File         string // upload: the transfer's id; download: the URL in the message
	Size         int64
	Conversation chat.ConversationID
}

// Tickets gets a ticket from the relay. It is called from attempts. Errors:
// as of Handler.
type Tickets func(ctx context.Context, r TicketRequest) (Ticket, error)
