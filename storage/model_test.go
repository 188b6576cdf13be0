package storage

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"satchel/chat"
)

// model is what the cache of one conversation must look like, kept in the
// simplest way that there is, and the relay's log that it is a cache of.
type model struct {
	path string
	db   *DB

	log     []chat.Message // the relay's; number n is log[n-1]
	stored  map[uint64]chat.Message
	pending []chat.Message
	held    map[uint64]bool
	head    uint64
	marks   map[chat.AccountID]chat.Mark
	draft   string
	made    int // messages ever made, for their ids
}

func (m *model) open(t *rapid.T) {
	var err error
	if m.db, err = Open(m.path); err != nil {
		t.Fatal(err)
	}
	m.db.bolt.NoSync = true // what survives a kill is TestKilled's question
}

func (m *model) message(t *rapid.T, from chat.AccountID) chat.Message {
	m.made++
	// Ids are not in the order of the log: clocks differ.
	id := chat.MessageID(fmt.Sprintf("%03d-%d", rapid.IntRange(0, 999).Draw(t, "clock"), m.made))
	msg := chat.Message{ID: id, Conversation: conv, From: from, At: day.Add(time.Duration(m.made) * time.Minute),
		Content: chat.Content{Kind: chat.KindMessage, Text: fmt.Sprint("text ", m.made)}}
	if rapid.IntRange(0, 3).Draw(t, "picture") == 0 {
		msg.Content.File = &chat.File{URL: "/files/1", Name: "p.png", Thumbnail: []byte("thumbnail"), Placeholder: []byte("p")}
	}
	return msg
}

func (m *model) pendingAt(id chat.MessageID) int {
	return slices.IndexFunc(m.pending, func(p chat.Message) bool { return p.ID == id })
}

func (m *model) hold(from, to uint64) {
	for n := from; n <= to; n++ {
		m.held[n] = true
	}
	if from <= to {
		m.head = max(m.head, to)
	}
}

func (m *model) update(t *rapid.T, fn func(*Tx) error) {
	if rapid.IntRange(0, 9).Draw(t, "rolled back") == 0 {
		undone := errors.New("undone")
		if err := m.db.Update(func(tx *Tx) error { return errors.Join(fn(tx), undone) }); !errors.Is(err, undone) {
			t.Fatal(err)
		}
	}
	update(t, m.db, fn)
}

// The acts. Each does to the model what it does to the cache.

func (m *model) SomebodyWrites(t *rapid.T) {
	msg := m.message(t, rapid.SampledFrom([]chat.AccountID{ana, "bo", me}).Draw(t, "sender"))
	msg.Seq, msg.Device = uint64(len(m.log)+1), "another device"
	m.log = append(m.log, msg)
}

func (m *model) Write(t *rapid.T) {
	msg := m.message(t, me)
	msg.State = chat.MessagePending
	m.update(t, func(tx *Tx) error { return tx.AddPending(msg) })
	m.pending = append(m.pending, msg)
	if m.db.Update(func(tx *Tx) error { return tx.AddPending(msg) }) == nil {
		t.Fatal("one message was added twice")
	}
}

// RelayStores puts a pending message into the log; nobody here knows yet.
func (m *model) RelayStores(t *rapid.T) {
	if len(m.pending) == 0 {
		t.Skip("nothing is pending")
	}
	msg := rapid.SampledFrom(m.pending).Draw(t, "message")
	if slices.ContainsFunc(m.log, func(l chat.Message) bool { return l.ID == msg.ID }) {
		t.Skip("it is in the log")
	}
	msg.Seq, msg.State, msg.Reason, msg.At = uint64(len(m.log)+1), chat.MessageStored, "", msg.At.Add(time.Second)
	m.log = append(m.log, msg)
}

