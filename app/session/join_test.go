package session

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satchel/chat"
	"satchel/net/wire"
)

// Whatever is wrong with an invitation or a name is one sentence, and the
// profile can join with a better one.
func TestJoinRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("Mara")
	p := &person{t: t, dir: filepath.Join(t.TempDir(), "p"), name: "p"}
	p.open()
	good := w.invite()
	short, err := w.r.Invite(t.Context(), 1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	inv, _ := wire.ParseInvitation(good)
	other := inv
	other.Key = wire.NewNonce()
	unknown := inv
	unknown.Code = wire.NewID()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := inv
	nobody.URL = "http://" + silent.Addr().String()
	silent.Close()
	time.Sleep(1100 * time.Millisecond) // the shortest life that an invitation can have is a second
	for _, c := range []struct{ what, link, name, want string }{
		{"no link", "hello", "Ana", "invitation"},
		{"cut link", good[:len(good)-4], "Ana", "invitation"},
		{"name taken", good, "mara", "name"},
		{"empty name", good, "  ", "name"},
		{"expired", short, "Ana", "expired"},
		{"unknown", unknown.String(), "Ana", "invitation"},
		{"other key", other.String(), "Ana", "key"},
		{"nobody there", nobody.String(), "Ana", "not running"},
	} {
		began := time.Now()
		err := p.Join(p.bounded(), c.link, c.name)
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), c.want) || strings.Contains(err.Error(), ": dial") {
			t.Errorf("%s: %v", c.what, err)
		}
		if p.Profile().Joined || time.Since(began) > 10*time.Second {
			t.Errorf("%s: joined or late", c.what)
		}
	}
	if _, err := p.OpenDirect(p.bounded(), "Mara"); !errors.Is(err, ErrNotHere) {
		t.Errorf("%v", err)
	}
	if err := p.Join(p.bounded(), good, " Ana  Lima "); err != nil {
		t.Fatal(err)
	}
	p.synced()
	if got := p.Profile(); got.Account.Name != "Ana Lima" || got.RelayName != "Studio" || got.MaxFile == 0 {
		t.Errorf("%+v", got)
	}
	if info, err := os.Stat(filepath.Join(p.dir, "identity.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}

	// Again is harmless; as somebody else, or elsewhere, is refused.
	if err := p.Join(p.bounded(), good, "ana lima"); err != nil {
		t.Error(err)
	}
	if err := p.Join(p.bounded(), good, "Bo"); err == nil {
		t.Error("two names")
	}
	if err := p.Join(p.bounded(), other.String(), "Ana Lima"); err == nil {
		t.Error("two relays")
	}
}

// A program that was killed between the registration and the storing of the
// profile joins again with the same link, even when the link is for one.
func TestJoinAgainAfterKill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link, err := w.r.Invite(t.Context(), 1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, dir: filepath.Join(t.TempDir(), "p"), name: "p"}
	p.open()
	if err := p.Join(p.bounded(), link, "Ana"); err != nil {
		t.Fatal(err)
	}
	p.synced()
	account := p.Profile().Account.ID
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	// The identity was on disk before, the profile was not.
	if err := os.Remove(filepath.Join(p.dir, "cache.db")); err != nil {
		t.Fatal(err)
	}
	p.open()
	if p.Profile().Joined {
		t.Fatal("still joined")
	}
	if err := p.Join(p.bounded(), link, "Ana"); err != nil {
		t.Fatal(err)
	}
	p.synced()
	if p.Profile().Account.ID != account {
		t.Error("another account")
	}
	p.flushed(p.say(p.direct("self"), "still me"))
}

// A profile is open in one place at a time.
func TestInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.person("Mara")
	if s, err := Open(Options{Dir: p.dir}); !errors.Is(err, ErrInUse) {
		t.Errorf("%v, %v", s, err)
	}
	p.again()
	if !p.Profile().Joined {
		t.Error("forgot")
	}
}

// A closed session answers, and holds nobody up.
func TestClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.person("Mara")
	conv := p.direct("self")
	changes, stop := p.Subscribe()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	for range changes { // closed, at the latest after what was waiting
	}
	stop()
	if _, err := p.Send(t.Context(), conv, chat.Content{Text: "x"}); err == nil {
		t.Error("sent")
	}
	if err := p.MarkRead(conv, 1); err == nil {
		t.Error("marked")
	}
	p.Typing(conv)
	p.LoadHistory(conv, 0)
	p.Kick()
	p.Told(t.Context())
}
