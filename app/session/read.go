package session

import (
	"satchel/chat"
	"satchel/storage"
)

// Conversations returns all conversations, newest activity first.
func (s *Session) Conversations() (all []chat.Conversation, err error) {
	err = s.db.View(func(tx *storage.Tx) error {
		all, err = tx.Conversations()
		return err
	})
	return all, err
}

// Conversation returns one conversation; false when it isn't known here.
func (s *Session) Conversation(id chat.ConversationID) (c chat.Conversation, ok bool, err error) {
	err = s.db.View(func(tx *storage.Tx) error {
		c, ok, err = tx.Conversation(id)
		return err
	})
	return c, ok, err
}

// Messages returns a page of what is in the cache, ascending: the newest limit
// messages below sequence number before; with before 0 the newest of all,
// pending ones at the end. LoadHistory fetches what isn't here. Each is as people
// see it; those that only change others (chat.Content.Changes) are among them.
func (s *Session) Messages(conv chat.ConversationID, before uint64, limit int) (page []chat.Message, err error) {
	err = s.db.View(func(tx *storage.Tx) error {
		page, err = tx.Messages(conv, before, limit)
		return err
	})
	return page, err
}

// MessagesAfter returns the oldest stored messages above after, ascending.
func (s *Session) MessagesAfter(conv chat.ConversationID, after uint64, limit int) (page []chat.Message, err error) {
	err = s.db.View(func(tx *storage.Tx) error {
		page, err = tx.MessagesAfter(conv, after, limit)
		return err
	})
	return page, err
}

// Message returns one message as people see it; false when it isn't here.
func (s *Session) Message(conv chat.ConversationID, id chat.MessageID) (m chat.Message, ok bool, err error) {
	err = s.db.View(func(tx *storage.Tx) error {
		m, ok, err = tx.Shown(conv, id)
		return err
	})
	return m, ok, err
}

// TransferOf returns the newest transfer of a message; false when there is none.
func (s *Session) TransferOf(conv chat.ConversationID, msg chat.MessageID) (t chat.Transfer, ok bool) {
	err := s.db.View(func(tx *storage.Tx) (err error) {
		t, ok, err = tx.TransferOf(conv, msg)
		return err
	})
	if err != nil {
		s.log.Error("read a transfer", "error", err)
		return chat.Transfer{}, false
	}
	if live, is := s.hub.latest(t.ID); ok && is && !t.State.Ended() {
		return live, true
	}
	return t, ok
}

// Transfers returns those that have not ended, as they stand now.
func (s *Session) Transfers() (all []chat.Transfer, err error) {
	err = s.db.View(func(tx *storage.Tx) error {
		all, err = tx.Transfers()
		return err
	})
	for i, t := range all {
		if live, ok := s.hub.latest(t.ID); ok {
			all[i] = live
		}
	}
	return all, err
}

// Value returns a small thing that was kept by PutValue; nil when there is none.
func (s *Session) Value(key string) (v []byte, err error) {
	err = s.db.View(func(tx *storage.Tx) error {
		v, err = tx.Value(key)
		return err
	})
	return v, err
}
