package session

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/transfer"
)

// SendFiles writes one message for each file; text, title and location of the
// caption go with the first. Messages and transfers are kept when it returns, and
// each message leaves when its file is at the relay. A path that can't be sent has
// its sentence in the error, which then is an errors.Join of them; the other files
// go all the same.
func (s *Session) SendFiles(ctx context.Context, conv chat.ConversationID, paths []string, caption chat.Content) ([]chat.Message, error) {
	files := make([]Outgoing, len(paths))
	for i, path := range paths {
		files[i].Path = path
	}
	return s.SendEdited(ctx, conv, files, caption)
}

// Outgoing is a file that goes: a picture perhaps as a changed copy.
type Outgoing struct {
	Path string
	Edit chat.PictureEdit
	ID   chat.MessageID // of the caller's choice; "": a new one

	// Voice says that the file was spoken to be this message. It is a sound.
	Voice bool
}

// SendEdited is SendFiles with a choice for each file. Repeated under the same
// ids, they are the same messages. Copies of pictures are made when it is their
// turn to be sent.
func (s *Session) SendEdited(ctx context.Context, conv chat.ConversationID, files []Outgoing, caption chat.Content) ([]chat.Message, error) {
	e := &sendFiles{asked: ask(), conv: conv, store: s.store()}
	var problems []error
	for _, out := range files {
		file, modified, err := s.source(ctx, out.Path)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		content := chat.Content{Kind: chat.KindMessage}
		if len(e.files) == 0 {
			content = caption
			content.Kind = chat.KindMessage
		}
		content.File = file
		file.Voice = out.Voice
		if file.IsFolder() {
			content.Kind, out.Edit.Smaller = chat.KindFolder, false
		}
		if err := content.Check(); err != nil {
			return nil, err
		}
		if body, err := sealContent(&content); err != nil || len(body) > seal.MaxContent-(8<<10) { // and its URL, checksum and key
			return nil, refusal("The text is too large to go with a file. Send it as a message of its own.")
		}
		abs, err := filepath.Abs(out.Path)
		if err != nil {
			return nil, err
		}
		id := out.ID
		if id == "" {
			id = chat.NewMessageID(time.Now())
		}
		e.files = append(e.files, outgoing{id: id, content: content, path: abs, modified: modified, edit: out.Edit})
	}
	if len(e.files) == 0 {
		return nil, errors.Join(problems...)
	}
	if err := s.await(ctx, e, e.asked); err != nil {
		return nil, errors.Join(append(problems, err)...)
	}
	return e.messages, errors.Join(problems...)
}

// MaxFile is how many bytes a file may have where new ones go; 0: nobody knows of a
// bound. A store of the person's own says so by itself.
func (s *Session) MaxFile() int64 {
	if s.store() != "" {
		return 0
	}
	return s.Profile().MaxFile
}

// CheckFiles tells, in sentences, which of these paths can't be sent; nil when all can.
func (s *Session) CheckFiles(ctx context.Context, paths []string) error {
	var problems []error
	for _, path := range paths {
		_, _, err := s.source(ctx, path)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// source looks at a file or a folder that shall be sent, and says when the file was
// last modified. The errors are sentences.
func (s *Session) source(ctx context.Context, path string) (*chat.File, time.Time, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		folder, err := s.folderSource(ctx, path)
		return folder, time.Time{}, err
	}
	none := time.Time{}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, none, refusal("There is no file %s.", path)
	case errors.Is(err, fs.ErrPermission):
		return nil, none, refusal("You may not read %s.", path)
	case err != nil:
		return nil, none, refusal("%s can't be read: %v.", path, rootCause(err))
	case !info.Mode().IsRegular():
		return nil, none, refusal("%s is not a file that can be sent.", path)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil, none, refusal("You may not read %s.", path)
	} else if err != nil {
		return nil, none, refusal("%s can't be read: %v.", path, rootCause(err))
	}
	f.Close()
	if most := s.MaxFile(); most > 0 && info.Size() > most {
		return nil, none, refusal("%s is too large for this relay: it has %s, and the relay takes %s at most.",
			path, humanize.IBytes(uint64(info.Size())), humanize.IBytes(uint64(most)))
	}
	// The kind is the engine's to find: what has one is not looked into for a thumbnail.
	return &chat.File{Name: filepath.Base(path), Size: info.Size()}, info.ModTime(), nil
}

// rootCause is the innermost error, without the path that the sentence names already.
func rootCause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

type outgoing struct {
	id       chat.MessageID
	content  chat.Content
	path     string
	modified time.Time
	edit     chat.PictureEdit
}

type sendFiles struct {
	asked
	conv     chat.ConversationID
	store    string
	files    []outgoing
	messages []chat.Message // the answer
}

func (*sendFiles) aside() {}

