package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"satchel/chat"
)

func TestOutboxKeepsOrder(t *testing.T) {
	db := fresh(t)
	put := func(a Act) (n uint64) {
		update(t, db, func(tx *Tx) (err error) {
			n, err = tx.PutAct(a)
			return err
		})
		return n
	}
	acts := func(after uint64, limit int) (all []Act) {
		view(t, db, func(tx *Tx) (err error) {
			all, err = tx.Acts(after, limit)
			return err
		})
		return all
	}
	var want []Act
	for i := range 300 { // beyond a byte, where numbers as text would go wrong
		a := Act{Kind: "send", Conversation: conv, Message: chat.MessageID(fmt.Sprint(i)), Data: json.RawMessage(`{"a":1}`)}
		a.N = put(a)
		want = append(want, a)
	}
	same(t, "all", acts(0, 1000), want)
	same(t, "a page", acts(want[9].N, 5), want[10:15])
	if got := acts(want[299].N, 5); len(got) != 0 {
		t.Errorf("behind the last: %v", got)
	}

	changed := want[4]
	changed.Data = json.RawMessage(`2`)
	if n := put(changed); n != changed.N {
		t.Errorf("act %d became %d", changed.N, n)
	}
	same(t, "changed", acts(want[3].N, 1), []Act{changed})

	update(t, db, func(tx *Tx) error {
		for _, a := range want {
			if err := errors.Join(tx.DeleteAct(a.N), tx.DeleteAct(a.N)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := db.Update(func(tx *Tx) error { _, err := tx.PutAct(changed); return err }); !errors.Is(err, ErrNotFound) {
		t.Errorf("an act that left came back: %v", err)
	}
	if n := put(Act{Kind: "mark"}); n <= want[299].N {
		t.Errorf("number %d was used again", n)
	}
}

func TestTransfers(t *testing.T) {
	db := fresh(t)
	at := func(n int) time.Time { return time.Date(2026, 1, 2, 3, 4, 5, n, time.UTC) }
	transfer := func(id string, message chat.MessageID, created time.Time, s chat.TransferState) chat.Transfer {
		return chat.Transfer{ID: chat.TransferID(id), Conversation: conv, Message: message, Path: "/a b", ModTime: at(7),
			File: chat.File{Name: "n", Size: 9, Thumbnail: []byte{1, 2}, Placeholder: []byte{3}}, State: s, Offset: 4, Tries: 1, Created: created}
	}
	// Ids that lead other ids, and times within one another's nanosecond.
	a := transfer("z", "m", at(1), chat.TransferPaused)
	b := transfer("a", "m", at(2), chat.TransferDone)
	c := transfer("c", "mm", at(0), chat.TransferFailed)
	d := transfer("d", "", time.Time{}, chat.TransferMoving)
	put := func(all ...chat.Transfer) {
		t.Helper()
		update(t, db, func(tx *Tx) error {
			for _, x := range all {
				if err := tx.PutTransfer(x); err != nil {
					return err
				}
			}
			return nil
		})
	}
	check := func(on []chat.Transfer, of map[chat.MessageID]chat.Transfer) {
		t.Helper()
		view(t, db, func(tx *Tx) error {
			all, err := tx.Transfers()
			same(t, "not ended", all, on)
			for message, want := range of {
				got, ok, err := tx.TransferOf(conv, message)
				same(t, "of "+string(message), got, want)
				if err != nil || ok != (want.ID != "") {
					t.Error(ok, err)
				}
			}
			return err
		})
	}
	put(a, b, c, d)
	check([]chat.Transfer{d, c, a}, map[chat.MessageID]chat.Transfer{"m": b, "mm": c, "": d, "mmm": {}})

	a.State, c.State, d.Offset = chat.TransferCancelled, chat.TransferQueued, 8
	put(a, c, d)
	check([]chat.Transfer{d, c}, map[chat.MessageID]chat.Transfer{"m": b})
	a.Created, a.State = at(3), chat.TransferQueued // asked for again
	put(a)
	check([]chat.Transfer{d, c, a}, map[chat.MessageID]chat.Transfer{"m": a})

	update(t, db, func(tx *Tx) error { return errors.Join(tx.DeleteTransfer("z"), tx.DeleteTransfer("z")) })
	check([]chat.Transfer{d, c}, map[chat.MessageID]chat.Transfer{"m": b})
	view(t, db, func(tx *Tx) error {
		if _, ok, err := tx.Transfer("z"); ok || err != nil {
			t.Errorf("it is still there: %v", err)
		}
		return nil
	})
}

func TestAccountsAndValues(t *testing.T) {
	db := fresh(t)
	update(t, db, func(tx *Tx) error {
		return errors.Join(
			tx.PutAccount(chat.Account{ID: "b", Name: "old"}), tx.PutAccount(chat.Account{ID: "b", Name: "Bo"}),
			tx.PutAccount(chat.Account{ID: "a", Name: "Ana"}),
			tx.PutValue("k", []byte("v")), tx.PutValue("gone", []byte("v")), tx.PutValue("gone", nil))
	})
	view(t, db, func(tx *Tx) error {
		all, err := tx.Accounts()
		same(t, "accounts", all, []chat.Account{{ID: "a", Name: "Ana"}, {ID: "b", Name: "Bo"}})
		v, err2 := tx.Value("k")
		gone, err3 := tx.Value("gone")
		if string(v) != "v" || gone != nil {
			t.Errorf("%q, %q", v, gone)
		}
		return errors.Join(err, err2, err3)
	})
}

func TestConversationsNewestFirst(t *testing.T) {
	db := fresh(t)
	update(t, db, func(tx *Tx) error {
		for i, id := range []chat.ConversationID{"quiet", "busy", "mine"} {
			c := direct(id)
			c.Created = day.Add(time.Duration(i) * time.Minute)
			if err := tx.PutConversation(c); err != nil {
				return err
			}
		}
		m := entry(1, ana)
		m.At = day.Add(time.Hour)
		_, err := tx.AddEntries("busy", me, 1, 1, []chat.Message{m})
		p := entry(2, me)
		p.Conversation, p.At = "mine", day.Add(2*time.Hour)
		return errors.Join(err, tx.AddPending(p))
	})
	view(t, db, func(tx *Tx) error {
		all, err := tx.Conversations()
		var order []chat.ConversationID
		for _, c := range all {
			order = append(order, c.ID)
		}
		same(t, "order", order, []chat.ConversationID{"mine", "busy", conv, "quiet"}) // the last two by id: created at once
		return err
	})
}

// What must not happen is refused, and changes nothing.
func TestRefused(t *testing.T) {
	db := fresh(t)
	update(t, db, func(tx *Tx) error {
		_, err := tx.AddEntries(conv, me, 1, 5, entries(1, 5))
		p := entry(0, me)
		p.ID = "p"
		return errors.Join(err, tx.AddPending(p))
	})
	add := func(from, to uint64, msgs ...chat.Message) func(*Tx) error {
		return func(tx *Tx) error {
			_, err := tx.AddEntries(conv, me, from, to, msgs)
			return err
		}
	}
	moved, other, nameless, pending := entry(3, ana), entry(3, ana), entry(6, ana), entry(0, me)
	moved.Seq, other.ID, nameless.ID, pending.ID = 9, "other", "", "p"
	for _, c := range []struct {
		what string
		act  func(*Tx) error
		want error // nil: any
	}{
		{"a conversation that isn't here", func(tx *Tx) error { return tx.SetDraft("none", "x") }, ErrNotFound},
		{"a message that isn't here", func(tx *Tx) error { return tx.UpdateMessage(entry(99, me)) }, ErrNotFound},
		{"an acknowledgement of nothing", func(tx *Tx) error { _, err := tx.Acknowledge(conv, "none", 6, day); return err }, ErrNotFound},
		{"another number for a message", add(9, 9, moved), ErrConflict},
		{"another message for a number", add(3, 3, other), ErrConflict},
		{"an acknowledgement with a number that is taken", func(tx *Tx) error { _, err := tx.Acknowledge(conv, "p", 3, day); return err }, ErrConflict},
		{"an acknowledgement with another number", func(tx *Tx) error { _, err := tx.Acknowledge(conv, entry(3, ana).ID, 8, day); return err }, ErrConflict},
		{"an acknowledgement without a number", func(tx *Tx) error { _, err := tx.Acknowledge(conv, "p", 0, day); return err }, nil},
		{"an entry outside the run", add(7, 8, entry(6, ana)), nil},
		{"an entry behind the run", add(5, 5, entry(6, ana)), nil},
		{"entries out of order", add(6, 9, entry(7, ana), entry(6, ana)), nil},
		{"one entry twice", add(6, 9, entry(6, ana), entry(6, ana)), nil},
		{"a run from zero", add(0, 6, entry(6, ana)), nil},
		{"a run of more than any log has", add(1, 1<<63), nil},
		{"a message without an id", add(6, 6, nameless), nil},
		{"a pending message that is stored without a number", func(tx *Tx) error { return tx.UpdateMessage(pending) }, nil},
		{"a pending message without an id", func(tx *Tx) error { return tx.AddPending(nameless) }, nil},
		{"a conversation without an id", func(tx *Tx) error { return tx.PutConversation(&chat.Conversation{}) }, nil},
		{"an account without an id", func(tx *Tx) error { return tx.PutAccount(chat.Account{}) }, nil},
		{"a mark of nobody", func(tx *Tx) error { _, err := tx.SetMark(conv, "", chat.Mark{Read: 1}, me); return err }, nil},
		{"an id without end", func(tx *Tx) error {
			return tx.PutTransfer(chat.Transfer{ID: chat.TransferID(strings.Repeat("x", 256))})
		}, nil},
	} {
		if err := db.Update(c.act); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	// Whoever goes on after half a run was stored doesn't get it committed.
	err := db.Update(func(tx *Tx) error {
		tx.AddEntries(conv, me, 6, 9, []chat.Message{entry(6, ana), moved})
		return nil
	})
	if !errors.Is(err, ErrConflict) {
		t.Errorf("half a run: %v", err)
	}
	view(t, db, func(tx *Tx) error {
		c, _, err := tx.Conversation(conv)
		page, err2 := tx.Messages(conv, 0, 100)
		if c.Head != 5 || len(page) != 6 || c.Unread != 4 {
			t.Errorf("something was changed: %+v", c)
		}
		none, err3 := tx.Messages("none", 0, 100)
		after, err4 := tx.MessagesAfter(conv, 1<<64-1, 100)
		if _, ok, err := tx.Message("none", "none"); len(none)+len(after) > 0 || ok || err != nil {
			t.Errorf("messages from nowhere: %v %v %v", none, after, err)
		}
		return errors.Join(err, err2, err3, err4)
	})
}

// A relay's clock may say anything; it must not keep a log from being stored.
func TestAnyTime(t *testing.T) {
	db := fresh(t)
	for i, ms := range []int64{0, -1 << 62, 1 << 62, -1} {
		m := entry(uint64(i+1), ana)
		m.At = time.UnixMilli(ms)
		update(t, db, func(tx *Tx) error {
			_, err := tx.AddEntries(conv, me, m.Seq, m.Seq, []chat.Message{m})
			got, _, err2 := tx.Message(conv, m.ID)
			same(t, "time", got.At.UnixMilli(), ms)
			_, err3 := tx.Conversations()
			return errors.Join(err, err2, err3)
		})
	}
}
