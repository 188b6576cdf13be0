package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"satchel/internal/postgres"
	"satchel/net/wire"
)

var server *postgres.Server

func TestMain(m *testing.M) {
	var err error
	// The server is never lost here, so it need not sync.
	if server, err = postgres.Start("fsync=off"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		server.Stop()
		os.Exit(code)
	}))
}

// onBoth runs a test on a new SQLite file and on a new PostgreSQL database.
func onBoth(t *testing.T, test func(t *testing.T, database string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "a b?c#d%e.db")) })
	t.Run("postgres", func(t *testing.T) {
		url, err := server.Database()
		if err != nil {
			t.Fatal(err)
		}
		test(t, url)
	})
}

func open(t *testing.T, database string) *Store {
	t.Helper()
	s, err := Open(database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func register(s *Store, name string) (account string, err error) {
	account = wire.NewID()
	code := wire.NewID()
	if err := s.AddInvite(Invite{Code: code, Uses: 1, Expires: time.Now().Add(time.Hour)}); err != nil {
		return "", err
	}
	return account, s.Register(registration(account, name, code))
}

func registration(account, name, code string) Registration {
	return Registration{Name: name, Invite: code, First: AccountStatement{
		Account: account, Seq: 1, Statement: []byte(account), Generation: 1, Added: &Device{ID: "device of " + account, Key: "k", Kind: 1}}}
}

// begin makes a conversation of the first account with these members.
func begin(s *Store, id, kind string, members ...string) error {
	c := ConversationStatement{Conversation: id, Kind: kind, Seq: 1, Statement: []byte("first"), From: members[0], By: "device of " + members[0]}
	for _, m := range members {
		c.Roles = append(c.Roles, Role{m, 1})
	}
	begun := make(chan error, 1)
	s.AppendConversation(c, func(_ bool, err error) { begun <- err })
	return <-begun
}

func TestReopen(t *testing.T) { onBoth(t, testReopen) }

func testReopen(t *testing.T, path string) {
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

func TestNewerIsRefused(t *testing.T) { onBoth(t, testNewerIsRefused) }

func testNewerIsRefused(t *testing.T, path string) {
	s := open(t, path)
	newer := fmt.Sprintf("PRAGMA user_version = %d", len(migrations)+1)
	if IsPostgres(path) {
		newer = fmt.Sprintf("UPDATE migrated SET version = %d", len(migrations)+1)
	}
	if err := s.do(func(tx *tx) error { return tx.exec(newer) }); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := Open(path); !errors.Is(err, ErrNewer) {
		t.Errorf("%v", err)
	}
}

// In one transaction, what fails is undone and what does not is kept.
func TestOneFailsAlone(t *testing.T) { onBoth(t, testOneFailsAlone) }

func testOneFailsAlone(t *testing.T, path string) {
	s := open(t, path)
	mara, err := register(s, "Mara")
	if err != nil {
		t.Fatal(err)
	}
	if err := begin(s, wire.SelfID(mara), "self", mara); err != nil {
		t.Fatal(err)
	}
	hold, held := make(chan struct{}), make(chan struct{})
	s.submit("", func(*tx) error { close(held); <-hold; return nil }, func(error) {}) // gathers the others behind it
	<-held
	type result struct {
		e   wire.Entry
		err error
	}
	results := make(chan result, 30)
	broken := errors.New("broken")
	for i := range 10 {
		s.Append(wire.Entry{Conversation: wire.SelfID(mara), Message: fmt.Sprint(i), From: mara, Device: "device of " + mara, Body: []byte{}}, nil, 0,
			func(e wire.Entry, _ bool, err error) { results <- result{e, err} })
		s.submit("", func(tx *tx) error {
			if err := tx.exec("UPDATE conversations SET head = head + 100"); err != nil {
				return err
			}
			return broken
		}, func(err error) {
			if !errors.Is(err, broken) {
				t.Errorf("%v", err)
			}
		})
		s.Append(wire.Entry{Conversation: wire.SelfID(mara), Message: fmt.Sprint("file ", i), From: mara, Device: "device of " + mara, Body: []byte{}}, []string{"none"}, 0,
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
