package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
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
	Custom   json.RawMessage `json:"custom,omitempty"`

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
}

// IsPicture tells whether a bubble shows the file as a picture.
func (f *File) IsPicture() bool {
	return f != nil && len(f.Thumbnail) > 0 && f.Width > 0 && f.Height > 0
}

// Location is a place on Earth, WGS 84, in degrees.
type Location struct {
	Lat  float64 `json:"lat"`
	Lon  float64 `json:"lon"`
	Name string  `json:"name,omitempty"`
}

// ParseLocation reads "LAT,LON" in decimal degrees.
func ParseLocation(s string) (*Location, error) {
	lat, lon, ok := strings.Cut(s, ",")
	if !ok {
		return nil, fmt.Errorf("%q is no place: write latitude,longitude, as in 38.7056,-9.1446", s)
	}
	l := &Location{}
	var err1, err2 error
	l.Lat, err1 = strconv.ParseFloat(strings.TrimSpace(lat), 64)
	l.Lon, err2 = strconv.ParseFloat(strings.TrimSpace(lon), 64)
	if err1 != nil || err2 != nil || !l.valid() {
		return nil, fmt.Errorf("%q is no place: write latitude,longitude, as in 38.7056,-9.1446", s)
	}
	return l, nil
}

func (l *Location) valid() bool {
	return math.Abs(l.Lat) <= 90 && math.Abs(l.Lon) <= 180 // false for NaN too
}

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
	case c.Kind == KindMessage && c.Text == "" && c.Title == "" && c.File == nil && c.Location == nil && len(c.Custom) == 0:
		return ErrEmpty
	case len(c.Text)+len(c.Title) > MaxText:
		return ErrTooLong
	case !utf8.ValidString(c.Text) || !utf8.ValidString(c.Title):
		return ErrText
	case c.Location != nil && !c.Location.valid():
		return errors.New("the location is not on Earth")
	case c.Changes():
		return c.checkChange()
	}
	return nil
}

// Known tells whether this version can show the content.
func (c *Content) Known() bool { return c.Kind == KindMessage }

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
	"edit": true, "delete": true, "reaction": true, "picture": true, "custom": true,
}
