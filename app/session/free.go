package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"satchel/chat"
	"satchel/transfer"
)

// Choice is which downloaded files are meant. Zero values choose all.
type Choice struct {
	Conversation chat.ConversationID
	Kind         string    // RoomPictures, …
	Before       time.Time // those that came, and were opened last, before
}

// Holds tells whether a file is one of them.
func (c Choice) Holds(h *Held) bool {
	return (c.Conversation == "" || h.In(c.Conversation)) && (c.Kind == "" || c.Kind == h.Kind) && (c.Before.IsZero() || h.Used.Before(c.Before))
}

// Freed is what became of files that were to make room.
type Freed struct {
	Files int   // that are gone from here, to be fetched again by a click
	Bytes int64 // that they took
	InUse int   // that stay: a transfer needs them
	Last  int   // that stay: nobody could give them back
}

// ErrCantSee ends Free where nobody can tell whether files could be fetched again.
const ErrCantSee = Refusal("Satchel can’t see now whether the files could be fetched again, so the rest stays. Try again when you are connected.")

// Free takes downloaded files away, of which the messages stay: a click fetches
// them again. What could not be fetched again stays, and so does what a transfer
// needs, or what was changed since it came. ErrCantSee: it ended before the end.
func (s *Session) Free(ctx context.Context, c Choice) (Freed, error) {
	room, err := s.Room()
	if err != nil {
		return Freed{}, err
	}
	var all Freed
	for i := range room.Held {
		if h := &room.Held[i]; c.Holds(h) {
			if err := s.free(ctx, h, c.Conversation, &all); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// free takes away one file, or what one conversation has of it.
func (s *Session) free(ctx context.Context, h *Held, only chat.ConversationID, all *Freed) error {
	e := &freeFile{asked: ask(), held: h}
	for _, b := range h.Of {
		if only != "" && b.Conversation != only {
			continue
		}
		there, err := s.couldCome(ctx, b)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			s.log.Info("nobody knows whether a file could be fetched again", "conversation", b.Conversation, "message", b.Message, "error", err)
			return ErrCantSee
		case !there:
			all.Last++
			return nil
		}
		e.of = append(e.of, b)
	}
	for _, path := range h.paths {
		same := false
		if h.folder != nil {
			same = s.asCame(ctx, path, h.folder)
		} else if sum, err := sumFile(ctx, path); err == nil {
			same = strings.EqualFold(sum, h.SHA256)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !same {
			all.Last++ // changed since: this is the only one
			return nil
		}
	}
	if err := s.await(ctx, e, e.asked); err != nil {
		return err
	}
	if e.inUse {
		all.InUse++
		return nil
	}
	for _, path := range e.moved {
		if err := os.RemoveAll(path); err != nil {
			s.log.Warn("a file that makes room stays", "error", err)
		}
	}
	if len(e.of) == len(h.Of) {
		all.Files++
		all.Bytes += h.Size
	}
	return nil
}

// couldCome tells whether the file of a message can be fetched from where it is.
func (s *Session) couldCome(ctx context.Context, b HeldBy) (bool, error) {
	m, ok, err := s.Message(b.Conversation, b.Message)
	if err != nil || !ok || m.Content.File == nil || s.fetchableFolder(m.Content.File) != nil {
		return false, err
	}
	f := *m.Content.File
	if transfer.Expired(f.URL) {
		return false, nil
	}
	return s.engine.Look(ctx, b.Conversation, &f)
}

func sumFile(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	buf := make([]byte, 256<<10)
	for ctx.Err() == nil {
		n, err := f.Read(buf)
		h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), nil
		} else if err != nil {
			return "", err
		}
	}
	return "", ctx.Err()
}

// freeFile has messages forget that their file is here. Where none is left, the
// file itself moves out of the way, on the loop: no download can find it there meanwhile.
type freeFile struct {
	asked
	held  *Held
	of    []HeldBy
	inUse bool     // the answer: nothing was done
	moved []string // the answer: what is to be removed
}

func (e *freeFile) apply(t *turn) error {
	e.inUse, e.moved = false, nil
	open, err := t.tx.Transfers()
	if err != nil {
		return err
	}
	for i := range open {
		if strings.EqualFold(open[i].File.SHA256, e.held.SHA256) || slices.Contains(e.held.paths, open[i].Path) {
			e.inUse = true
			return nil
		}
	}
	for _, b := range e.of {
		tr, ok, err := t.tx.Transfer(b.transfer)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := t.tx.DeleteTransfer(b.transfer); err != nil {
			return err
		}
		tr.State, tr.Path = chat.TransferCancelled, ""
		t.announce(chat.TransferChanged{Transfer: tr})
	}
	if len(e.of) < len(e.held.Of) {
		return nil
	}
	t.then(func() {
		for i, path := range e.held.paths {
			to := filepath.Join(t.s.partsFolder(), goneLead+e.held.SHA256[:16]+string(rune('a'+i%26)))
			err := os.MkdirAll(filepath.Dir(to), 0o700)
			if err == nil {
				err = os.Rename(path, to)
			}
			if err != nil {
				t.s.log.Warn("a file that makes room stays", "error", err)
				continue
			}
			e.moved = append(e.moved, to)
			_ = os.Remove(filepath.Dir(path)) // unless something else is in it
		}
	})
	return nil
}

// goneLead begins the names of files that are about to be removed.
const goneLead = "gone-"

// sweepGone removes what is out of the way: of cancelled folders, and of freed files
// what a program that was killed left.
func (s *Session) sweepGone() {
	left, _ := filepath.Glob(filepath.Join(s.partsFolder(), goneLead+"*"))
	for _, path := range left {
		_ = os.RemoveAll(path) // the next start tries again
	}
}

const valueBudget = "budget"

func (s *Session) budget() (n int64, err error) {
	b, err := s.Value(valueBudget)
	if err != nil || b == nil {
		return 0, err
	}
	return n, json.Unmarshal(b, &n)
}

// SetBudget bounds what downloaded files take, in bytes; 0: no bound. When there is
// more, those that were not opened for the longest time make room.
func (s *Session) SetBudget(ctx context.Context, n int64) error {
	var b []byte
	if n > 0 {
		b, _ = json.Marshal(n)
	}
	err := s.PutValues(ctx, map[string][]byte{valueBudget: b})
	s.wake()
	return err
}

// freshFor is how long the budget leaves alone what came or was opened.
const freshFor = time.Hour

// keepBudget frees downloaded files beyond the budget, the longest unopened first.
func (s *Session) keepBudget(ctx context.Context) error {
	most, err := s.budget()
	if err != nil || most == 0 {
		return err
	}
	room, err := s.Room()
	if err != nil {
		return err
	}
	var all Freed
	for i := range room.Held {
		if h := &room.Held[i]; room.Files-all.Bytes > most && time.Since(h.Used) > s.fresh {
			if err := s.free(ctx, h, "", &all); errors.Is(err, ErrCantSee) {
				return nil // the next time
			} else if err != nil {
				return err
			}
		}
	}
	return nil
}

// Opened notes that a person looked at a message's file, for the budget.
func (s *Session) Opened(conv chat.ConversationID, msg chat.MessageID) {
	s.post(lookedAt{conv, msg})
}

type lookedAt struct {
	conv chat.ConversationID
	msg  chat.MessageID
}

func (lookedAt) stores() bool { return true }
func (lookedAt) settle(error) {}
func (e lookedAt) apply(t *turn) error {
	tr, ok, err := t.tx.TransferOf(e.conv, e.msg)
	if err != nil || !ok || tr.Direction != chat.Download || tr.State != chat.TransferDone {
		return err
	}
	tr.Opened = time.Now().UTC()
	return t.tx.PutTransfer(tr)
}
