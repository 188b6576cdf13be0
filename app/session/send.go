package session

import (
	"context"
	"errors"
	"time"

	"satchel/chat"
	"satchel/net/seal"
)

// Send writes a message: it is kept, as pending, when Send returns, and goes out
// as soon as the relay can be reached. For files see SendFiles.
func (s *Session) Send(ctx context.Context, conv chat.ConversationID, content chat.Content) (chat.Message, error) {
	return s.SendAs(ctx, conv, chat.NewMessageID(time.Now()), content)
}

// SendAs is Send under a message id of the caller's choice: repeated, it is the
// same message, which is returned as it is by then.
func (s *Session) SendAs(ctx context.Context, conv chat.ConversationID, id chat.MessageID, content chat.Content) (chat.Message, error) {
	if content.Kind == "" {
		content.Kind = chat.KindMessage
	}
	if err := content.Check(); err != nil {
		return chat.Message{}, err
	}
	body, err := sealContent(&content)
	if err != nil {
		return chat.Message{}, err
	}
	if len(body) > seal.MaxContent {
		return chat.Message{}, refusal("The message is too large: %d KiB at most. Send it as a file.", seal.MaxContent>>10)
	}
	e := &sendMessage{asked: ask(), conv: conv, id: id, content: content}
	if err := s.await(ctx, e, e.asked); err != nil {
		return chat.Message{}, err // the loop may be at it still
	}
	return e.message, nil
}

type sendMessage struct {
	asked
	conv    chat.ConversationID
	id      chat.MessageID
	content chat.Content
	message chat.Message // the answer
}

func (e *sendMessage) apply(t *turn) error {
	known, ok, err := t.tx.Message(e.conv, e.id)
	if err != nil {
		return err
	}
	if ok {
		e.message = known
		return nil
	}
	if err := t.mayWrite(e.conv); err != nil {
		return err
	}
	if err := t.showFace(e.conv); err != nil {
		return err
	}
	if err := t.sayAgain(e.conv); err != nil {
		return err
	}
	content, err := t.fades(e.conv, e.content)
	if err != nil {
		return err
	}
	e.message = t.s.pending(e.conv, e.id, content)
	if err := t.tx.AddPending(e.message); err != nil {
		return err
	}
	if content.Kind == chat.KindTimer {
		if err := t.tx.PutTimer(e.conv, e.id, content.Lifetime); err != nil {
			return err
		}
	}
	if err := t.putSend(&e.message); err != nil {
		return err
	}
	t.news(e.conv, false, e.message)
	return nil
}

// putSend adds the act that sends a message.
func (t *turn) putSend(m *chat.Message) error {
	if err := t.wrote(m.Conversation); err != nil {
		return err
	}
	n, err := t.giveCount(m.Conversation)
	if err != nil {
		return err
	}
	return t.put(actSend, m.Conversation, m.ID, sendAct{Count: n, Files: t.s.filesOf(&m.Content)})
}

// mayWrite refuses conversations that are not here, where something is wrong, or
// of which this account is no member any more.
func (t *turn) mayWrite(conv chat.ConversationID) error {
	if t.me == "" {
		return ErrNotHere
	}
	row, ok, err := t.tx.Conversation(conv)
	switch {
	case err != nil:
		return err
	case !ok:
		return Refusal("There is no such conversation here.")
	case row.Gone == chat.Left:
		return Refusal("You left this group, so nothing can be sent to it.")
	case row.Gone != "":
		return Refusal("You were removed from this group, so nothing can be sent to it.")
	case row.Stopped:
		return Refusal(row.Warning)
	case !row.MayWrite(t.me):
		return errOnlyAdmins
	case row.Blocked:
		return Refusal("You blocked this person, so nothing can be sent to them. End the block to write again.")
	}
	return nil
}

// pending makes the message that stands in the conversation until the relay has it.
func (s *Session) pending(conv chat.ConversationID, id chat.MessageID, content chat.Content) chat.Message {
	who := s.Profile()
	return chat.Message{ID: id, Conversation: conv, From: who.Account.ID, Device: who.Device,
		At: time.Now().UTC().Truncate(time.Millisecond), Content: content, State: chat.MessagePending}
}

// Resend tries a message again that was given up.
func (s *Session) Resend(ctx context.Context, conv chat.ConversationID, id chat.MessageID) error {
	e := retryMessage{ask(), conv, id}
	return s.await(ctx, e, e.asked)
}

type retryMessage struct {
	asked
	conv chat.ConversationID
	id   chat.MessageID
}

func (e retryMessage) apply(t *turn) error {
	m, ok, err := t.tx.Message(e.conv, e.id)
	if err != nil || !ok || m.State != chat.MessageFailed {
		return err
	}
	return t.dispatch(m)
}

