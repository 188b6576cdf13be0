package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize"

	"satchel/chat"
	"satchel/transfer"
)

// A folder is one message and one transfer. What went of it is remembered: the value
// "folder C PATH" is the id of the message by which the folder at PATH went to
// conversation C last, so that the next time only what changed goes.

func folderKey(t *chat.Transfer) string {
	return "folder " + string(t.Conversation) + " " + filepath.Clean(t.Path)
}

// Survey is what is in a folder that may be sent.
type Survey = transfer.Survey

// Survey looks at what is in a folder that may be sent; told, which may be nil,
// hears from time to time how far it is. Errors are sentences.
func (s *Session) Survey(ctx context.Context, path string, told func(Survey)) (Survey, error) {
	var found Survey
	if err := found.Look(ctx, path, told); err != nil {
		if ctx.Err() != nil {
			return found, ctx.Err()
		}
		return found, Refusal(transfer.Reason(err))
	}
	return found, nil
}

// folderSource looks at a folder that shall be sent.
func (s *Session) folderSource(ctx context.Context, path string) (*chat.File, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	found, err := s.Survey(ctx, abs, nil)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(abs)
	if name == string(filepath.Separator) {
		return nil, Refusal("A whole disk can't be sent. Choose a folder on it.")
	}
	if most := s.MaxFile(); most > 0 && found.Size > most {
		return nil, refusal("%s is too large for this relay: it has %s, and the relay takes %s at most. Send the folders in it one by one.",
			name, humanize.IBytes(uint64(found.Size)), humanize.IBytes(uint64(most)))
	}
	return &chat.File{Name: name, Size: found.Size, Folder: &chat.Folder{Files: found.Files}}, nil
}

// before is the engine's Config.Before.
func (s *Session) before(t chat.Transfer) (chat.File, chat.MessageID, bool) {
	b, err := s.Value(folderKey(&t))
	if err != nil || b == nil {
		return chat.File{}, "", false
	}
	id := chat.MessageID(b)
	m, ok, err := s.Message(t.Conversation, id)
	if err != nil || !ok || m.Deleted || m.State != chat.MessageStored || !m.Content.File.IsFolder() || id == t.Message || m.Content.Vanishes() > 0 {
		return chat.File{}, "", false
	}
	return *m.Content.File, id, true
}

// lies is the engine's Config.Lies.
func (s *Session) lies(conv chat.ConversationID, id chat.MessageID) (string, chat.File, bool) {
	t, ok := s.TransferOf(conv, id)
	if !ok || t.State != chat.TransferDone || t.Path == "" || !t.File.IsFolder() {
		return "", chat.File{}, false
	}
	return t.Path, t.File, true
}

// rememberFolder keeps by which message a folder went last.
func (t *turn) rememberFolder(tr *chat.Transfer) error {
	return t.tx.PutValue(folderKey(tr), []byte(tr.Message))
}

// forgetFolder forgets that it was this message, if it was.
func (t *turn) forgetFolder(tr *chat.Transfer) error {
	if b, err := t.tx.Value(folderKey(tr)); err != nil || string(b) != string(tr.Message) {
		return err
	}
	return t.tx.PutValue(folderKey(tr), nil)
}

// dropFolder takes away what a download of a folder that was cancelled has put in its
// place, unless another transfer has a part in it.
func (t *turn) dropFolder(tr *chat.Transfer) error {
	if !tr.File.IsFolder() {
		return nil
	}
	shared := false
	if err := t.tx.EachTransfer(func(other chat.Transfer) error {
		shared = shared || other.ID != tr.ID && other.Direction == chat.Download && strings.EqualFold(other.File.SHA256, tr.File.SHA256)
		return nil
	}); err != nil || shared {
		return err
	}
	from, to := t.s.engine.TreePath(&tr.File), filepath.Join(t.s.partsFolder(), goneLead+string(tr.ID))
	t.then(func() {
		if err := os.Rename(from, to); err == nil {
			_ = os.Remove(filepath.Dir(from)) // unless something else is in it
			t.s.wake()                        // to remove it beside the loop
		}
	})
	return nil
}

var errNoFolder = Refusal("This message has no folder.")

// Tree returns what is in the folder of a message, with the paths that the files
// have here, and which of them are here. It is fetched when it is not known.
func (s *Session) Tree(ctx context.Context, conv chat.ConversationID, id chat.MessageID) ([]chat.TreeEntry, error) {
	m, ok, err := s.Message(conv, id)
	switch {
	case err != nil:
		return nil, s.sentence(err)
	case !ok || !m.Content.File.IsFolder():
		return nil, errNoFolder
	case m.State != chat.MessageStored:
		return nil, Refusal("The folder is still being sent from here.")
	}
	if err := s.fetchableFolder(m.Content.File); err != nil {
		return nil, err
	}
	list, err := s.engine.Tree(ctx, newDownload(&m))
	if err != nil {
		return nil, Refusal(transfer.Reason(err))
	}
	s.markHere(&m, list)
	return list, nil
}

