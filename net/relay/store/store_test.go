package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"satchel/net/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func register(s *Store, name string) (account string, err error) {
	account = wire.NewID()
	code := wire.NewID()
	if err := s.AddInvite(code, 1, time.Now().Add(time.Hour)); err != nil {
		return "", err
	}
	return account, s.Register(Registration{Name: name, Invite: code, First: AccountStatement{
		Account: account, Seq: 1, Statement: []byte(account), Generation: 1, Added: &Device{ID: "device of " + account, Key: "k", Kind: 1}}})
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c#d%e.db")
	s := open(t, path)
	account, err := register(s, "Mara")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetValue("k", "v"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetValue("k", "w"); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	s = open(t, path)
	if v, err := s.Value("k"); v != "v" || err != nil {
		t.Errorf("%q %v", v, err)
	}
	if all, err := s.Find("MARA"); err != nil || len(all) != 1 || all[0].ID != account {
		t.Errorf("%v %v", all, err)
	}
}

func TestNewerIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := open(t, path)
	if err := s.do(func(tx *tx) error { return tx.exec(fmt.Sprintf("PRAGMA user_version = %d", len(migrations)+1)) }); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := Open(path); !errors.Is(err, ErrNewer) {
		t.Errorf("%v", err)
	}
}

// In one transaction, what fails is undone and what does not is kept.
func TestOneFailsAlone(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "db"))
	mara, err := register(s, "Mara")
	if err != nil {
		t.Fatal(err)
	}
	begun := make(chan error, 1)
	s.AppendConversation(ConversationStatement{Conversation: wire.SelfID(mara), Kind: "self", Seq: 1, Statement: []byte("first"), From: mara, By: "device of " + mara,
		Roles: []Role{{mara, 3}}}, func(_ bool, err error) { begun <- err })
	if err := <-begun; err != nil {
		t.Fatal(err)
	}
	hold, held := make(chan struct{}), make(chan struct{})
	s.submit(func(*tx) error { close(held); <-hold; return nil }, func(error) {}) // gathers the others behind it
	<-held
	type result struct {
		e   wire.Entry
		err error
	}
	results := make(chan result, 30)
	broken := errors.New("broken")
	for i := range 10 {
		s.Append(wire.Entry{Conversation: wire.SelfID(mara), Message: fmt.Sprint(i), From: mara, Device: "device of " + mara, Body: []byte{}}, nil,
			func(e wire.Entry, _ bool, err error) { results <- result{e, err} })
		s.submit(func(tx *tx) error {
			if err := tx.exec("UPDATE conversations SET head = head + 100"); err != nil {
				return err
			}
			return broken
		}, func(err error) {
			if !errors.Is(err, broken) {
				t.Errorf("%v", err)
			}
		})
		s.Append(wire.Entry{Conversation: wire.SelfID(mara), Message: fmt.Sprint("file ", i), From: mara, Device: "device of " + mara, Body: []byte{}}, []string{"none"},
			func(_ wire.Entry, _ bool, err error) {
				if !errors.Is(err, ErrFile) {
					t.Errorf("%v", err)
				}
			})
	}
	close(hold)
	for i := range 10 {
		if r := <-results; r.err != nil || r.e.Seq != uint64(i+1) {
			t.Errorf("%d: %+v", i, r)
		}
	}
	entries, head, err := s.History(wire.SelfID(mara), 0, 0, 100)
	if err != nil || head != 10 || len(entries) != 10 {
		t.Errorf("%d %d %v", head, len(entries), err)
	}
}