// dispatch puts a message that is complete into the outbox. One that is too large
// even without its pictures is given up.
func (t *turn) dispatch(m chat.Message) error {
	content, err := sealContent(&m.Content)
	if err == nil && len(content) > seal.MaxContent && m.Content.File != nil {
		bare := *m.Content.File
		bare.Thumbnail, bare.Placeholder = nil, nil
		m.Content.File = &bare
		if l := m.Content.Location; l != nil {
			m.Content.Location = l.Bare()
		}
		content, err = sealContent(&m.Content)
	}
	if err != nil {
		return err
	}
	m.State, m.Reason = chat.MessagePending, ""
	if len(content) > seal.MaxContent {
		m.State, m.Reason = chat.MessageFailed, "The message is too large with its text. Nothing was lost: send the text as a message of its own."
	} else if err := t.putSend(&m); err != nil {
		return err
	}
	if err := t.tx.UpdateMessage(m); err != nil {
		return err
	}
	t.news(m.Conversation, false, m)
	return nil
}

// Remove takes back a message that was given up.
func (s *Session) Remove(ctx context.Context, conv chat.ConversationID, id chat.MessageID) error {
	e := removeMessage{ask(), conv, id}
	return s.await(ctx, e, e.asked)
}

type removeMessage struct {
	asked
	conv chat.ConversationID
	id   chat.MessageID
}

func (e removeMessage) apply(t *turn) error {
	m, ok, err := t.tx.Message(e.conv, e.id)
	if err != nil || !ok {
		return err
	}
	if m.State != chat.MessageFailed {
		return Refusal("The message is on its way, or was sent: it can't be taken back.")
	}
	return t.remove(e.conv, e.id)
}

// remove takes a pending message out of the conversation.
func (t *turn) remove(conv chat.ConversationID, id chat.MessageID) error {
	if err := t.tx.RemovePending(conv, id); err != nil {
		return err
	}
	t.messages = append(t.messages, chat.MessagesChanged{Conversation: conv, Removed: []chat.MessageID{id}})
	t.touch(conv)
	return nil
}

// Flushed waits until every one of these messages was acknowledged by the relay,
// and returns them as they are then. It ends early, with the reason, when one
// was given up or taken back, or its file can't be sent.
func (s *Session) Flushed(ctx context.Context, messages ...chat.Message) ([]chat.Message, error) {
	out := make([]chat.Message, len(messages))
	err := s.until(ctx, func() (bool, error) {
		all := true
		for i, m := range messages {
			now, ok, err := s.Message(m.Conversation, m.ID)
			switch {
			case err != nil:
				return false, err
			case !ok:
				return false, Refusal("The message was taken back before it was sent.")
			case now.State == chat.MessageFailed:
				return false, Refusal(now.Reason)
			}
			if t, ok := s.TransferOf(m.Conversation, m.ID); ok && t.Direction == chat.Upload && t.State == chat.TransferFailed {
				return false, Refusal(t.Reason)
			}
			out[i] = now
			if now.State == chat.MessageStored {
				continue
			}
			all = false
			if row, _, err := s.Conversation(m.Conversation); err != nil {
				return false, err
			} else if row.Stopped {
				return false, Refusal(row.Warning)
			}
		}
		return all, nil
	})
	return out, err
}

// until waits for a condition that only changes along with an announcement.
func (s *Session) until(ctx context.Context, holds func() (bool, error)) error {
	changes, stop := s.Subscribe()
	defer stop()
	for {
		if ok, err := holds(); ok || err != nil {
			return err
		}
		select {
		case _, open := <-changes:
			if !open {
				return ErrClosed
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Synced waits until the session is connected and every conversation's newest
// page is here.
func (s *Session) Synced(ctx context.Context) error {
	return s.until(ctx, func() (bool, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.conn.State == chat.Refused {
			return false, Refusal(s.conn.Reason)
		}
		return s.synced, nil
	})
}

func (s *Session) isSynced() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.synced
}

// Tried waits until the session is in step with the relay, or an attempt to
// reach it failed, whose reason it returns; further ones follow by themselves.
func (s *Session) Tried(ctx context.Context) error {
	return s.until(ctx, func() (bool, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.conn.State != chat.Connected && s.conn.Reason != "" {
			return false, Refusal(s.conn.Reason)
		}
		return s.synced, nil
	})
}

// Connected waits for a connection. A relay that refuses for good, and a ctx that
// ends, give the reason as a sentence.
func (s *Session) Connected(ctx context.Context) error {
	err := s.until(ctx, func() (bool, error) {
		c := s.Connection()
		if c.State == chat.Refused {
			return false, Refusal(c.Reason)
		}
		return c.State == chat.Connected, nil
	})
	if c := s.Connection(); errors.Is(err, context.DeadlineExceeded) && c.Reason != "" {
		return Refusal(c.Reason)
	}
	return err
}
