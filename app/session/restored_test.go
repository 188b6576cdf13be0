package session

import (
	"path/filepath"
	"slices"
	"testing"

	"satchel/chat"
	"satchel/net/relay"
)

// restored puts the relay back from a backup that begins as copied.
func (w *world) restored(copied string) {
	w.t.Helper()
	w.stop()
	w.dir = filepath.Join(w.t.TempDir(), "back")
	if _, err := relay.Restore(w.t.Context(), copied, w.dir); err != nil {
		w.t.Fatal(err)
	}
	w.start()
}

// notices gives a value whenever somebody is told something.
func (p *person) notices(text string) <-chan bool {
	told := make(chan bool, 100)
	changes, cancel := p.Subscribe()
	p.t.Cleanup(cancel)
	go func() {
		for batch := range changes {
			for _, c := range batch {
				if notice, ok := c.(chat.Notice); ok && notice.Text == text {
					told <- true
				}
			}
		}
	}()
	return told
}

// insists says something as soon as a conversation lets it.
func (p *person) insists(conv chat.ConversationID, text string) {
	p.t.Helper()
	for {
		m, err := p.Send(p.bounded(), conv, chat.Content{Text: text})
		if err == nil {
			p.flushed(m)
			return
		}
		if !isRefusal(err) {
			p.t.Fatal(err)
		}
		p.wait("it may write", func() bool { return !p.row(conv).Stopped })
	}
}

// A relay is put back from a backup that knows less than people's caches do. All
// that is here stays; conversations, groups that changed since, and those that were
// made since go on; and it is said once.
func TestRestoredRelay(t *testing.T) {
	w := newWorld(t)
	ana, bo, cleo := w.person("Ana"), w.person("Bo"), w.person("Cleo")
	direct := ana.direct("Bo")
	ana.flushed(ana.say(direct, "before"))
	bo.reads(direct, "before")
	g, err := ana.NewGroup(ana.bounded(), "Studio", []chat.AccountID{bo.me()}, true)
	if err != nil {
		t.Fatal(err)
	}
	bo.inGroup(g.ID, "Studio")
	copied := filepath.Join(t.TempDir(), "copy")
	if _, err := relay.Backup(t.Context(), w.dir, copied); err != nil {
		t.Fatal(err)
	}

	for _, text := range []string{"lost 1", "lost 2"} {
		ana.flushed(ana.say(direct, text))
	}
	bo.reads(direct, "before", "lost 1", "lost 2")
	if err := ana.AddMembers(ana.bounded(), g.ID, []chat.AccountID{cleo.me()}, false); err != nil {
		t.Fatal(err)
	}
	if err := ana.Rename(ana.bounded(), g.ID, "Workshop"); err != nil {
		t.Fatal(err)
	}
	bo.inGroup(g.ID, "Workshop")
	cleo.inGroup(g.ID, "Workshop")
	later, err := bo.NewGroup(bo.bounded(), "Later", []chat.AccountID{ana.me()}, true)
	if err != nil {
		t.Fatal(err)
	}
	ana.inGroup(later.ID, "Later")
	bo.flushed(bo.say(later.ID, "lost 3"))
	ana.reads(later.ID, "lost 3")
	told := []<-chan bool{ana.notices(sayRestored), bo.notices(sayRestored)}

	w.restored(copied)
	for _, p := range []*person{ana, bo, cleo} {
		p.Kick()
		p.synced()
	}
	bo.insists(direct, "after")
	ana.reads(direct, "before", "lost 1", "lost 2", "after")
	ana.insists(direct, "indeed")
	bo.reads(direct, "before", "lost 1", "lost 2", "after", "indeed")
	cleo.insists(g.ID, "I am still here")
	bo.wait("what Cleo says", func() bool { return slices.Contains(bo.texts(g.ID), "I am still here") })
	ana.insists(later.ID, "and so is this")
	bo.reads(later.ID, "lost 3", "and so is this")
	for _, p := range []*person{ana, bo, cleo} {
		p.wait("no warning", func() bool {
			all, err := p.Conversations()
			return err == nil && !slices.ContainsFunc(all, func(c chat.Conversation) bool { return c.Stopped || c.Warning != "" || c.Gone != "" })
		})
	}
	for i, told := range told {
		select {
		case <-told:
		case <-ana.bounded().Done():
			t.Errorf("%d is not told", i)
		}
	}
	// A device that comes anew finds what the relay has, and no end of nothing.
	tablet := ana.device("tablet")
	tablet.wait("what is new", func() bool { return slices.Contains(tablet.texts(direct), "indeed") })
	tablet.LoadHistory(direct, 0)
	tablet.wait("what is old", func() bool { return slices.Contains(tablet.texts(direct), "before") })
	if got := tablet.texts(direct); !slices.Equal(got, []string{"before", "after", "indeed"}) {
		t.Errorf("%v", got)
	}
	for i, told := range told {
		if len(told) > 0 {
			t.Errorf("%d is told more than once", i)
		}
	}
}
