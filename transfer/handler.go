package transfer

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
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
	// and not one more.
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
	// Body is the file. It is meant to be read forward, once: what is read
	// again is sealed again. A read that fails is the reason of the whole
	// upload's failing.
	Body io.ReaderAt
	// Progress is told how many bytes the store has: once before the first
	// read of Body, and whenever the store said so.
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

// UploadResult is what a store says of a finished upload.
type UploadResult struct {
	URL    string // for the message; relative for the relay
	SHA256 string // as the store computed it, in hexadecimal; "" if it can't
}

// DownloadRequest asks a handler for the bytes of a file. They are sealed, and
// so are Size and Offset.
type DownloadRequest struct {
	URL          string // as the message says
	Conversation chat.ConversationID
	Size, Offset int64
	Body         io.Writer // its errors end the download
	// Progress is told how many bytes of the file are in Body by now.
	Progress func(n int64)
}

// Dropper is a Handler that can take back an upload that did not end. It is
// asked once when an upload is cancelled; a store that it can't reach then
// sweeps by itself.
type Dropper interface {
	Drop(ctx context.Context, r *UploadRequest) error
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

// Registry knows the handlers. It is filled before the engine runs.
type Registry struct {
	upload  string
	names   map[string]Handler
	schemes map[string]Handler
}

// NewRegistry returns a registry whose uploads go to the handler of that name.
func NewRegistry(upload string) *Registry {
	return &Registry{upload: upload, names: map[string]Handler{}, schemes: map[string]Handler{}}
}

// Add makes a handler known by a name, and as the one that downloads URLs of
// these schemes. The scheme "" stands for relative URLs: files at the relay.
func (r *Registry) Add(name string, h Handler, schemes ...string) {
	r.names[name] = h
	for _, s := range schemes {
		r.schemes[s] = h
	}
}

func (r *Registry) forUpload() (Handler, error) {
	h, ok := r.names[r.upload]
	if !ok {
		return nil, Final("There is no place to send files to. Check the settings, then try again.", fmt.Errorf("no handler %q", r.upload))
	}
	return h, nil
}

func (r *Registry) forDownload(address string) (Handler, error) {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return nil, Final("The message does not say where the file is. Ask for it to be sent again.", err)
	}
	h, ok := r.schemes[strings.ToLower(u.Scheme)]
	if !ok {
		return nil, Final("The file lies where this version of Satchel can't fetch it. A newer one may.", fmt.Errorf("no handler for scheme %q", u.Scheme))
	}
	return h, nil
}

// closeIdle lets go of the connections that handlers keep for later.
func (r *Registry) closeIdle() {
	for _, h := range r.names {
		if c, ok := h.(interface{ CloseIdleConnections() }); ok {
			c.CloseIdleConnections()
		}
	}
}
