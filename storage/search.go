package storage

import (
	"encoding/json"
	"errors"
	"fmt"

	"satchel/chat"
	"satchel/storage/index"
)

// ErrIndex says that the index makes no sense. IndexAnew makes a new one; the
// messages themselves are as they were.
var ErrIndex = index.ErrDamaged

// searched is what is found of a message; its text is "" when nothing is.
func searched(m *chat.Message) index.Entry {
	e := index.Entry{Conversation: string(m.Conversation), Message: string(m.ID), At: m.At.UnixMilli()}
	c := &m.Content
	if c.Changes() || !c.Known() || m.Deleted {
		return e
	}
	e.Text = c.Title + "\n" + c.Text
	if c.File != nil {
		e.Text, e.File = e.Text+"\n"+c.File.Name, true
	}
	if c.Location != nil {
		e.Text += "\n" + c.Location.Name
	}
	return e
}

// entryOf is what is found now of the message with an id.
func (c *conversation) entryOf(id chat.MessageID) (index.Entry, error) {
	p, err := c.find(id)
	if err != nil || p.in == 0 {
		return index.Entry{}, err
	}
	m, err := c.get(p)
	if err == nil {
		m, err = c.changed(m)
	}
	return searched(&m), err
}

// found does something to the rows of m, and has the index follow: of m itself,
// or of the message that m changes.
func (c *conversation) found(m *chat.Message, do func() error) error {
	id := m.ID
	if m.Content.Changes() {
		if id = m.Content.Target(); id == "" {
			return do()
		}
	}
	return c.reindex(id, do)
}

// reindex does something that changes what is found of the message with an id.
func (c *conversation) reindex(id chat.MessageID, do func() error) error {
	before, err := c.entryOf(id)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	after, err := c.entryOf(id)
	if err != nil || before == after {
		return err
	}
	return errors.Join(c.index.Remove(before), c.index.Put(after))
}

// Search returns the newest messages that have every word of what is looked for,
// the newest first, at most limit of them, as people see them; the last word may
// be only begun. With files, only those that carry a file, by its name too.
// ErrIndex: see there.
func (tx *Tx) Search(text string, files bool, limit int) ([]chat.Message, error) {
	return tx.find(index.Query{Text: text, Files: files, Limit: limit})
}

// Files returns the newest messages of a conversation that carry a file, the
// newest first, at most limit of them; with text, those that Search would find.
func (tx *Tx) Files(conv chat.ConversationID, text string, limit int) ([]chat.Message, error) {
	return tx.find(index.Query{Text: text, Files: true, Conversation: string(conv), Limit: limit})
}

func (tx *Tx) find(q index.Query) (out []chat.Message, err error) {
	refs, err := index.In(tx.bolt).Find(q)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	for _, r := range refs {
		m, ok, err := tx.Shown(chat.ConversationID(r.Conversation), chat.MessageID(r.Message))
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, m)
		}
	}
	return out, nil
}

// indexed is how far IndexMore came.
type indexed struct {
	Done         bool                `json:"done,omitempty"`
	Conversation chat.ConversationID `json:"conversation,omitempty"` // all before it are done
	Seq          uint64              `json:"seq,omitempty"`          // in it, all up to it
}

// IndexMore puts up to limit messages into the index that were here before there
// was one; done tells that none are left. What comes meanwhile is put by itself.
func (tx *Tx) IndexMore(limit int) (done bool, err error) {
	meta := tx.bolt.Bucket(bMeta)
	var at indexed
	if _, err := getJSON(meta, keyIndexed, &at); err != nil || at.Done {
		return at.Done, err
	}
	cursor := tx.bolt.Bucket(bConversations).Cursor()
	k, _ := cursor.Seek([]byte(at.Conversation))
	for ; k != nil && limit > 0; k, _ = cursor.Next() {
		if id := chat.ConversationID(k); id != at.Conversation {
			at.Conversation, at.Seq = id, 0
		}
		page, err := tx.MessagesAfter(at.Conversation, at.Seq, limit)
		if err != nil {
			return false, err
		}
		for i := range page {
			if err := index.In(tx.bolt).Put(searched(&page[i])); err != nil {
				return false, err
			}
			at.Seq = page[i].Seq
		}
		if limit -= len(page); limit == 0 {
			break // there may be more in this one
		}
	}
	at.Done = k == nil
	return at.Done, putJSON(meta, keyIndexed, at)
}

// IndexAnew empties the index, for IndexMore to fill.
func (tx *Tx) IndexAnew() error {
	if err := index.Clear(tx.bolt); err != nil {
		return err
	}
	return tx.bolt.Bucket(bMeta).Delete(keyIndexed)
}

// Indexed tells whether everything that is here can be found.
func (tx *Tx) Indexed() (bool, error) {
	var at indexed
	raw := tx.bolt.Bucket(bMeta).Get(keyIndexed)
	if raw == nil {
		return false, nil
	}
	err := json.Unmarshal(raw, &at)
	return at.Done, err
}
