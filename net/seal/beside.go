package seal

import (
	"fmt"
	"strings"

	"satchel/chat"
)

// BesideLead begins the ids under which something is sealed with a conversation's
// keys that stands beside its log and not in it. No message may have such an id:
// who takes in a log refuses one, and so does OpenMessage where its sender may not write.
const BesideLead = "fetched "

// SealBeside is Seal for what every member may tell, also one who may not write: it
// is no message, and its id begins with BesideLead.
func (c *Conversation) SealBeside(by Author, keys ConversationKeys, id chat.MessageID, content []byte) ([]byte, error) {
	if !strings.HasPrefix(string(id), BesideLead) {
		return nil, fmt.Errorf("seal: %q stands in the log: %w", id, ErrNotAllowed)
	}
	return c.seal(by, keys, id, 1, content, true)
}

// OpenBeside is OpenMessage for what SealBeside sealed. All else is ErrNotAllowed.
func (c *Conversation) OpenBeside(keys ConversationKeys, accounts Accounts, e Envelope, body []byte) (*Opened, error) {
	if !strings.HasPrefix(string(e.Message), BesideLead) {
		return nil, fmt.Errorf("seal: %q stands in the log: %w", e.Message, ErrNotAllowed)
	}
	o, err := c.openMessage(keys, accounts, e, body, true)
	if err != nil {
		return nil, fmt.Errorf("seal: beside the log: %s: %w", e.Message, err)
	}
	return o, nil
}