func (m *model) PageArrives(t *rapid.T) {
	from := rapid.IntRange(1, len(m.log)+1).Draw(t, "from")
	to := rapid.IntRange(from-1, len(m.log)).Draw(t, "to")
	run := m.log[from-1 : to]
	var want []chat.Message
	for _, msg := range run {
		if _, ok := m.stored[msg.Seq]; !ok {
			want = append(want, msg)
		}
	}
	m.update(t, func(tx *Tx) error {
		added, err := tx.AddEntries(conv, me, uint64(from), uint64(to), run)
		equal(t, "added", added, want)
		return err
	})
	for _, msg := range want {
		m.stored[msg.Seq] = msg
		if i := m.pendingAt(msg.ID); i >= 0 {
			m.pending = slices.Delete(m.pending, i, i+1)
		}
	}
	m.hold(uint64(from), uint64(to))
}

func (m *model) Acknowledged(t *rapid.T) {
	if len(m.log) == 0 {
		t.Skip("the log is empty")
	}
	msg := rapid.SampledFrom(m.log).Draw(t, "message")
	i := m.pendingAt(msg.ID)
	old, stored := m.stored[msg.Seq]
	if i < 0 && !stored {
		if err := m.db.Update(func(tx *Tx) error {
			_, err := tx.Acknowledge(conv, msg.ID, msg.Seq, msg.At)
			return err
		}); !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
		return
	}
	if i >= 0 {
		old = m.pending[i]
		old.Seq, old.At, old.State, old.Reason = msg.Seq, msg.At, chat.MessageStored, ""
	}
	m.update(t, func(tx *Tx) error {
		got, err := tx.Acknowledge(conv, msg.ID, msg.Seq, msg.At)
		equal(t, "acknowledged", got, old)
		return err
	})
	if i >= 0 {
		m.pending = slices.Delete(m.pending, i, i+1)
	}
	m.stored[msg.Seq] = old
	m.hold(msg.Seq, msg.Seq)
}

func (m *model) Remove(t *rapid.T) {
	if m.made == 0 {
		t.Skip("there is nothing")
	}
	all := slices.Concat(m.pending, slices.SortedFunc(maps.Values(m.stored), bySeq))
	if len(all) == 0 {
		t.Skip("nothing is here")
	}
	msg := rapid.SampledFrom(all).Draw(t, "message")
	if msg.Seq > 0 {
		if err := m.db.Update(func(tx *Tx) error { return tx.RemovePending(conv, msg.ID) }); !errors.Is(err, ErrSent) {
			t.Fatal(err)
		}
		return
	}
	m.update(t, func(tx *Tx) error { return errors.Join(tx.RemovePending(conv, msg.ID), tx.RemovePending(conv, msg.ID)) })
	i := m.pendingAt(msg.ID)
	m.pending = slices.Delete(m.pending, i, i+1)
}

func (m *model) Change(t *rapid.T) {
	all := slices.Concat(m.pending, slices.SortedFunc(maps.Values(m.stored), bySeq))
	if len(all) == 0 {
		t.Skip("nothing is here")
	}
	msg := rapid.SampledFrom(all).Draw(t, "message")
	m.made++
	msg.Content.Text, msg.Reason = fmt.Sprint("changed ", m.made), "a reason"
	if msg.Seq == 0 {
		msg.State = rapid.SampledFrom([]chat.MessageState{chat.MessagePending, chat.MessageFailed}).Draw(t, "state")
		m.pending[m.pendingAt(msg.ID)] = msg
	} else {
		m.stored[msg.Seq] = msg
	}
	m.update(t, func(tx *Tx) error { return tx.UpdateMessage(msg) })
}

func (m *model) Mark(t *rapid.T) {
	account := rapid.SampledFrom([]chat.AccountID{me, me, ana}).Draw(t, "account")
	n := rapid.Uint64Range(0, uint64(len(m.log))+2)
	mark := chat.Mark{Received: n.Draw(t, "received"), Read: n.Draw(t, "read")}
	old := m.marks[account]
	want := old.Join(mark)
	m.update(t, func(tx *Tx) error {
		changed, err := tx.SetMark(conv, account, mark, me)
		if changed != (want != old) {
			t.Fatalf("from %v by %v to %v, changed: %v", old, mark, want, changed)
		}
		return err
	})
	if want != old {
		m.marks[account] = want
	}
}

