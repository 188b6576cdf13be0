package storage

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"satchel/chat"
)

// changing is an entry that changes target.
func changing(seq uint64, from chat.AccountID, kind string, target chat.MessageID, with string) chat.Message {
	m := entry(seq, from)
	m.Content = chat.Content{Kind: kind}
	switch kind {
	case chat.KindEdit:
		m.Content.Edit, m.Content.Text = target, with
	case chat.KindDelete:
		m.Content.Delete = target
	case chat.KindReaction:
		m.Content.Reply, m.Content.Reaction = target, with
	}
	return m
}

// modelShown is what people see of m, told in the simplest way: all entries that
// are here, in their order, done one after the other.
func modelShown(m chat.Message, here []chat.Message) chat.Message {
	if m.Content.Changes() {
		return m
	}
	for _, by := range here {
		if by.Content.Target() != m.ID {
			continue
		}
		switch {
		case by.Content.Kind == chat.KindDelete && by.From == m.From:
			m.Content, m.Edited, m.Deleted, m.Reactions = chat.Content{Kind: chat.KindMessage}, false, true, nil
			return m
		case by.Content.Kind == chat.KindReaction:
			m.Reactions = slices.DeleteFunc(slices.Clone(m.Reactions), func(r chat.Reaction) bool { return r.From == by.From })
			if by.Content.Reaction != "" {
				m.Reactions = append(m.Reactions, chat.Reaction{From: by.From, Emoji: by.Content.Reaction})
			}
			if len(m.Reactions) == 0 {
				m.Reactions = nil
			}
		}
	}
	return m
}

// edited is modelShown and the newest edit, which does not depend on those before it.
func edited(m chat.Message, here []chat.Message) chat.Message {
	out := modelShown(m, here)
	if out.Deleted || out.Content.Changes() {
		return out
	}
	for _, by := range here {
		if by.Content.Kind == chat.KindEdit && by.Content.Target() == m.ID && by.From == m.From {
			out.Edited, out.Content.Text = by.Content.Text != "", by.Content.Text
			if by.Content.Text == "" { // it would leave nothing
				out.Content.Text = m.Content.Text
			}
		}
	}
	return out
}

// In whatever order a log arrives, and whatever of it was pending before, every
// message is shown as the entries that are here make it, and only messages that
// are shown are counted as unread or stand in the list.
func TestChangesInAnyOrder(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		db, err := Open(filepath.Join(dir, fmt.Sprint(n)))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.bolt.NoSync = true
		update(t, db, func(tx *Tx) error { return tx.PutConversation(direct(conv)) })

		size := rapid.IntRange(1, 14).Draw(t, "entries")
		who := rapid.SampledFrom([]chat.AccountID{me, ana, "bo"})
		var log []chat.Message
		for seq := uint64(1); seq <= uint64(size); seq++ {
			target := entry(rapid.Uint64Range(1, uint64(size)+1).Draw(t, "target"), me).ID
			switch kind := rapid.SampledFrom([]string{chat.KindMessage, chat.KindMessage, chat.KindEdit, chat.KindDelete, chat.KindReaction}).Draw(t, "kind"); kind {
			case chat.KindMessage:
				log = append(log, entry(seq, who.Draw(t, "from")))
			default:
				with := rapid.SampledFrom([]string{"", "👍", "❤️"}).Draw(t, "with")
				log = append(log, changing(seq, who.Draw(t, "from"), kind, target, with))
			}
		}
		// Some of ours are pending first.
		var pending []chat.Message
		stored := map[uint64]chat.Message{}
		for _, m := range log {
			if m.From == me && rapid.Bool().Draw(t, "pending first") {
				m.Seq, m.State = 0, chat.MessagePending
				update(t, db, func(tx *Tx) error { return tx.AddPending(m) })
				pending = append(pending, m)
			}
		}
		check := func() {
			var here []chat.Message
			for seq := uint64(1); seq <= uint64(size); seq++ {
				if m, ok := stored[seq]; ok {
					here = append(here, m)
				}
			}
			unread := 0
			for _, m := range here {
				if m.From != me && !m.Content.Changes() {
					unread++
				}
			}
			here = append(here, pending...)
			var want []chat.Message
			for _, m := range here {
				want = append(want, edited(m, here))
			}
			view(t, db, func(tx *Tx) error {
				page, err := tx.Messages(conv, 0, 1000)
				equal(t, "page", page, want)
				c, _, err2 := tx.Conversation(conv)
				if c.Unread != unread {
					t.Fatalf("%d are unread, not %d", c.Unread, unread)
				}
				i := len(want) - 1
				for i >= 0 && want[i].Content.Changes() {
					i--
				}
				if i < 0 {
					if c.Last != nil {
						t.Fatalf("%+v is listed", c.Last)
					}
				} else if c.Last == nil || c.Last.ID != want[i].ID || c.Last.Content.Text != want[i].Content.Text || c.Last.Deleted != want[i].Deleted || c.Last.Edited != want[i].Edited {
					t.Fatalf("%+v is listed, not %+v", c.Last, want[i])
				}
				return errors.Join(err, err2)
			})
		}
		check()
		for len(stored) < size {
			from := rapid.Uint64Range(1, uint64(size)).Draw(t, "page from")
			to := rapid.Uint64Range(from, uint64(size)).Draw(t, "page to")
			for _, m := range log[from-1 : to] {
				stored[m.Seq] = m
				pending = slices.DeleteFunc(pending, func(p chat.Message) bool { return p.ID == m.ID })
			}
			update(t, db, func(tx *Tx) error {
				_, err := tx.AddEntries(conv, me, from, to, log[from-1:to])
				return err
			})
			check()
		}
	})
}

