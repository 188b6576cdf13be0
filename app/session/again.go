package session

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"time"

	"satchel/chat"
	"satchel/net/wire"
	"satchel/transfer"
)

// What the relay kept long enough is gone there, and mostly still lies here. Who wants
// it asks for a link, as for one that has expired (renew.go), and the author's device
// that has the file sends it anew, with keys of its own, and tells the link and the key
// in one entry. A folder's packs refer to each other, so a folder is not sent like this.

const sayKeptLong = "The relay kept this as long as it keeps files, and it is gone there. Ask for it to be sent again."

// relayFile is the id of a file of the relay's; "" where it lies elsewhere.
func (s *Session) relayFile(address string) string {
	id, _, err := locate(s.Profile().RelayURL, address)
	if err != nil {
		return ""
	}
	return id
}

// sendAgain sends the file of a message of this account anew, if the relay keeps it no
// more and it is here. waits: it is under way, or nobody can tell now; the link is told
// when it is there. gone: the relay keeps it no more, and it is not here either.
func (s *Session) sendAgain(ctx context.Context, m *chat.Message) (waits, gone bool, err error) {
	if t, ok := s.TransferOf(m.Conversation, m.ID); ok && t.Again && !t.State.Ended() {
		return true, false, nil
	}
	call, cancel := context.WithTimeout(ctx, ticketTimeout)
	defer cancel()
	_, err = s.call(call, &wire.TicketRequest{Purpose: wire.TicketDownload, File: s.relayFile(m.Content.File.URL)})
	var said *wire.Error
	switch {
	case err == nil:
		return false, false, nil // whoever asks can have it
	case !errors.As(err, &said) || said.Retry:
		return true, false, nil
	case said.Code != wire.CodeFileExpired:
		return false, false, nil
	}
	t, ok, err := s.stillHere(ctx, m)
	if err == nil && !ok {
		var origin chat.Message
		if origin, ok, err = s.originOf(m.Conversation, m.ID); err == nil && ok {
			origin.Content.File.SHA256 = m.Content.File.SHA256
			t, ok, err = s.stillHere(ctx, &origin)
		}
	}
	if err != nil || !ok {
		return false, err == nil, err
	}
	t.ID, t.Direction, t.Conversation, t.Message = chat.NewTransferID(), chat.Upload, m.Conversation, m.ID
	t.File.Name, t.File.Voice = m.Content.File.Name, m.Content.File.Voice
	t.Again, t.State, t.Created = true, chat.TransferQueued, time.Now().UTC()
	e := queueAgain{ask(), t}
	return true, false, s.await(ctx, e, e.asked)
}

// stillHere finds the file of a message on this computer, as what an upload of it reads: the
// very bytes, or the picture of which a changed copy went.
func (s *Session) stillHere(ctx context.Context, m *chat.Message) (t chat.Transfer, ok bool, err error) {
	had, ok := s.TransferOf(m.Conversation, m.ID)
	if !ok || had.State != chat.TransferDone {
		return t, false, nil
	}
	info, err := os.Stat(had.Path)
	if err != nil || !info.Mode().IsRegular() {
		return t, false, nil
	}
	t = chat.Transfer{Path: had.Path, ModTime: info.ModTime(), File: chat.File{Size: info.Size()}}
	if had.Direction == chat.Upload && had.Edit != (chat.PictureEdit{}) {
		t.Edit = had.Edit // what it makes is compared when it went
		return t, true, nil
	}
	if info.Size() != m.Content.File.Size {
		return t, false, nil
	}
	sum, err := sumFile(ctx, had.Path)
	if ctx.Err() != nil {
		return t, false, ctx.Err()
	}
	return t, err == nil && strings.EqualFold(sum, m.Content.File.SHA256), nil
}

// queueAgain queues an upload for a message that is stored.
type queueAgain struct {
	asked
	transfer chat.Transfer
}

func (queueAgain) aside() {}

func (e queueAgain) apply(t *turn) error {
	t.queue(e.transfer)
	return t.tx.PutTransfer(e.transfer)
}

// sentAgain tells where a file lies that was sent anew.
func (t *turn) sentAgain(tr *chat.Transfer) error {
	if err := t.endAgain(tr); err != nil {
		return err
	}
	m, ok, err := t.tx.Message(tr.Conversation, tr.Message)
	if err != nil || !ok || m.Deleted || m.Content.File == nil {
		return err
	}
	if !strings.EqualFold(tr.File.SHA256, m.Content.File.SHA256) {
		t.s.log.Warn("what was sent anew is not what the message has", "conversation", m.Conversation, "message", m.ID)
		return nil
	}
	if err := t.mayWrite(m.Conversation); err != nil {
		t.s.log.Info("a link can't be told", "conversation", m.Conversation, "error", err)
		return nil
	}
	content, err := t.fades(m.Conversation, chat.Content{Kind: chat.KindLink, Reply: m.ID, URL: portable(t.s.Profile().RelayURL, tr.File.URL), Key: tr.File.Key})
	if err != nil {
		return err
	}
	link := t.s.pending(m.Conversation, chat.NewMessageID(time.Now()), content)
	if err := t.tx.AddPending(link); err != nil {
		return err
	}
	if err := t.putSend(&link); err != nil {
		return err
	}
	t.news(m.Conversation, false, link)
	now, err := json.Marshal(time.Now().UTC())
	if err != nil {
		return err
	}
	return t.tx.PutValue(linkKey("linked", m.Conversation, m.ID), now)
}

// endAgain forgets that a file was asked for: it went, or the person does not want it to.
func (t *turn) endAgain(tr *chat.Transfer) error {
	return t.tx.PutValue(linkKey("wanted", tr.Conversation, tr.Message), nil)
}

// newLink is where the file of a message lies now, with the key that opens it there.
func newLink(f *chat.File) transfer.Link { return transfer.Link{URL: f.URL, Key: f.Key} }
