package seal

import (
	"fmt"

	"satchel/chat"
)

// Counts is what was seen of one device's messages in one conversation, to
// find what a relay dropped, repeated or exchanged. Its zero value has seen
// nothing. Messages may come in any order, as pages of history do.
type Counts struct {
	Seen chat.Ranges
	Max  uint64
}

// Note takes in a message that was opened. When the device's count was there
// already, known tells under which message id: ErrReplay if it is another one.
func (c *Counts) Note(count uint64, id chat.MessageID, known func(count uint64) chat.MessageID) error {
	if c.Seen.Has(count) && known(count) != id {
		return fmt.Errorf("seal: message %s: %w", id, ErrReplay)
	}
	c.Seen.Add(count, count)
	c.Max = max(c.Max, count)
	return nil
}

// Next is the count of the device's own next message.
func (c *Counts) Next() uint64 { return c.Max + 1 }

// Missing returns the newest run of counts below the highest that was seen
// which did not come: dropped, withheld, or not fetched yet.
func (c *Counts) Missing() (chat.Range, bool) { return c.Seen.Missing(c.Max) }