func (m *model) RelayTells(t *rapid.T) {
	head := rapid.Uint64Range(0, uint64(len(m.log))).Draw(t, "head")
	c := direct(conv)
	c.Head, c.Unread, c.Held, c.Draft = head, 99, chat.Ranges{{From: 1, To: 1000}}, "not its business"
	m.update(t, func(tx *Tx) error { return tx.PutConversation(c) })
	m.head = max(m.head, head)
}

func (m *model) Draft(t *rapid.T) {
	m.draft = rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "draft")
	m.update(t, func(tx *Tx) error { return tx.SetDraft(conv, m.draft) })
}

func (m *model) OpenAgain(t *rapid.T) {
	if err := m.db.Close(); err != nil {
		t.Fatal(err)
	}
	m.open(t)
}

func bySeq(a, b chat.Message) int { return cmp.Compare(a.Seq, b.Seq) }

// Check compares everything that can be read.
func (m *model) Check(t *rapid.T) {
	stored := slices.SortedFunc(maps.Values(m.stored), bySeq)
	all := slices.Concat(stored, m.pending)
	want := *direct(conv)
	want.Head, want.Draft = m.head, m.draft
	for n := range m.held {
		want.Held.Add(n, n)
	}
	if len(m.marks) > 0 {
		want.Marks = m.marks
	}
	for _, msg := range stored {
		if msg.From != me && msg.Seq > m.marks[me].Read {
			want.Unread++
		}
	}
	if len(all) > 0 {
		last := all[len(all)-1]
		if last.Content.File != nil {
			f := *last.Content.File
			f.Thumbnail, f.Placeholder = nil, nil
			last.Content.File = &f
		}
		want.Last = &last
	}
	view(t, m.db, func(tx *Tx) error {
		got, ok, err := tx.Conversation(conv)
		equal(t, "conversation", got, want)
		whole, err2 := tx.Messages(conv, 0, 1000)
		equal(t, "the whole page", whole, all)
		if len(all) > 0 {
			msg := rapid.SampledFrom(all).Draw(t, "one")
			one, _, err := tx.Message(conv, msg.ID)
			equal(t, "message", one, msg)
			if err != nil {
				return err
			}
		}

		// Page by page, back from the end and on from the start.
		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		end, err3 := tx.Messages(conv, 0, limit)
		equal(t, "the end", end, all[max(0, len(all)-limit):])
		for before, left := uint64(len(m.log)+1), stored; ; {
			page, err := tx.Messages(conv, before, limit)
			if err != nil {
				return err
			}
			i := max(0, len(left)-limit)
			equal(t, "a page back", page, left[i:])
			if i == 0 {
				break
			}
			left, before = left[:i], page[0].Seq
		}
		for after, left := uint64(0), stored; ; {
			page, err := tx.MessagesAfter(conv, after, limit)
			if err != nil {
				return err
			}
			i := min(len(left), limit)
			equal(t, "a page on", page, left[:i])
			if i == len(left) {
				break
			}
			left, after = left[i:], page[i-1].Seq
		}
		if !ok {
			t.Fatal("the conversation is gone")
		}
		return errors.Join(err, err2, err3)
	})
}

func equal(t *rapid.T, what string, got, want any) {
	t.Helper()
	if g := reflect.ValueOf(got); g.Kind() == reflect.Slice && g.Len() == 0 && reflect.ValueOf(want).Len() == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// Whatever happens in whatever order: no message twice, none lost, pages in
// order, and Held, Head, Last and Unread always right.
func TestCacheIsItsModel(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		m := &model{path: filepath.Join(dir, fmt.Sprint(n)), stored: map[uint64]chat.Message{}, held: map[uint64]bool{}, marks: map[chat.AccountID]chat.Mark{}}
		m.open(t)
		defer func() { m.db.Close() }()
		update(t, m.db, func(tx *Tx) error { return tx.PutConversation(direct(conv)) })
		t.Repeat(rapid.StateMachineActions(m))
	})
}
