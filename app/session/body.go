package session

import (
	"encoding/json"
	"time"

	"satchel/chat"
	"satchel/net/wire"
)

// KindUnreadable is the kind of content whose body could not be opened. The
// entry is kept, so that the log has no hole.
const KindUnreadable = "unreadable"

// sealBody makes the body of bytes that travels. With openBody it is the only
// place that knows what a body is made of.
func sealBody(c *chat.Content) ([]byte, error) { return json.Marshal(c) }

// openBody reads a body. What it returns for one that it can't read is of
// KindUnreadable, along with the reason.
func openBody(b []byte) (chat.Content, error) {
	var c chat.Content
	if err := json.Unmarshal(b, &c); err != nil {
		return chat.Content{Kind: KindUnreadable}, err
	}
	if c.Kind == "" {
		c.Kind = KindUnreadable
	}
	return c, nil
}

// at reads the wire's Unix milliseconds; 0 is the zero time.
func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func (s *Session) message(conversation string, e *wire.Entry) chat.Message {
	content, err := openBody(e.Body)
	if err != nil {
		s.log.Warn("a message can't be opened", "conversation", conversation, "seq", e.Seq, "error", err)
	}
	return chat.Message{ID: chat.MessageID(e.Message), Conversation: chat.ConversationID(conversation), Seq: e.Seq,
		From: chat.AccountID(e.From), Device: chat.DeviceID(e.Device), At: at(e.At), Content: content}
}

func account(a wire.Account) chat.Account {
	return chat.Account{ID: chat.AccountID(a.ID), Name: a.Name}
}

func conversation(c *wire.Conversation) *chat.Conversation {
	out := &chat.Conversation{ID: chat.ConversationID(c.ID), Kind: chat.ConversationKind(c.Kind), Title: c.Title,
		Head: c.Head, Created: at(c.Created)}
	for _, m := range c.Members {
		out.Members = append(out.Members, account(m))
	}
	return out
}

func mark(m *wire.Mark) chat.Mark { return chat.Mark{Received: m.Received, Read: m.Read} }
