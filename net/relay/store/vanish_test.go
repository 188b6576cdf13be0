package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"satchel/net/wire"
)

// What a message said ends with its lifetime, and so does what its files were
// given for; others that name the same file keep it.
func TestVanish(t *testing.T) { onBoth(t, testVanish) }

func testVanish(t *testing.T, database string) {
	s := open(t, database)
	group, accounts := members(t, s, 2)
	from := accounts[0]
	var ids []string
	for i := range 3 {
		id := fmt.Sprintf("%032x", i)
		if err := errors.Join(s.AddFile(File{ID: id, Uploader: from, Size: 10}, Quota{}), s.FinishFile(id, "sum")); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	send := func(message string, lifetime time.Duration, files ...string) wire.Entry {
		t.Helper()
		done, stored := make(chan error, 1), wire.Entry{}
		e := wire.Entry{Conversation: group, Message: message, From: from, Device: "device of " + from, Body: []byte("body")}
		s.Append(e, files, lifetime, func(e wire.Entry, _ bool, err error) { stored = e; done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		return stored
	}
	send("stays", 0, ids[1])
	first := send("hour", time.Hour, ids[0], ids[1], ids[2])
	send("day", 24*time.Hour, ids[2])
	if again := send("hour", time.Hour, ids[0]); again.Seq != first.Seq || again.At != first.At {
		t.Errorf("sent again: %+v", again)
	}
	at := first.At + time.Hour.Milliseconds()
	if n, err := s.Vanish(at - 1); err != nil || n != 0 {
		t.Fatalf("before its time: %d %v", n, err)
	}
	if files, err := s.Vanished(at - 1); err != nil || len(files) != 0 {
		t.Fatalf("before its time: %v %v", files, err)
	}
	for _, want := range []int64{1, 0} {
		if n, err := s.Vanish(at); err != nil || n != want {
			t.Fatalf("%d, not %d: %v", n, want, err)
		}
	}
	page, _, err := s.History(group, 0, 0, 10)
	if err != nil || len(page) != 3 || page[0].Expired || !page[1].Expired || len(page[1].Body) != 0 || page[2].Expired {
		t.Fatalf("%+v %v", page, err)
	}
	if err := s.Ungrant(at); err != nil {
		t.Fatal(err)
	}
	files, err := s.Vanished(at)
	if err != nil || len(files) != 1 || files[0].ID != ids[0] {
		t.Fatalf("%v %v", files, err)
	}
	// By the store's own clock the hour is not over: nobody takes what is still given.
	if err := s.RemoveFile(ids[0], false); !errors.Is(err, ErrConflict) {
		t.Error(err)
	}
	for _, id := range ids {
		if ok, err := s.MayRead(id, accounts[1]); err != nil || !ok {
			t.Errorf("%s: %v %v", id, ok, err)
		}
	}
	brief := send("brief", time.Millisecond, ids[0]) // an hour was promised before, and holds
	for until := time.Now().Add(time.Minute); now() <= brief.At+1; {
		if time.Now().After(until) {
			t.Fatal("the clock stands still")
		}
	}
	if page, _, err := s.History(group, 0, brief.Seq-1, 10); err != nil || !page[0].Expired {
		t.Errorf("a page shows what has disappeared: %+v %v", page, err)
	}
	if ok, err := s.MayRead(ids[0], accounts[1]); err != nil || !ok {
		t.Errorf("%v %v", ok, err)
	}
}