// KnownTree is Tree for a list that was fetched before; nil when it was not.
func (s *Session) KnownTree(m *chat.Message) []chat.TreeEntry {
	if !m.Content.File.IsFolder() || m.State != chat.MessageStored {
		return nil
	}
	list := s.engine.KnownTree(m.Content.File)
	s.markHere(m, list)
	return list
}

// markHere notes which files of a folder lie where they were put.
func (s *Session) markHere(m *chat.Message, list []chat.TreeEntry) {
	root := s.Path(m.Conversation, m.ID)
	if root == "" {
		root = s.engine.TreePath(m.Content.File)
	}
	for i := range list {
		e := &list[i]
		info, err := os.Lstat(filepath.Join(root, filepath.FromSlash(e.Path)))
		e.Here = err == nil && (e.Folder && info.IsDir() || e.Came() && info.Mode().IsRegular() && info.Size() == e.Size)
	}
}

// DownloadSome fetches some entries of the folder of a message: those at these
// places in what Tree returned. Like all it can be paused and goes on by itself.
func (s *Session) DownloadSome(ctx context.Context, conv chat.ConversationID, id chat.MessageID, entries []int) error {
	list, err := s.Tree(ctx, conv, id)
	if err != nil {
		return err
	}
	m, ok, err := s.Message(conv, id)
	if err != nil || !ok {
		return s.sentence(errors.Join(err, errNoFolder))
	}
	if t, ok := s.TransferOf(conv, id); ok && !t.State.Ended() {
		return Refusal("This folder is on its way already. Wait until it is here, or cancel that first.")
	}
	e := &startDownload{asked: ask(), transfer: newDownload(&m)}
	tr := &e.transfer
	tr.File.Size = 0
	for _, i := range entries {
		if i < 0 || i >= len(list) {
			return Refusal("The folder has no such file.")
		}
		if tr.Only.Has(uint64(i) + 1) {
			continue
		}
		tr.Only.Add(uint64(i)+1, uint64(i)+1)
		if list[i].Came() {
			tr.File.Size += list[i].Size
		}
	}
	if len(tr.Only) == 0 {
		return Refusal("Choose at least one file of the folder.")
	}
	// What was chosen before stays chosen: it is here, and belongs to what is.
	if t, ok := s.TransferOf(conv, id); ok && t.Direction == chat.Download && t.State == chat.TransferDone && t.Path != "" {
		for i := range list {
			if n := uint64(i) + 1; (t.Only == nil || t.Only.Has(n)) && list[i].Here && !tr.Only.Has(n) {
				tr.Only.Add(n, n)
				if list[i].Came() {
					tr.File.Size += list[i].Size
				}
			}
		}
	}
	if all := (chat.Range{From: 1, To: uint64(len(list))}); len(tr.Only) == 1 && tr.Only[0] == all {
		tr.Only = nil
	}
	if err := s.roomFor(tr.File.Size); err != nil {
		return err
	}
	return s.await(ctx, e, e.asked)
}

// fetchableFolder is fetchable for all places where a folder's bytes lie.
func (s *Session) fetchableFolder(f *chat.File) error {
	if err := s.fetchable(f.URL); err != nil || f.Folder == nil {
		return err
	}
	for _, p := range f.Folder.Earlier {
		if err := s.fetchable(p.URL); err != nil {
			return err
		}
	}
	return nil
}

// asCame tells whether a folder that was fetched is still what came, and nothing else.
func (s *Session) asCame(ctx context.Context, path string, f *chat.File) bool {
	known := map[string]chat.TreeEntry{}
	for _, e := range s.engine.KnownTree(f) {
		known[filepath.Join(path, filepath.FromSlash(e.Path))] = e
	}
	err := filepath.Walk(path, func(at string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		e, ok := known[at]
		if !ok || !info.Mode().IsRegular() || info.Size() != e.Size {
			return errEnough
		}
		if sum, err := sumFile(ctx, at); err != nil || !strings.EqualFold(sum, e.SHA256) {
			return errors.Join(err, errEnough)
		}
		return nil
	})
	return err == nil
}

// partly tells whether a transfer fetched a part of a folder.
func partly(t *chat.Transfer) bool { return t.Direction == chat.Download && t.Only != nil }
