package session

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"satchel/chat"
	"satchel/net/wire"
)

// Messages disappear on all devices, also on one that was off meanwhile, with
// their thumbnails, files and quotes; what was written before the timer stays.
func TestVanish(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, bo := w.person("Ana"), w.person("Bo")
	id := ana.direct("Bo")
	ana.flushed(ana.say(id, "stays"))
	bo.wait("the conversation", func() bool { c, ok, _ := bo.Conversation(id); return ok && c.Head == 1 })
	if _, err := bo.SetTimer(bo.bounded(), id, time.Hour); err != nil {
		t.Fatal(err)
	}
	if c := bo.row(id); c.Timer != 3600 {
		t.Fatalf("what is pending does not count: %+v", c)
	}
	ana.wait("the timer", func() bool { return ana.row(id).Timer == 3600 })
	path := filepath.Join(t.TempDir(), "walrus.png")
	picture(t, path)
	sent, err := ana.SendFiles(ana.bounded(), id, []string{path}, chat.Content{Text: "brief"})
	if err != nil {
		t.Fatal(err)
	}
	stored := ana.flushed(sent...)[0]
	if stored.Content.Lifetime != 3600 || stored.Vanishes().IsZero() {
		t.Fatalf("%+v", stored.Content)
	}
	answer := ana.say(id, "not for long")
	ana.flushed(answer)
	if _, err := ana.SetTimer(ana.bounded(), id, 0); err != nil {
		t.Fatal(err)
	}
	quote, err := ana.Send(ana.bounded(), id, chat.Content{Text: "for good", Reply: stored.ID})
	if err != nil || quote.Content.Lifetime != 0 {
		t.Fatalf("%+v %v", quote.Content, err)
	}
	ana.flushed(quote)
	gone := func(p *person) {
		t.Helper()
		for _, m := range []chat.Message{stored, answer} {
			p.wait("a message disappears", func() bool {
				now, ok, err := p.Message(id, m.ID)
				return err == nil && ok && now.Content.Kind == chat.KindVanished
			})
		}
		if found, err := p.Search("brief", false, 10); err != nil || len(found) != 0 {
			t.Errorf("%v %v", found, err)
		}
		m, ok, err := p.Message(id, quote.ID)
		if err != nil || !ok || m.ReplyTo != nil {
			t.Errorf("%+v %v", m.ReplyTo, err)
		}
		if _, ok := p.TransferOf(id, stored.ID); ok {
			t.Error("the transfer is still known")
		}
		if room, err := p.Room(); err != nil || len(room.Held) != 0 {
			t.Errorf("%+v %v", room.Held, err)
		}
		if texts := p.texts(id); texts[0] != "stays" || texts[len(texts)-1] != "for good" {
			t.Errorf("%q", texts)
		}
	}
	bo.wait("all of it", func() bool { c := bo.row(id); return c.Head == quoteSeq(ana, id, quote.ID) && c.Timer == 0 })
	// The relay's clock goes on by two hours, for one while it is off.
	const ahead = 2 * time.Hour
	if err := bo.PutValues(bo.bounded(), map[string][]byte{keyClock: []byte(strconv.FormatInt(ahead.Milliseconds(), 10))}); err != nil {
		t.Fatal(err)
	}
	if err := bo.Close(); err != nil {
		t.Fatal(err)
	}
	ana.ahead.Store(int64(ahead))
	ana.vanishSoon()
	gone(ana)
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the person's own file: %v", err)
	}
	bo.open() // they were due while it was off
	gone(bo)
	files := 0
	_ = filepath.WalkDir(filepath.Join(bo.dir, "files"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, []byte("PNG")) {
				files++
			}
		}
		return nil
	})
	if files != 0 {
		t.Errorf("%d files are left", files)
	}
}

// By the real clocks of all three a message of a second disappears everywhere.
func TestVanishByTheClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, bo := w.person("Ana"), w.person("Bo")
	id := ana.direct("Bo")
	if _, err := ana.SetTimer(ana.bounded(), id, time.Second); err != nil {
		t.Fatal(err)
	}
	m := ana.say(id, "brief")
	for _, p := range []*person{ana, bo} {
		p.wait("it disappears", func() bool {
			now, ok, err := p.Message(id, m.ID)
			return err == nil && ok && now.Content.Kind == chat.KindVanished
		})
	}
	// A device that lost its cache gets nothing of it.
	page, err := bo.request(bo.bounded(), &wire.History{Conversation: string(id)})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.(*wire.Page).Entries {
		if e.Message == string(m.ID) && (!e.Expired || len(e.Body) > 0) {
			t.Errorf("%+v", e)
		}
	}
}

func quoteSeq(p *person, id chat.ConversationID, m chat.MessageID) uint64 {
	now, _, _ := p.Message(id, m)
	return now.Seq
}

// In a group admins alone say how long messages are there and how it looks, and
// who comes later knows it, too.
func TestGroupRulesForNewcomers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, bo, cleo := w.person("Ana"), w.person("Bo"), w.person("Cleo")
	g, err := ana.NewGroup(ana.bounded(), "Film crew", []chat.AccountID{bo.me()}, false)
	if err != nil {
		t.Fatal(err)
	}
	bo.inGroup(g.ID, "Film crew")
	if _, err := bo.SetTimer(bo.bounded(), g.ID, time.Hour); !isRefusal(err) {
		t.Errorf("a member: %v", err)
	}
	if _, err := bo.SetGroupPicture(bo.bounded(), g.ID, []byte("x")); !isRefusal(err) {
		t.Errorf("a member: %v", err)
	}
	if _, err := ana.SetGroupPicture(ana.bounded(), g.ID, make([]byte, chat.MaxPicture+1)); !isRefusal(err) {
		t.Errorf("too large: %v", err)
	}
	// A member whose program does it all the same is not listened to.
	if _, err := bo.Send(bo.bounded(), g.ID, chat.Content{Kind: chat.KindTimer, Lifetime: 60}); err != nil {
		t.Fatal(err)
	}
	ana.wait("what is refused", func() bool {
		c := ana.row(g.ID)
		return c.Last != nil && c.Last.Content.Kind == chat.KindUnreadable && c.Timer == 0
	})
	if _, err := ana.SetTimer(ana.bounded(), g.ID, time.Hour); err != nil {
		t.Fatal(err)
	}
	look := []byte("how the group looks")
	if _, err := ana.SetGroupPicture(ana.bounded(), g.ID, look); err != nil {
		t.Fatal(err)
	}
	knows := func(p *person, picture []byte) {
		t.Helper()
		p.wait("timer and picture", func() bool {
			all, err := p.GroupFaces()
			return err == nil && p.row(g.ID).Timer == 3600 && bytes.Equal(all[g.ID], picture)
		})
	}
	knows(ana, look)
	knows(bo, look)
	if err := ana.AddMembers(ana.bounded(), g.ID, []chat.AccountID{cleo.me()}, false); err != nil {
		t.Fatal(err)
	}
	knows(cleo, look)
	lines := 0
	page, err := cleo.Messages(g.ID, 0, 100)
	for _, m := range page {
		if !m.Content.Changes() {
			lines++
		}
	}
	if err != nil || lines != 0 {
		t.Errorf("what is said again is shown: %+v %v", page, err)
	}
	if m := cleo.say(g.ID, "hello"); m.Content.Lifetime != 3600 {
		t.Errorf("%+v", m.Content)
	}
	if _, err := ana.SetGroupPicture(ana.bounded(), g.ID, nil); err != nil {
		t.Fatal(err)
	}
	knows(cleo, nil)
	cleo.again()
	knows(cleo, nil)
}
