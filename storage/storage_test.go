package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"satchel/chat"
)

const (
	me   = chat.AccountID("me")
	ana  = chat.AccountID("ana")
	conv = chat.ConversationID("conversation")
)

// day is a time as the wire has it: whole milliseconds.
var day = time.UnixMilli(1_760_000_000_000)

func TestMain(m *testing.M) {
	if act := os.Getenv("STORAGE_TEST_CHILD"); act != "" {
		os.Exit(child(act, os.Getenv("STORAGE_TEST_PATH")))
	}
	goleak.VerifyTestMain(m)
}

// open opens a cache that is closed when the test ends.
func open(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// fresh is a new cache with one conversation.
func fresh(t testing.TB) *DB {
	t.Helper()
	db := open(t, filepath.Join(t.TempDir(), "cache.db"))
	update(t, db, func(tx *Tx) error { return tx.PutConversation(direct(conv)) })
	return db
}

func direct(id chat.ConversationID) *chat.Conversation {
	return &chat.Conversation{ID: id, Kind: chat.Direct, Created: day,
		Members: []chat.Account{{ID: me, Name: "Me"}, {ID: ana, Name: "Ana"}}}
}

type fataler interface {
	Helper()
	Fatal(...any)
}

func update(t fataler, db *DB, fn func(*Tx) error) {
	t.Helper()
	if err := db.Update(fn); err != nil {
		t.Fatal(err)
	}
}

func view(t fataler, db *DB, fn func(*Tx) error) {
	t.Helper()
	if err := db.View(fn); err != nil {
		t.Fatal(err)
	}
}

// entry is message seq of the log, as from tells it.
func entry(seq uint64, from chat.AccountID) chat.Message {
	return chat.Message{ID: chat.MessageID(fmt.Sprintf("m%07d", seq)), Conversation: conv, Seq: seq, From: from,
		Device: chat.DeviceID("device of " + string(from)), At: day.Add(time.Duration(seq) * time.Second),
		Content: chat.Content{Kind: chat.KindMessage, Text: fmt.Sprint("number ", seq)}}
}

// entries are messages from..to, every third one mine.
func entries(from, to uint64) []chat.Message {
	var all []chat.Message
	for seq := from; seq <= to; seq++ {
		sender := ana
		if seq%3 == 0 {
			sender = me
		}
		all = append(all, entry(seq, sender))
	}
	return all
}

// same fails where got is not what was wanted.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func TestWhatIsPutIsThereAfterOpeningAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	db := open(t, path)
	profile := Profile{Account: chat.Account{ID: me, Name: "Me"}, Device: "d", RelayURL: "http://127.0.0.1:1", RelayKey: "k", RelayName: "Office", MaxFile: 5}
	picture := entry(2, ana)
	picture.Content.File = &chat.File{URL: "/files/x", Name: "a b.jpg", Size: 9, SHA256: "00", Thumbnail: []byte{0, 1, 2}, Placeholder: []byte{3}, Width: 4, Height: 3}
	update(t, db, func(tx *Tx) error {
		if _, ok, err := tx.Profile(); ok || err != nil {
			t.Errorf("a profile before there is one: %v", err)
		}
		pending := entry(0, me)
		pending.ID, pending.State = "p1", chat.MessagePending
		err := errors.Join(
			tx.PutProfile(profile),
			tx.PutAccount(chat.Account{ID: ana, Name: "Ana"}),
			tx.PutConversation(direct(conv)),
			tx.AddPending(pending),
			tx.SetDraft(conv, "half a sen"),
			tx.PutValue("anchor", []byte("m1")),
		)
		_, addErr := tx.AddEntries(conv, me, 1, 2, []chat.Message{entry(1, ana), picture})
		_, markErr := tx.SetMark(conv, ana, chat.Mark{Received: 2, Read: 1}, me)
		return errors.Join(err, addErr, markErr)
	})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the cache: %v, %v", info.Mode(), err)
	}
	for range 2 {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}

	view(t, open(t, path), func(tx *Tx) error {
		p, ok, err := tx.Profile()
		same(t, "profile", p, profile)
		a, _, err2 := tx.Account(ana)
		same(t, "account", a, chat.Account{ID: ana, Name: "Ana"})
		c, _, err3 := tx.Conversation(conv)
		want := *direct(conv)
		pending := entry(0, me)
		pending.ID, pending.State = "p1", chat.MessagePending
		want.Head, want.Held, want.Unread, want.Draft, want.Last = 2, chat.Ranges{{From: 1, To: 2}}, 2, "half a sen", &pending
		want.Marks = map[chat.AccountID]chat.Mark{ana: {Received: 2, Read: 1}}
		same(t, "conversation", c, want)
		page, err4 := tx.Messages(conv, 0, 10)
		same(t, "page", page, []chat.Message{entry(1, ana), picture, pending})
		v, err5 := tx.Value("anchor")
		same(t, "value", string(v), "m1")
		if none, err := tx.Value("none"); none != nil || err != nil {
			t.Errorf("a value that was never put: %q, %v", none, err)
		}
		if !ok {
			t.Error("no profile")
		}
		return errors.Join(err, err2, err3, err4, err5)
	})
}

// Readers see one moment each while somebody writes, and Close waits for all of them.
func TestReadersAndAWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	db := open(t, path)
	db.bolt.NoSync = true
	update(t, db, func(tx *Tx) error { return step(tx, 1) })
	var readers sync.WaitGroup
	written := make(chan struct{})
	for range 3 {
		readers.Go(func() {
			for last := uint64(0); ; {
				err := db.View(func(tx *Tx) error {
					c, _, err := tx.Conversation(conv)
					page, err2 := tx.Messages(conv, 0, 1<<20)
					acts, err3 := tx.Acts(0, 10)
					if c.Head < last || len(page) != int(c.Head)+1 || len(acts) != 1 || acts[0].N != c.Head/3 {
						t.Errorf("head %d after %d, %d messages, acts %v", c.Head, last, len(page), acts)
					}
					last = c.Head
					return errors.Join(err, err2, err3)
				})
				if err != nil {
					t.Error(err)
					return
				}
				select {
				case <-written:
					return
				default:
				}
			}
		})
	}
	for n := uint64(2); n < 60; n++ {
		update(t, db, func(tx *Tx) error { return step(tx, n) })
	}
	close(written)
	readers.Wait()

	inside, leave, closed := make(chan struct{}), make(chan struct{}), make(chan error)
	go db.View(func(tx *Tx) error {
		close(inside)
		<-leave
		_, ok, err := tx.Conversation(conv)
		if !ok || err != nil {
			t.Errorf("the file was closed under a reader: %v", err)
		}
		return nil
	})
	<-inside
	go func() { closed <- db.Close() }()
	select {
	case <-closed:
		t.Error("closed while somebody reads")
	default:
	}
	close(leave)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := db.View(func(*Tx) error { return nil }); err == nil {
		t.Error("a closed cache is read")
	}
}