// What its author deleted is not in the file's pages any more, whichever of the
// two came first; what somebody else wants deleted is.
func TestDeletedIsErased(t *testing.T) {
	for _, order := range [][]int{{0, 1}, {1, 0}} {
		db := fresh(t)
		log := []chat.Message{entry(1, ana), changing(2, ana, chat.KindDelete, entry(1, ana).ID, ""), entry(3, ana), changing(4, me, chat.KindDelete, entry(3, ana).ID, "")}
		for _, i := range order {
			update(t, db, func(tx *Tx) error {
				_, err := tx.AddEntries(conv, me, uint64(2*i+1), uint64(2*i+1), log[2*i:2*i+1])
				_, err2 := tx.AddEntries(conv, me, uint64(2*i+2), uint64(2*i+2), log[2*i+1:2*i+2])
				return errors.Join(err, err2)
			})
		}
		view(t, db, func(tx *Tx) error {
			gone, _, err := tx.Message(conv, log[0].ID)
			kept, _, err2 := tx.Shown(conv, log[2].ID)
			if !gone.Deleted || gone.Content.Text != "" || kept.Deleted || kept.Content.Text == "" {
				t.Errorf("%+v, %+v", gone, kept)
			}
			return errors.Join(err, err2)
		})
	}
}

// An answer carries what it answers, as that is now; a change that was given up
// or taken back changes nothing.
func TestQuotesAndFailedChanges(t *testing.T) {
	db := fresh(t)
	answer := entry(2, me)
	answer.Content.Reply = entry(1, ana).ID
	edit := changing(3, ana, chat.KindEdit, entry(1, ana).ID, "better")
	mine := changing(0, me, chat.KindEdit, answer.ID, "mine")
	mine.ID, mine.State = "mine", chat.MessagePending
	shown := func(id chat.MessageID) (m chat.Message) {
		view(t, db, func(tx *Tx) (err error) {
			m, _, err = tx.Shown(conv, id)
			return err
		})
		return m
	}
	update(t, db, func(tx *Tx) error {
		_, err := tx.AddEntries(conv, me, 2, 2, []chat.Message{answer})
		return err
	})
	if q := shown(answer.ID).ReplyTo; q != nil {
		t.Errorf("a quote of what is not here: %+v", q)
	}
	update(t, db, func(tx *Tx) error {
		_, err := tx.AddEntries(conv, me, 1, 3, []chat.Message{entry(1, ana), answer, edit})
		return errors.Join(err, tx.AddPending(mine))
	})
	if q := shown(answer.ID).ReplyTo; q == nil || q.Text != "better" || q.From != ana {
		t.Errorf("%+v", q)
	}
	if m := shown(answer.ID); m.Content.Text != "mine" || !m.Edited {
		t.Errorf("%+v", m)
	}
	mine.State = chat.MessageFailed
	update(t, db, func(tx *Tx) error { return tx.UpdateMessage(mine) })
	if m := shown(answer.ID); m.Edited {
		t.Errorf("%+v", m)
	}
	update(t, db, func(tx *Tx) error { return tx.RemovePending(conv, mine.ID) })
	if m := shown(answer.ID); m.Edited {
		t.Errorf("%+v", m)
	}
}

// What came after the time in which the relay lets messages be changed counts
// for nothing, in whatever order things came, and takes nothing away from what
// came before.
func TestLateChanges(t *testing.T) {
	const window = 60 // seconds
	text := func(seq uint64, s string) chat.Message {
		m := entry(seq, ana)
		m.Content.Text = s
		return m
	}
	after := func(m chat.Message, seconds int) chat.Message {
		m.At = day.Add(time.Duration(seconds) * time.Second)
		return m
	}
	target := after(text(1, "first"), 0)
	log := []chat.Message{target,
		after(changing(2, ana, chat.KindEdit, target.ID, "in time"), 30),
		after(changing(3, ana, chat.KindEdit, target.ID, "just so"), window),
		after(changing(4, ana, chat.KindEdit, target.ID, "late"), window+1),
		after(changing(5, ana, chat.KindDelete, target.ID, ""), window+2),
		after(changing(6, me, chat.KindReaction, target.ID, "👍"), 10*window)}
	for i, order := range [][]int{{0, 1, 2, 3, 4, 5}, {5, 4, 3, 2, 1, 0}, {4, 3, 0, 2, 1, 5}, {3, 1, 2, 0, 5, 4}} {
		db := fresh(t)
		update(t, db, func(tx *Tx) error { return tx.PutProfile(Profile{EditWindow: window}) })
		for _, n := range order {
			update(t, db, func(tx *Tx) error {
				_, err := tx.AddEntries(conv, me, log[n].Seq, log[n].Seq, log[n:n+1])
				return err
			})
		}
		look := func() (m chat.Message) {
			view(t, db, func(tx *Tx) (err error) {
				m, _, err = tx.Shown(conv, target.ID)
				return err
			})
			return m
		}
		if m := look(); m.Deleted || !m.Edited || m.Content.Text != "just so" || len(m.Reactions) != 1 {
			t.Errorf("order %d: %+v", i, m)
		}
		update(t, db, func(tx *Tx) error { return tx.PutProfile(Profile{}) })
		if m := look(); !m.Deleted { // nothing was thrown away: without a window it counts
			t.Errorf("order %d: %+v", i, m)
		}
	}
}