func (e *sendFiles) apply(t *turn) error {
	e.messages = nil
	if err := t.mayWrite(e.conv); err != nil {
		return err
	}
	if err := t.showFace(e.conv); err != nil {
		return err
	}
	if err := t.sayAgain(e.conv); err != nil {
		return err
	}
	row, _, err := t.tx.Conversation(e.conv)
	if err != nil {
		return err
	}
	var added []chat.Message
	batch := chat.MessageID("")
	if len(e.files) > 1 {
		batch = e.files[0].id
	}
	for i, f := range e.files {
		known, ok, err := t.tx.Message(e.conv, f.id)
		if err != nil {
			return err
		}
		if ok {
			e.messages = append(e.messages, known)
			continue
		}
		f.content.Lifetime = row.Timer
		m := t.s.pending(e.conv, f.id, f.content)
		if err := t.tx.AddPending(m); err != nil {
			return err
		}
		tr := chat.Transfer{ID: chat.NewTransferID(), Direction: chat.Upload, Conversation: e.conv, Message: m.ID, Batch: batch, Nth: i,
			Path: f.path, ModTime: f.modified, Edit: f.edit, File: *f.content.File, Store: e.store, State: chat.TransferQueued, Created: time.Now().UTC()}
		if err := t.tx.PutTransfer(tr); err != nil {
			return err
		}
		e.messages, added = append(e.messages, m), append(added, m)
		t.queue(tr)
	}
	t.news(e.conv, false, added...)
	return nil
}

// Download fetches a message's file, or goes on with it; TransferChanged tells
// how. When it is here already, TransferChanged says so at once. A click asks
// again: what was paused or failed is tried anew.
func (s *Session) Download(conv chat.ConversationID, msg chat.MessageID) error {
	m, ok, err := s.Message(conv, msg)
	switch {
	case err != nil:
		return s.sentence(err)
	case !ok || m.Content.File == nil || m.Content.File.Size < 0:
		return Refusal("This message has no file.")
	}
	if t, ok := s.TransferOf(conv, msg); ok && t.State != chat.TransferCancelled {
		switch {
		case t.State == chat.TransferDone:
			if present(&t) && !partly(&t) {
				s.hub.publish(chat.TransferChanged{Transfer: t})
				return nil
			}
		case t.Direction == chat.Upload:
			return Refusal("The file is still being sent from here.")
		case t.State == chat.TransferQueued || t.State.Active():
			return nil
		default:
			return s.steer(s.engine.Resume(t.ID))
		}
	}
	if m.State != chat.MessageStored {
		return Refusal("The file is still being sent from here.")
	}
	if err := s.fetchableFolder(m.Content.File); err != nil {
		return err
	}
	if err := s.roomFor(m.Content.File.Size); err != nil {
		return err
	}
	e := &startDownload{asked: ask(), transfer: newDownload(&m)}
	return s.await(s.ctx, e, e.asked)
}

// newDownload is a transfer that fetches a message's file.
func newDownload(m *chat.Message) chat.Transfer {
	return chat.Transfer{ID: chat.NewTransferID(), Direction: chat.Download, Conversation: m.Conversation, Message: m.ID,
		File: *m.Content.File, State: chat.TransferQueued, Created: time.Now().UTC()}
}

// roomFor tells, in a sentence, why the disk has no room for a file, with what
// other downloads still need. Those that move have theirs reserved.
func (s *Session) roomFor(size int64) error {
	all, err := s.Transfers()
	if err != nil {
		return s.sentence(err)
	}
	others := int64(0)
	for _, t := range all {
		if t.Direction == chat.Download && (t.State == chat.TransferQueued || t.State == chat.TransferWaiting) {
			others += max(0, t.File.Size-t.Offset)
		}
	}
	if err := transfer.Room(s.filesDir(), size, others); err != nil {
		return Refusal(transfer.Reason(err))
	}
	return nil
}

// present tells whether the file of a transfer that is done is still where it was.
func present(t *chat.Transfer) bool {
	info, err := os.Stat(t.Path)
	if t.File.IsFolder() {
		return err == nil && info.IsDir()
	}
	return err == nil && info.Mode().IsRegular() && info.Size() == t.File.Size &&
		(t.Direction == chat.Download || info.ModTime().Equal(t.ModTime))
}

// Path returns where the verified file of a message lies on this computer, ""
// when it isn't here (any more).
func (s *Session) Path(conv chat.ConversationID, msg chat.MessageID) string {
	t, ok := s.TransferOf(conv, msg)
	if !ok || t.Direction == chat.Download && t.State != chat.TransferDone || !present(&t) {
		return ""
	}
	return t.Path
}

type startDownload struct {
	asked
	transfer chat.Transfer
}

func (*startDownload) aside() {}

func (e *startDownload) apply(t *turn) error {
	known, ok, err := t.tx.TransferOf(e.transfer.Conversation, e.transfer.Message)
	if err != nil {
		return err
	}
	if ok && known.Direction == chat.Download && !known.State.Ended() {
		return nil // two clicks at once
	}
	t.queue(e.transfer)
	return t.tx.PutTransfer(e.transfer)
}

// queue tells a transfer that is queued from the commit on, and has it moved.
func (t *turn) queue(tr chat.Transfer) {
	t.announce(chat.TransferChanged{Transfer: tr})
	t.then(func() {
		t.s.sending.add(&tr)
		t.s.batches.note(&tr)
		t.s.engine.Add(tr)
	})
}
