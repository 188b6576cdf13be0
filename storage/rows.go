package storage

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"satchel/chat"
)

// maxID is how many bytes an id may have here: one byte says how long it is.
const maxID = 255

// idKey is the key of an id.
func idKey[T ~string](id T) ([]byte, error) {
	if len(id) == 0 || len(id) > maxID {
		return nil, fmt.Errorf("storage: an id of %d bytes", len(id))
	}
	return []byte(id), nil
}

// numKey is a number as a key: bytes in the order of numbers.
func numKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func keyNum(k []byte) uint64 { return binary.BigEndian.Uint64(k) }

// messageRow is what is kept of a message as JSON. In messages/C and pending/C
// the conversation and the sequence number are in the keys, and the sender and
// the thumbnail stand beside the JSON: unread messages are counted without
// decoding any, and a page with thumbnails is a copy of bytes instead of
// megabytes of base64.
type messageRow struct {
	ID      chat.MessageID    `json:"id"`
	Seq     uint64            `json:"seq,omitempty"`
	From    chat.AccountID    `json:"from,omitempty"`
	Device  chat.DeviceID     `json:"device,omitempty"`
	At      int64             `json:"at"` // Unix milliseconds: unlike RFC 3339 it has room for whatever a relay says
	Content chat.Content      `json:"content"`
	State   chat.MessageState `json:"state,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	Edited  bool              `json:"edited,omitempty"` // state.Last alone
	Deleted bool              `json:"deleted,omitempty"`
}

func rowOf(m chat.Message) messageRow {
	return messageRow{m.ID, m.Seq, m.From, m.Device, m.At.UnixMilli(), m.Content, m.State, m.Reason, m.Edited, m.Deleted}
}

func (r messageRow) message(conv chat.ConversationID) chat.Message {
	return chat.Message{ID: r.ID, Conversation: conv, Seq: r.Seq, From: r.From, Device: r.Device,
		At: time.UnixMilli(r.At), Content: r.Content, State: r.State, Reason: r.Reason, Edited: r.Edited, Deleted: r.Deleted}
}

var errRow = errors.New("storage: a row is cut short")

// appendPart appends p with its length before it; cutPart takes it off again.
func appendPart(b, p []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(p))), p...)
}

func cutPart(b []byte) (part, rest []byte, err error) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, errRow
	}
	return b[w : w+int(n)], b[w+int(n):], nil
}

// notShown leads the sender in the row of an entry that only changes another
// message, so that such rows are told apart without decoding any.
const notShown = "\x00"

// encodeMessage returns the row of m: sender, JSON, thumbnail.
func encodeMessage(m chat.Message) ([]byte, error) {
	var thumbnail []byte
	m.Content, thumbnail = withoutThumbnail(m.Content)
	row := rowOf(m)
	row.From, row.Seq, row.Edited = "", 0, false
	from := string(m.From)
	if m.Content.Changes() {
		from = notShown + from
	}
	j, err := json.Marshal(row)
	if err != nil {
		return nil, fmt.Errorf("storage: message %s: %w", m.ID, err)
	}
	b := make([]byte, 0, 2*binary.MaxVarintLen64+len(from)+len(j)+len(thumbnail))
	b = appendPart(b, []byte(from))
	b = appendPart(b, j)
	return append(b, thumbnail...), nil
}

// decodeMessage reads a row of messages/conv (seq > 0) or pending/conv (0).
func decodeMessage(conv chat.ConversationID, seq uint64, v []byte) (chat.Message, error) {
	from, rest, err := cutPart(v)
	if err != nil {
		return chat.Message{}, err
	}
	j, thumbnail, err := cutPart(rest)
	if err != nil {
		return chat.Message{}, err
	}
	var row messageRow
	if err := json.Unmarshal(j, &row); err != nil {
		return chat.Message{}, fmt.Errorf("storage: a message of %s: %w", conv, err)
	}
	row.Seq, row.From = seq, chat.AccountID(bytes.TrimPrefix(from, []byte(notShown)))
	if row.Content.File != nil && len(thumbnail) > 0 {
		row.Content.File.Thumbnail = slices.Clone(thumbnail)
	} else if l := row.Content.Location; l != nil && l.Map != nil && len(thumbnail) > 0 {
		l.Map.Picture = slices.Clone(thumbnail)
	}
	return row.message(conv), nil
}

// rowFrom reads the sender of a row, and whether it is one that is shown.
func rowFrom(v []byte) (from []byte, shown bool, err error) {
	from, _, err = cutPart(v)
	from, hidden := bytes.CutPrefix(from, []byte(notShown))
	return from, !hidden, err
}

// withoutThumbnail returns the content without the thumbnail of its file, or else
// the map of its location, and that. What the caller has is not touched.
func withoutThumbnail(c chat.Content) (chat.Content, []byte) {
	if l := c.Location; c.File == nil && l != nil && l.Map != nil {
		bare := l.Bare()
		bare.Map = &chat.Map{Credit: l.Map.Credit}
		c.Location = bare
		return c, l.Map.Picture
	}
	if c.File == nil || len(c.File.Thumbnail) == 0 {
		return c, nil
	}
	f := *c.File
	thumbnail := f.Thumbnail
	c.File, f.Thumbnail = &f, nil
	return c, thumbnail
}

// forList returns the row of m as Conversation.Last carries it: without the
// pictures, so that the list of conversations stays small and quick to read.
func forList(m chat.Message) *messageRow {
	if f := m.Content.File; f != nil {
		plain := *f
		plain.Thumbnail, plain.Placeholder = nil, nil
		m.Content.File = &plain
	}
	if m.Content.Location != nil {
		m.Content.Location = m.Content.Location.Bare()
	}
	row := rowOf(m)
	return &row
}
