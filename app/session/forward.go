package session

import (
	"context"
	"errors"
	"strings"
	"time"

	"satchel/chat"
	"satchel/net/wire"
)

// Forward writes messages of one conversation into another, as our own, in their
// order. Files are not sent again: they stay where they are. Where the relay keeps
// one no more, or a part of a folder, it is sent from here, if it is here. It ends
// with the first that can't be forwarded; those before it are sent.
func (s *Session) Forward(ctx context.Context, from chat.ConversationID, ids []chat.MessageID, to chat.ConversationID) error {
	for _, id := range ids {
		m, ok, err := s.Message(from, id)
		switch {
		case err != nil:
			return s.sentence(err)
		case !ok || m.Deleted || m.Content.Changes():
			continue
		case m.State != chat.MessageStored && m.Content.File != nil:
			return Refusal("A file that is still being sent can't be forwarded yet. Try again when it has arrived.")
		}
		if err := s.forward(ctx, &m, to); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) forward(ctx context.Context, m *chat.Message, to chat.ConversationID) error {
	content := m.Content
	content.Reply = "" // it names a message that is not there
	copied := chat.NewMessageID(time.Now())
	if content.File == nil {
		_, err := s.SendAs(ctx, to, copied, content)
		return err
	}
	if s.isGoneFromRelay(ctx, content.File) {
		path := s.Path(m.Conversation, m.ID)
		if path == "" || !s.isWhat(ctx, m, path) {
			return Refusal("The relay does not keep all of this file any more, and it is not here either, so it can't be forwarded. Nothing was sent. Ask whoever sent it to send it again.")
		}
		content.File = nil
		_, err := s.SendEdited(ctx, to, []Outgoing{{Path: path, ID: copied, Voice: m.Content.File.Voice}}, content)
		return err
	}
	origins := map[string][]byte{linkKey("origin", to, copied): []byte(string(m.Conversation) + " " + string(m.ID))}
	if content.File.IsFolder() {
		noteOrigins(origins, m, to)
		var err error
		if content.File, err = s.forwardedFolder(m, *content.File); err != nil {
			return s.sentence(err)
		}
	}
	if err := s.PutValues(ctx, origins); err != nil {
		return err
	}
	_, err := s.SendAs(ctx, to, copied, content)
	return err
}

// isGoneFromRelay tells whether the relay says that it keeps the bytes of a file,
// or some of a folder, no more. Without a connection nobody knows.
func (s *Session) isGoneFromRelay(ctx context.Context, f *chat.File) bool {
	ctx, cancel := context.WithTimeout(ctx, ticketTimeout)
	defer cancel()
	for _, id := range s.filesOf(&chat.Content{File: f}) {
		_, err := s.call(ctx, &wire.TicketRequest{Purpose: wire.TicketDownload, File: id})
		var said *wire.Error
		if errors.As(err, &said) && (said.Code == wire.CodeFileExpired || said.Code == wire.CodeNotFound) {
			return true
		}
	}
	return false
}

// isWhat tells whether what lies here is what a message carried. A folder of our
// own is sent as it is by now.
func (s *Session) isWhat(ctx context.Context, m *chat.Message, path string) bool {
	t, ok := s.TransferOf(m.Conversation, m.ID)
	switch {
	case !ok || partly(&t):
		return false
	case t.File.IsFolder():
		return t.Direction == chat.Upload || s.asCame(ctx, path, m.Content.File)
	}
	sum, err := sumFile(ctx, path)
	return err == nil && strings.EqualFold(sum, m.Content.File.SHA256)
}
