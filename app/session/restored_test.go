package session

import (
	"path/filepath"
	"slices"
	"sync/atomic"
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

// notices counts how often somebody is told something.
func (p *person) notices(text string) *atomic.Int64 {
	n := &atomic.Int64{}
	changes, cancel := p.Subscribe()
	p.t.Cleanup(cancel)
	go func() {
		for batch := range changes {
			for _, c := range batch {
				if notice, ok := c.(chat.Notice); ok && notice.Text == text {
					n.Add(1)
				}
			}
		}
	}()
	return n
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
	told := []*atomic.Int64{ana.notices(sayRestored), bo.notices(sayRestored)}

	w.restored(copied)
	for _, p := range []*person{ana, bo, cleo} {
		p.Kick()
		p.synced()
	}
	bo.flushed(bo.say(direct, "after"))
	ana.reads(direct, "before", "lost 1", "lost 2", "after")
	ana.flushed(ana.say(direct, "indeed"))
	bo.reads(direct, "before", "lost 1", "lost 2", "after", "indeed")
	cleo.flushed(cleo.say(g.ID, "I am still here"))
	bo.wait("what Cleo says", func() bool { return slices.Contains(bo.texts(g.ID), "I am still here") })
	ana.flushed(ana.say(later.ID, "and so is this"))
	bo.reads(later.ID, "lost 3", "and so is this")
	for _, p := range []*person{ana, bo, cleo} {
		all, err := p.Conversations()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			if c.Stopped || c.Warning != "" || c.Gone != "" {
				t.Errorf("%s, %q: stopped is %v, %q, gone %q", p.name, c.Title, c.Stopped, c.Warning, c.Gone)
			}
		}
	}
	for i, n := range told {
		if n.Load() != 1 {
			t.Errorf("%d was told %d times", i, n.Load())
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
}
