package session

import (
	"context"
	"time"

	"satchel/chat"
)

// Edit gives a message of our own another text, for everyone.
func (s *Session) Edit(ctx context.Context, conv chat.ConversationID, id chat.MessageID, text string) error {
	m, err := s.own(conv, id)
	if err != nil {
		return err
	}
	edit := chat.Content{Kind: chat.KindEdit, Edit: id, Text: text}
	after, ok := m.Content.Edited(&edit)
	switch {
	case !ok:
		return Refusal("A message without words can't be kept. Delete it instead.")
	case after.Text == m.Content.Text:
		return nil
	}
	_, err = s.Send(ctx, conv, edit)
	return err
}

// Delete takes a message of our own away, for everyone. One that has not left
// this device is taken back.
func (s *Session) Delete(ctx context.Context, conv chat.ConversationID, id chat.MessageID) error {
	m, err := s.own(conv, id)
	if err != nil {
		return err
	}
	if m.State == chat.MessageFailed {
		return s.Remove(ctx, conv, id)
	}
	if t, ok := s.TransferOf(conv, id); ok && m.State == chat.MessagePending && t.Direction == chat.Upload && !t.State.Ended() {
		return s.CancelTransfer(t.ID)
	}
	_, err = s.Send(ctx, conv, chat.Content{Kind: chat.KindDelete, Delete: id})
	return err
}

// own returns a message that we may change.
func (s *Session) own(conv chat.ConversationID, id chat.MessageID) (chat.Message, error) {
	m, ok, err := s.Message(conv, id)
	switch {
	case err != nil:
		return m, s.sentence(err)
	case !ok || m.Deleted || m.Content.Changes():
		return m, Refusal("This message is not there any more.")
	case m.From != s.me():
		return m, Refusal("Only who wrote a message can change it.")
	case !s.Changeable(&m):
		return m, refusal("On this relay a message can be changed for %v after it was sent. This one is older, so it stays as it is.", s.Profile().EditWindow)
	}
	return m, nil
}

// Changeable tells whether the relay's operator lets a message be edited and
// deleted still. What was not sent always may be.
func (s *Session) Changeable(m *chat.Message) bool {
	window := s.Profile().EditWindow
	return window == 0 || m.Seq == 0 || time.Since(m.At) <= window
}

// React answers a message with an emoji, in the place of the one before; the
// same emoji again takes it back.
func (s *Session) React(ctx context.Context, conv chat.ConversationID, id chat.MessageID, emoji string) error {
	m, ok, err := s.Message(conv, id)
	switch {
	case err != nil:
		return s.sentence(err)
	case !ok || m.Deleted || m.Content.Changes():
		return Refusal("This message is not there any more.")
	case m.State == chat.MessageFailed:
		return Refusal("This message was not sent.")
	}
	for _, r := range m.Reactions {
		if r.From == s.me() && r.Emoji == emoji {
			emoji = ""
			break
		}
	}
	_, err = s.Send(ctx, conv, chat.Content{Kind: chat.KindReaction, Reply: id, Reaction: emoji})
	return err
}

// follow turns the messages of a turn into what people see: each with what
// other entries make of it, and along with one that changes another, that one.
// A change that was given up is told once, and taken away.
func (t *turn) follow() error {
	for i, c := range t.messages {
		change, ok := c.(chat.MessagesChanged)
		if !ok {
			continue
		}
		told := map[chat.MessageID]bool{}
		var out []chat.Message
		tell := func(id chat.MessageID) error {
			m, ok, err := t.tx.Shown(change.Conversation, id)
			if ok && !told[id] {
				told[id] = true
				out = append(out, m)
			}
			return err
		}
		for _, m := range change.Messages {
			if m.Content.Changes() && m.State == chat.MessageFailed {
				switch m.Content.Kind {
				case chat.KindProfile, chat.KindJoined, chat.KindDoor:
				case chat.KindJoin:
					t.announce(chat.Notice{Conversation: change.Conversation, Text: "The group could not be asked to let you in. " + m.Reason})
				case chat.KindPicture:
					t.announce(chat.Notice{Conversation: change.Conversation, Text: "The group’s picture could not be changed. " + m.Reason})
				default:
					t.announce(chat.Notice{Conversation: change.Conversation, Text: "A change could not be sent, so the message is as it was. " + m.Reason})
				}
				if err := t.tx.RemovePending(change.Conversation, m.ID); err != nil {
					return err
				}
				change.Removed = append(change.Removed, m.ID)
			}
			if err := tell(m.ID); err != nil {
				return err
			}
			if target := m.Content.Target(); target != "" {
				if err := tell(target); err != nil {
					return err
				}
			}
		}
		change.Messages = out
		t.messages[i] = change
	}
	return nil
}
