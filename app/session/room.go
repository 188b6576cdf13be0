package session

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"satchel/chat"
	"satchel/storage"
)

// Kinds of downloaded files, for what takes room.
const (
	RoomPictures  = "pictures"
	RoomVideos    = "videos"
	RoomSound     = "sound"
	RoomDocuments = "documents" // and everything else
)

// RoomKinds are all of them.
var RoomKinds = []string{RoomPictures, RoomVideos, RoomSound, RoomDocuments}

// Room is what a profile takes on the disk, in bytes.
type Room struct {
	Messages int64 // the cache: messages, thumbnails, keys
	Files    int64 // downloaded files: those that Held lists
	Parts    int64 // of transfers that have not ended
	Other    int64 // beside the downloaded files: what was changed since, or is nobody's
	Budget   int64 // for Files; 0: none
	Held     []Held
}

// Held is a downloaded file, as it came. Several messages may have brought it.
type Held struct {
	SHA256 string
	Size   int64
	Kind   string
	Used   time.Time // when it came or was opened last
	Of     []HeldBy
	paths  []string
	folder *chat.File // nil: it is no folder
}

// HeldBy is a message that a file belongs to.
type HeldBy struct {
	Conversation chat.ConversationID
	Message      chat.MessageID
	transfer     chat.TransferID
}

// In tells whether the file belongs to a message of a conversation.
func (h *Held) In(id chat.ConversationID) bool {
	return slices.ContainsFunc(h.Of, func(b HeldBy) bool { return b.Conversation == id })
}

func roomKind(f *chat.File) string {
	lead, _, _ := strings.Cut(f.MIME, "/")
	switch {
	case lead == "image" || f.IsPicture():
		return RoomPictures
	case lead == "video":
		return RoomVideos
	case lead == "audio":
		return RoomSound
	}
	return RoomDocuments
}

func (s *Session) filesFolder() string { return filepath.Join(s.opts.Dir, "files") }
func (s *Session) partsFolder() string { return filepath.Join(s.filesFolder(), "parts") }

// Room tells what takes room. It looks at every file: not on a screen's goroutine.
func (s *Session) Room() (r Room, err error) {
	var came []chat.Transfer
	err = s.db.View(func(tx *storage.Tx) error {
		return tx.EachTransfer(func(t chat.Transfer) error {
			if t.Direction == chat.Download && t.State == chat.TransferDone && inside(s.filesFolder(), t.Path) {
				t.Reason = roomKind(&t.File) // while there is a thumbnail
				t.File.Thumbnail, t.File.Placeholder = nil, nil
				if !t.File.IsFolder() {
					t.File.Key = nil
				}
				came = append(came, t)
			}
			return nil
		})
	})
	if err != nil {
		return r, s.sentence(err)
	}
	// Looking at the files takes its time: a transaction would hold writers up.
	byFile := map[string]*Held{}
	for i := range came {
		t := &came[i]
		if !present(t) {
			continue
		}
		h := byFile[t.File.SHA256]
		if h == nil {
			h = &Held{SHA256: t.File.SHA256, Size: t.File.Size, Kind: t.Reason}
			if t.File.IsFolder() {
				h.folder = &t.File
			}
			byFile[t.File.SHA256] = h
		}
		h.Size = max(h.Size, t.File.Size) // of a folder, the part that came
		h.Used = later(h.Used, later(t.Updated, t.Opened))
		h.Of = append(h.Of, HeldBy{t.Conversation, t.Message, t.ID})
		if !slices.Contains(h.paths, t.Path) {
			h.paths = append(h.paths, t.Path)
		}
	}
	for _, h := range byFile {
		r.Held = append(r.Held, *h)
		r.Files += h.Size
	}
	slices.SortFunc(r.Held, func(a, b Held) int { return cmp.Or(a.Used.Compare(b.Used), strings.Compare(a.SHA256, b.SHA256)) })
	if info, err := os.Stat(filepath.Join(s.opts.Dir, "cache.db")); err == nil {
		r.Messages = info.Size()
	}
	if r.Parts, err = folderSize(s.partsFolder(), ""); err != nil {
		return r, err
	}
	all, err := folderSize(s.filesFolder(), s.partsFolder())
	r.Other = max(0, all-r.Files)
	if err == nil {
		r.Budget, err = s.budget()
	}
	return r, err
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// inside tells whether a path is below a folder.
func inside(folder, path string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}

// folderSize adds up the files below a folder but those below without; one file
// that has two names counts once.
func folderSize(folder, without string) (n int64, err error) {
	var seen []os.FileInfo // of the folder that is being walked
	in := ""
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // gone meanwhile
		case err != nil:
			return err
		case d.IsDir() && path == without:
			return filepath.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		if dir := filepath.Dir(path); dir != in {
			in, seen = dir, nil
		}
		if slices.ContainsFunc(seen, func(i os.FileInfo) bool { return os.SameFile(i, info) }) {
			return nil
		}
		seen = append(seen, info)
		n += info.Size()
		return nil
	})
	return n, err
}
