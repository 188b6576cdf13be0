package session

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"

	"satchel/chat"
	"satchel/storage"
)

// Messages that disappear do so on every device by itself, by the relay's clock:
// their lifetime stands in what was sealed. What is left is their place in the log.

// vanishStep is how many messages disappear in one turn.
const vanishStep = 200

// vanishLook is how often the clock is looked at at least: it jumps, and a timer
// stands still while a computer sleeps.
const vanishLook = 30 * time.Second

// keyClock is where it is kept how far the relay's clock is ahead, in milliseconds.
const keyClock = "clock"

// now is the relay's time, as far as is known.
func (s *Session) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// clock takes the relay's time from a welcome.
func (t *turn) clock(ms int64) error {
	ahead := time.Until(at(ms))
	if ms == 0 || max(ahead, -ahead) < time.Second {
		ahead = 0
	}
	s := t.s
	t.then(func() {
		s.ahead.Store(int64(ahead))
		s.vanishSoon()
	})
	b, err := json.Marshal(ahead.Milliseconds())
	if err != nil {
		return err
	}
	return t.tx.PutValue(keyClock, b)
}

// openClock takes what was known of the relay's clock.
func (s *Session) openClock() error {
	b, err := s.Value(keyClock)
	var ms int64
	if err == nil && b != nil && json.Unmarshal(b, &ms) == nil {
		s.ahead.Store(int64(time.Duration(ms) * time.Millisecond))
	}
	return err
}

// vanishSoon has the clock looked at now: there may be something new.
func (s *Session) vanishSoon() {
	select {
	case s.vanishing <- struct{}{}:
	default:
	}
}

// vanish takes messages away when it is time, until ctx ends.
func (s *Session) vanish(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.vanishing:
		case <-timer.C:
		}
		next, err := s.vanishDue(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("messages that are to disappear are still here", "error", err)
		}
		wait := vanishLook
		if !next.IsZero() {
			wait = min(max(next.Sub(s.now()), 0)+time.Millisecond, vanishLook)
		}
		timer.Reset(wait)
	}
}

// vanishDue takes away what is due, and tells when the next is.
func (s *Session) vanishDue(ctx context.Context) (next time.Time, err error) {
	for {
		due := false
		err := s.db.View(func(tx *storage.Tx) error {
			some, after, err := tx.Vanishing(s.now(), 1)
			due, next = len(some) > 0, after
			return err
		})
		if err != nil || !due {
			return next, err
		}
		e := &vanishEvent{asked: ask()}
		if err := s.await(ctx, e, e.asked); err != nil {
			return next, err
		}
		for _, path := range e.moved {
			if err := os.RemoveAll(path); err != nil {
				s.log.Warn("the file of a message that disappeared stays", "error", err)
			}
		}
	}
}

// vanishEvent takes messages away that are due.
type vanishEvent struct {
	asked
	moved []string // the answer: what is to be removed
}

func (e *vanishEvent) apply(t *turn) error {
	gone, err := t.tx.Vanish(t.me, t.s.now(), vanishStep)
	if err != nil {
		return err
	}
	removed := map[chat.ConversationID][]chat.MessageID{}
	for i := range gone {
		m := &gone[i]
		removed[m.Conversation] = append(removed[m.Conversation], m.ID)
		if err := t.forgetFile(m, &e.moved); err != nil {
			return err
		}
	}
	for id, messages := range removed {
		t.messages = append(t.messages, chat.MessagesChanged{Conversation: id, Removed: messages})
		t.touch(id)
	}
	return nil
}

// forgetFile takes away what is here of a message's file: its transfers, what is
// noted of links to it, and, unless another message brought it too, the file that
// was fetched. That moves out of the way before the commit: what is left of it if
// this is the end of the program, the next start removes.
func (t *turn) forgetFile(m *chat.Message, moved *[]string) error {
	if m.Content.File == nil {
		return nil
	}
	for _, what := range []string{"asked", "awaits", "wanted", "linked", "origin"} {
		if err := t.tx.PutValue(linkKey(what, m.Conversation, m.ID), nil); err != nil {
			return err
		}
	}
	if m.Content.File.IsFolder() {
		list := t.s.engine.ListPath(m.Content.File)
		t.then(func() { _ = os.Remove(list) }) // it has the names
	}
	for {
		tr, ok, err := t.tx.TransferOf(m.Conversation, m.ID)
		switch {
		case err != nil || !ok:
			return err
		case !tr.State.Ended():
			t.then(func() { _ = t.s.engine.Cancel(tr.ID) }) // its end takes the rest: see saveTransfer
			return nil
		}
		if err := t.forgetTransfer(tr, moved); err != nil {
			return err
		}
	}
}

// forgetTransfer forgets a transfer that has ended, with its file.
func (t *turn) forgetTransfer(tr chat.Transfer, moved *[]string) error {
	if err := t.tx.DeleteTransfer(tr.ID); err != nil {
		return err
	}
	path := tr.Path
	t.then(func() { t.announceLater(tr) })
	if tr.Direction == chat.Upload && tr.File.IsFolder() {
		return t.forgetFolder(&tr)
	}
	if tr.Direction == chat.Upload {
		return t.tx.PutValue(uploadsOf(&tr)+tr.File.SHA256, nil)
	}
	if tr.State != chat.TransferDone || !inside(t.s.filesFolder(), path) {
		return nil // a file that somebody chose a place for is theirs
	}
	shared := false
	if err := t.tx.EachTransfer(func(other chat.Transfer) error {
		shared = shared || other.Path == path
		return nil
	}); err != nil || shared {
		return err
	}
	to := filepath.Join(t.s.partsFolder(), goneLead+string(tr.ID))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if err := os.Rename(path, to); os.IsNotExist(err) {
		return nil
	} else if err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(path)) // unless something else is in it
	if !slices.Contains(*moved, to) {
		*moved = append(*moved, to)
	}
	return nil
}

// announceLater tells that a transfer is not there any more.
func (t *turn) announceLater(tr chat.Transfer) {
	tr.State, tr.Path = chat.TransferCancelled, ""
	t.s.hub.publish(chat.TransferChanged{Transfer: tr})
}

// vanished tells of a message that has disappeared.
func (t *turn) vanished(conv chat.ConversationID, id chat.MessageID) (bool, error) {
	m, ok, err := t.tx.Message(conv, id)
	return ok && m.Content.Kind == chat.KindVanished, err
}

// fades gives a message that is written here the lifetime of its conversation, and
// what changes another one that which is left to it.
func (t *turn) fades(conv chat.ConversationID, c chat.Content) (chat.Content, error) {
	switch target := c.Target(); {
	case c.Kind == chat.KindTimer:
	case c.Known():
		row, _, err := t.tx.Conversation(conv)
		if err != nil {
			return c, err
		}
		c.Lifetime = row.Timer
	case target != "" && c.Kind != chat.KindDelete:
		m, ok, err := t.tx.Message(conv, target)
		if err != nil {
			return c, err
		}
		c.Lifetime = 0
		if ok {
			c.Lifetime = m.Content.Vanishes()
			if end := m.Vanishes(); !end.IsZero() {
				c.Lifetime = max(int64(end.Sub(t.s.now())/time.Second)+1, 1)
			}
		}
	default:
		c.Lifetime = 0
	}
	return c, nil
}
