package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// KindMessage is the content that a person wrote: any of text, title, file and
// location together. Other kinds are kept, passed on, and shown as needing a
// newer Satchel.
const KindMessage = "message"

// KindUnreadable is the content of a message that could not be opened: Text is
// a sentence that says why. It stands in the log so that there is no hole, is
// tried again when keys come, and is never sent.
const KindUnreadable = "unreadable"

// MaxText is how many bytes of UTF-8 the text of one message may have: with a
// thumbnail and everything else it stays under the relay's limit for a body.
const MaxText = 128 << 10

// Content is what a message says. It travels as one JSON object inside the
// sealed body. Fields that this version does not know are kept in Extra and
// written out again, so that a message survives a device that is older than it.
type Content struct {
	Kind     string          `json:"kind"`
	Text     string          `json:"text,omitempty"`
	Title    string          `json:"title,omitempty"`
	File     *File           `json:"file,omitempty"`
	Location *Location       `json:"location,omitempty"`
	Reply    MessageID       `json:"reply,omitempty"` // the message that this answers
	Edit     MessageID       `json:"edit,omitempty"`  // these three: see KindEdit
	Delete   MessageID       `json:"delete,omitempty"`
	Reaction string          `json:"reaction,omitempty"`
	Picture  []byte          `json:"picture,omitempty"` // see KindProfile
	URL      string          `json:"url,omitempty"`     // these two: see KindLink
	Key      []byte          `json:"key,omitempty"`
	Custom   json.RawMessage `json:"custom,omitempty"`

	Lifetime int64  `json:"lifetime,omitempty"` // seconds after its time that the message is there for, 0: it stays; of a KindTimer, for messages to come
	Again    uint64 `json:"again,omitempty"`    // see KindTimer
	Join     *Join  `json:"join,omitempty"`     // see KindJoin
	Door     *Door  `json:"door,omitempty"`     // see KindDoor

	Extra map[string]json.RawMessage `json:"-"`
}

// File describes bytes that are stored out of band and fetched by URL.
type File struct {
	URL         string  `json:"url"`                 // absolute, or relative to the relay that carried the message
	Name        string  `json:"name"`                // as the sender calls it: hostile until scrubbed
	Size        int64   `json:"size"`                // bytes
	MIME        string  `json:"mime,omitempty"`      // as the sender sees it: a hint, never trusted
	SHA256      string  `json:"sha256"`              // of all bytes, 64 hexadecimal characters
	Key         []byte  `json:"key,omitempty"`       // what opens the sealed bytes at URL: net/seal's FileKeys
	Thumbnail   []byte  `json:"thumbnail,omitempty"` // JPEG or PNG, at most 32 KiB, at most 320 px a side
	Placeholder []byte  `json:"placeholder,omitempty"`
	Width       int     `json:"width,omitempty"`    // pixels, upright
	Height      int     `json:"height,omitempty"`   // pixels, upright
	Duration    float64 `json:"duration,omitempty"` // seconds
	Pages       int     `json:"pages,omitempty"`
	Waveform    []byte  `json:"waveform,omitempty"` // how loud a sound's parts are, 0 to 255; at most 64
	Excerpt     string  `json:"excerpt,omitempty"`  // the first lines of a text
	Voice       bool    `json:"voice,omitempty"`    // a sound that was spoken to be this message
	Folder      *Folder `json:"folder,omitempty"`   // it is a folder; then Size and SHA256 are as Folder says
}

// IsPicture tells whether a bubble shows the file as a picture.
func (f *File) IsPicture() bool {
	return f.HasThumbnail() && f.Width > 0 && f.Height > 0 && f.Pages == 0
}

// HasThumbnail tells whether there is a small picture of the file: of a
// document, its first page.
func (f *File) HasThumbnail() bool { return f != nil && len(f.Thumbnail) > 0 }

// IsVideo tells whether the picture that a bubble shows stands for a film.
func (f *File) IsVideo() bool { return f.IsPicture() && strings.HasPrefix(f.MIME, "video/") }

// IsSound tells whether the file is something to be heard.
func (f *File) IsSound() bool {
	return f != nil && (strings.HasPrefix(f.MIME, "audio/") || f.MIME == "application/ogg")
}

// Plays tells whether Satchel can play the file itself, as far as its kind says.
func (f *File) Plays() bool {
	if !f.IsSound() {
		return false
	}
	switch f.MIME {
	case "audio/wav", "audio/x-wav", "audio/vnd.wave", "audio/mpeg", "audio/ogg", "application/ogg", "audio/flac":
		return true
	}
	return false
}

// IsVoice tells whether the file is shown as spoken words, not as a file.
func (f *File) IsVoice() bool { return f.IsSound() && f.Voice }

// Reasons why a content can't be sent.
var (
	ErrEmpty   = errors.New("there is nothing to send: a message needs a text, a title, a file or a location")
	ErrTooLong = fmt.Errorf("the text is too long: %d KiB at most; send it as a file", MaxText>>10)
	ErrText    = errors.New("the text is not valid UTF-8")
)

// Check tells why a content can't be sent, or nil.
func (c *Content) Check() error {
	switch {
	case c.Kind == "":
		return errors.New("the content has no kind")
	case (c.Kind == KindFolder) != c.File.IsFolder():
		return errors.New("a folder is sent by a message of its own kind")
	case c.Lifetime < 0 || c.Lifetime > MaxLifetime:
		return ErrLifetime
	case c.Kind == KindMessage && c.Text == "" && c.Title == "" && c.File == nil && c.Location == nil && len(c.Custom) == 0:
		return ErrEmpty
	case len(c.Text)+len(c.Title) > MaxText:
		return ErrTooLong
	case !utf8.ValidString(c.Text) || !utf8.ValidString(c.Title):
		return ErrText
	case c.Location != nil && !c.Location.valid():
		return errors.New("the location is not on Earth")
	case c.Location != nil && !c.Location.bounded():
		return errors.New("the map of the location is too large")
	case c.Changes():
		return c.checkChange()
	}
	return nil
}

// Known tells whether this version can show the content.
func (c *Content) Known() bool { return c.Kind == KindMessage || c.Kind == KindFolder }

type plainContent Content

// MarshalJSON writes the known fields and then whatever else came with them.
func (c Content) MarshalJSON() ([]byte, error) {
	known, err := json.Marshal(plainContent(c))
	if err != nil || len(c.Extra) == 0 {
		return known, err
	}
	extra, err := json.Marshal(c.Extra)
	if err != nil {
		return nil, err
	}
	// Both are non-empty objects ("kind" is always written): join them.
	return append(append(known[:len(known)-1], ','), extra[1:]...), nil
}

// UnmarshalJSON reads an object and keeps the fields that it does not know.
func (c *Content) UnmarshalJSON(b []byte) error {
	var known plainContent
	if err := json.Unmarshal(b, &known); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	for name, value := range all {
		if knownFields[name] || knownFields[strings.ToLower(name)] {
			continue
		}
		if known.Extra == nil {
			known.Extra = map[string]json.RawMessage{}
		}
		known.Extra[name] = bytes.Clone(value)
	}
	*c = Content(known)
	return nil
}

var knownFields = map[string]bool{
	"kind": true, "text": true, "title": true, "file": true, "location": true, "reply": true,
	"edit": true, "delete": true, "reaction": true, "picture": true, "url": true, "key": true, "custom": true,
	"lifetime": true, "again": true, "join": true, "door": true,
}
