package session

import (
	"context"
	"errors"
	"slices"
	"strings"

	"satchel/chat"
	"satchel/storage"
	"satchel/transfer"
)

// A folder refers to packs of earlier messages of its conversation; a link to one is
// renewed as that message's. A folder that was forwarded refers to packs whose
// messages are not in the conversation that it is in now. Their links are asked for
// and told there all the same, by the ids that the folder has, and who forwarded it
// looks for one where it came from:
//
//	origin C P   the conversation, and the message, of the folder in which pack P
//	             came that this account forwarded into C: "C' P M'"

// packLink returns the newest link that is known here to pack p of a folder's message.
func (s *Session) packLink(folder *chat.Message, p *chat.Pack) (string, error) {
	if m, ok, err := s.Message(folder.Conversation, p.Message); err != nil || ok && m.Content.File != nil {
		if err != nil {
			return "", err
		}
		return m.Content.File.URL, nil
	}
	link := ""
	err := s.db.View(func(tx *storage.Tx) (err error) {
		link, err = tx.LinkOf(folder.Conversation, p.Message, folder.From)
		return err
	})
	if link == "" {
		link = p.URL
	}
	return link, err
}

// packOf finds an earlier pack of a folder's message by the message that it came with.
func packOf(folder *chat.Message, id chat.MessageID) *chat.Pack {
	if f := folder.Content.File; f.IsFolder() {
		for i := range f.Folder.Earlier {
			if f.Folder.Earlier[i].Message == id {
				return &f.Folder.Earlier[i]
			}
		}
	}
	return nil
}

// packMessage stands for the message with which a pack of a forwarded folder came,
// in the folder's conversation; who forwarded it is asked for links. false: t, a
// transfer of the folder, needs no such pack.
func (s *Session) packMessage(t *chat.Transfer) (m chat.Message, ok bool, err error) {
	var whole chat.Transfer
	err = s.db.View(func(tx *storage.Tx) (err error) {
		whole, ok, err = tx.Transfer(t.ID)
		return err
	})
	if err != nil || !ok {
		return m, false, err
	}
	folder, ok, err := s.Message(whole.Conversation, whole.Message)
	if err != nil || !ok {
		return m, false, err
	}
	p := packOf(&folder, t.Message)
	if p == nil {
		return m, false, nil
	}
	f := t.File
	f.URL, err = s.packLink(&folder, p)
	return chat.Message{ID: t.Message, Conversation: folder.Conversation, From: folder.From, Content: chat.Content{File: &f}}, true, err
}

// noteOrigins keeps where the packs of a folder that is forwarded came from.
func noteOrigins(values map[string][]byte, m *chat.Message, to chat.ConversationID) {
	if f := m.Content.File; f.IsFolder() && m.Conversation != to {
		for _, p := range f.Folder.Earlier {
			values[linkKey("origin", to, p.Message)] = []byte(strings.Join([]string{string(m.Conversation), string(p.Message), string(m.ID)}, " "))
		}
	}
}

// forwardedFolder is a folder with the newest links to its packs that are known.
func (s *Session) forwardedFolder(m *chat.Message, f chat.File) (*chat.File, error) {
	d := *f.Folder
	d.Earlier = slices.Clone(d.Earlier)
	for i := range d.Earlier {
		var err error
		if d.Earlier[i].URL, err = s.packLink(m, &d.Earlier[i]); err != nil {
			return nil, err
		}
	}
	f.Folder = &d
	return &f, nil
}

// originOf finds what a link to the file of a message that this account forwarded is
// to be had of: the message itself, or what stands for that of a pack. false: it is
// no forwarded copy, or what it was copied from is not here.
func (s *Session) originOf(conv chat.ConversationID, id chat.MessageID) (m chat.Message, ok bool, err error) {
	b, err := s.Value(linkKey("origin", conv, id))
	parts := strings.Fields(string(b))
	if err != nil || len(parts) < 2 {
		return m, false, err
	}
	from, msg := chat.ConversationID(parts[0]), chat.MessageID(parts[1])
	if m, ok, err = s.Message(from, msg); err != nil || ok || len(parts) < 3 {
		return m, ok && m.Content.File != nil, err
	}
	folder, ok, err := s.Message(from, chat.MessageID(parts[2]))
	if err != nil || !ok {
		return m, false, err
	}
	p := packOf(&folder, msg)
	if p == nil {
		return m, false, nil
	}
	link, err := s.packLink(&folder, p)
	return chat.Message{ID: msg, Conversation: from, From: folder.From, Content: chat.Content{File: &chat.File{URL: link, Size: p.Size, Key: p.Key}}}, true, err
}

// needsLink tells whether a download fetches the file of a message, or a pack of it:
// there, or in what was forwarded from there.
func (t *turn) needsLink(tr *chat.Transfer, conv chat.ConversationID, id chat.MessageID) (bool, error) {
	files := []chat.MessageID{tr.Message}
	if tr.File.IsFolder() {
		for _, p := range tr.File.Folder.Earlier {
			files = append(files, p.Message)
		}
	}
	for _, of := range files {
		if tr.Conversation == conv && of == id {
			return true, nil
		}
		from, err := t.tx.Value(linkKey("origin", tr.Conversation, of))
		if err != nil {
			return false, err
		}
		if parts := strings.Fields(string(from)); len(parts) > 1 && parts[0] == string(conv) && parts[1] == string(id) {
			return true, nil
		}
	}
	return false, nil
}

// renewPack answers a wish for a link to a pack whose message is not in the
// conversation: none when there is none, waitsForOrigin while one is waited for.
func (s *Session) renewPack(ctx context.Context, conv chat.ConversationID, id chat.MessageID) (transfer.Link, error) {
	m, ok, err := s.originOf(conv, id)
	if err != nil || !ok {
		return transfer.Link{}, err
	}
	if s.relayFile(m.Content.File.URL) != "" {
		return transfer.Link{}, nil
	}
	if result, err := s.handlers.Renew(ctx, m.Content.File.URL); err == nil {
		return transfer.Link{URL: result.URL}, nil
	} else if isTemporary(err) {
		s.log.Info("a link can't be renewed now", "conversation", conv, "pack", id, "error", err)
		return transfer.Link{URL: waitsForOrigin}, nil
	}
	return s.linkOfOrigin(ctx, conv, id, "")
}

// isTemporary tells whether a renewal may work later.
func isTemporary(err error) bool {
	known := (*transfer.Error)(nil)
	return !errors.As(err, &known) || known.Retry
}
