package session

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/chat"
	"satchel/net/wire"
	"satchel/storage"
)

// own is what a person set about a conversation, as one of their devices has it.
func (p *person) own(conv chat.ConversationID) string {
	c := p.row(conv)
	return fmt.Sprintf("pinned %v, muted %v, archived %v, marked %v, draft %q",
		!c.Pinned.IsZero(), c.Muted.UTC().Format(time.DateOnly), c.IsArchived(time.Now()), c.MarkedUnread, c.Draft)
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What a person sets on one device holds on the others, on one that comes later
// too, and the relay learns nothing of it.
func TestSettingsFollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, ines := w.person("Mara"), w.person("Ines")
	conv := mara.direct("Ines")
	mara.flushed(mara.say(conv, "hello"))
	laptop := w.newcomer("laptop")
	mara.links(laptop, func(l *Linking) string { return l.Link })
	same := func(p *person, want string) {
		t.Helper()
		p.wait(want, func() bool { return p.own(conv) == want })
	}
	ctx := mara.bounded()
	must(t, mara.Pin(ctx, conv, true), mara.Mute(ctx, conv, chat.Forever), mara.MarkUnread(ctx, conv, true), mara.SetDraft(conv, "a secret draft"))
	mara.Focus("")
	mara.Focus(conv) // and away again: the draft is told at once
	mara.Focus("")
	same(laptop, `pinned true, muted 9999-12-31, archived false, marked true, draft "a secret draft"`)
	must(t, laptop.MarkRead(conv, laptop.row(conv).Head), laptop.SetDraft(conv, ""), laptop.Archive(ctx, conv, true))
	want := `pinned true, muted 9999-12-31, archived true, marked false, draft ""`
	same(mara, want)

	phone := w.newcomer("phone")
	laptop.links(phone, func(l *Linking) string { return l.Link })
	same(phone, want)

	ines.flushed(ines.say(mara.directTo(ines), "more")) // muted: it stays where it is
	same(phone, want)
	must(t, phone.Mute(ctx, conv, time.Time{}))
	want = `pinned true, muted 0001-01-01, archived false, marked false, draft ""`
	for _, p := range []*person{mara, laptop, phone} {
		p.wait("the second message", func() bool { return p.row(conv).Last != nil && p.row(conv).Last.Content.Text == "more" })
		same(p, want) // not muted: the new message brings it back
	}
	must(t, phone.Mute(ctx, conv, chat.Forever))
	for _, p := range []*person{mara, laptop, phone} {
		same(p, strings.Replace(want, "0001-01-01", "9999-12-31", 1)) // and muting does not hide it again
	}

	// The relay has one row for each setting, and none of the words.
	reply, err := mara.request(ctx, &wire.ListSettings{})
	if err != nil {
		t.Fatal(err)
	}
	kept := reply.(*wire.Settings).Settings
	if len(kept) != 5 {
		t.Errorf("the relay keeps %d settings", len(kept))
	}
	for _, v := range kept {
		for _, secret := range []string{string(conv), "\"draft\"", "\"pinned\"", "\"muted\""} {
			if strings.Contains(v.Key, secret) || strings.Contains(string(v.Body), secret) {
				t.Errorf("the relay reads %q in a setting", secret)
			}
		}
	}
	if err := mara.Pin(ctx, "nowhere", true); !isRefusal(err) {
		t.Errorf("%v", err)
	}
}

// directTo is the conversation of two people.
func (p *person) directTo(other *person) chat.ConversationID {
	return chat.ConversationID(wire.DirectID(string(p.me()), string(other.me())))
}

// Two devices set the same things in any order, connected or not; in the end
// they agree, and on what the last of them set while they were connected.
func TestSettingsConverge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, ines := w.person("Mara"), w.person("Ines")
	conv := mara.direct("Ines")
	mara.flushed(mara.say(conv, "hello"))
	laptop := w.newcomer("laptop")
	mara.links(laptop, func(l *Linking) string { return l.Link })
	devices := []*person{mara, laptop}
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(uint64(seed), 0))
	until := []time.Time{{}, chat.Forever, time.Now().Add(48 * time.Hour)}
	for range 40 {
		p := devices[r.IntN(2)]
		ctx, on := p.bounded(), r.IntN(2) == 0
		switch r.IntN(8) {
		case 0:
			must(t, p.Pin(ctx, conv, on))
		case 1:
			must(t, p.Mute(ctx, conv, until[r.IntN(3)]))
		case 2:
			must(t, p.MarkUnread(ctx, conv, on))
		case 3:
			must(t, p.Archive(ctx, conv, on))
		case 4:
			must(t, p.SetDraft(conv, fmt.Sprint("draft ", r.IntN(5))))
			p.Focus(conv)
			p.Focus("")
		case 5:
			must(t, p.Block(ctx, ines.me(), on))
		case 6:
			w.stop()
		case 7:
			w.stop()
			w.start()
			for _, p := range devices {
				p.Kick()
			}
		}
	}
	w.stop()
	w.start()
	for _, p := range devices {
		p.Kick()
		p.synced()
	}
	rows := func(p *person) (all []storage.Setting) {
		err := p.db.View(func(tx *storage.Tx) error {
			for _, kind := range []string{chat.SettingPin, chat.SettingMute, chat.SettingArchive, chat.SettingUnread, chat.SettingDraft} {
				s, err := tx.Setting(kind, string(conv))
				if err != nil {
					return err
				}
				all = append(all, s)
			}
			s, err := tx.Setting(chat.SettingBlock, string(ines.me()))
			all = append(all, s)
			return err
		})
		must(t, err)
		return all
	}
	must(t, mara.Pin(mara.bounded(), conv, mara.row(conv).Pinned.IsZero())) // the last one
	// Either may be the last to hear of something.
	a, stopA := mara.Subscribe()
	defer stopA()
	b, stopB := laptop.Subscribe()
	defer stopB()
	end := time.After(patience)
	for !reflect.DeepEqual(rows(mara), rows(laptop)) || mara.own(conv) != laptop.own(conv) {
		select {
		case <-a:
		case <-b:
		case <-time.After(50 * time.Millisecond): // who said something last is no change that is told
		case <-end:
			t.Fatalf("they differ:\n%s %+v\n%s %+v", mara.own(conv), rows(mara), laptop.own(conv), rows(laptop))
		}
	}
}

// Somebody who is blocked is not seen and not told.
func TestBlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, bo := w.person("Mara"), w.person("Bo")
	conv := bo.direct("Mara")
	bo.flushed(bo.say(conv, "one"))
	mara.wait("one", func() bool { return slices.Contains(mara.texts(conv), "one") })
	bo.wait("delivered", func() bool { return bo.row(conv).Marks[mara.me()].Received == 1 })
	ctx := mara.bounded()
	must(t, mara.Block(ctx, bo.me(), true))
	if err := mara.Block(ctx, mara.me(), true); !isRefusal(err) {
		t.Errorf("%v", err)
	}
	changes, stop := mara.Subscribe()
	bo.flushed(bo.say(conv, "two"))
	mara.wait("two is kept", func() bool { return slices.Contains(mara.texts(conv), "two") })
	self := chat.ConversationID(wire.SelfID(string(mara.me())))
	mara.flushed(mara.say(self, "the last change that is looked at"))
	told := false
	for !told {
		for _, c := range <-changes {
			if m, ok := c.(chat.MessagesChanged); ok {
				if m.Conversation == conv {
					t.Errorf("%+v was told", m)
				}
				told = told || m.Conversation == self
			}
		}
	}
	stop()
	if row := mara.row(conv); !row.Blocked || bo.row(conv).Marks[mara.me()].Received != 1 {
		t.Errorf("%+v, %+v", row, bo.row(conv).Marks)
	}
	if _, err := mara.Send(ctx, conv, chat.Content{Text: "no"}); !isRefusal(err) {
		t.Errorf("%v", err)
	}
	if all, err := mara.Blocked(); err != nil || len(all) != 1 || all[0].Name != "Bo" {
		t.Errorf("%v %v", all, err)
	}
	// One who is blocked before they ever wrote begins a conversation that stays hidden.
	eve := w.person("Eve")
	who, err := mara.Person(ctx, "Eve")
	must(t, err, mara.Block(ctx, who.ID, true))
	unseen := eve.direct("Mara")
	eve.flushed(eve.say(unseen, "psst"))
	mara.wait("it is kept", func() bool { return slices.Contains(mara.texts(unseen), "psst") })
	if !mara.row(unseen).Blocked || eve.row(unseen).Marks[mara.me()].Received != 0 {
		t.Errorf("%+v", mara.row(unseen))
	}

	must(t, mara.Block(ctx, bo.me(), false))
	bo.wait("delivered after all", func() bool { return bo.row(conv).Marks[mara.me()].Received == 2 })
	if row := mara.row(conv); row.Blocked || row.Unread != 2 {
		t.Errorf("%+v", row)
	}
}

// What is being written on one device is not replaced by what comes from another.
func TestDraftIsNotOverwritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, _ := w.person("Mara"), w.person("Ines")
	conv := mara.direct("Ines")
	mara.flushed(mara.say(conv, "hello"))
	laptop := w.newcomer("laptop")
	mara.links(laptop, func(l *Linking) string { return l.Link })
	mara.Focus(conv)
	must(t, laptop.SetDraft(conv, "on the laptop"))
	must(t, mara.SetDraft(conv, "at the desk"))
	laptop.Focus(conv)
	laptop.Focus("") // told at once, while mara's waits
	must(t, laptop.Pin(laptop.bounded(), conv, true))
	mara.wait("what the laptop told after its draft", func() bool { return !mara.row(conv).Pinned.IsZero() })
	if d := mara.row(conv).Draft; d != "at the desk" {
		t.Errorf("the draft is %q", d)
	}
	mara.Focus("")
	laptop.wait("the desk's is the newer", func() bool { return laptop.row(conv).Draft == "at the desk" })
	long := strings.Repeat("x", draftMost+1)
	must(t, mara.SetDraft(conv, long))
	mara.Focus(conv)
	mara.Focus("")
	must(t, mara.MarkUnread(mara.bounded(), conv, true))
	laptop.wait("what came after", func() bool { return laptop.row(conv).MarkedUnread })
	if laptop.row(conv).Draft != "at the desk" || mara.row(conv).Draft != long {
		t.Error("a draft that is too long went away")
	}
}

// How somebody looks reaches those whom they write to, and all devices of these;
// nobody else, and nothing of it is shown or counted as a message.
func TestPictures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, ines := w.person("Mara"), w.person("Ines")
	conv := mara.direct("Ines")
	ines.flushed(ines.say(ines.direct("Mara"), "hello"))
	picture := []byte("a picture") // what it is is the screen's to judge
	ctx := mara.bounded()
	looks := func(p *person, who *person, want []byte) {
		t.Helper()
		p.wait("the picture", func() bool {
			all, err := p.Faces()
			return err == nil && string(all[who.me()]) == string(want)
		})
	}
	must(t, mara.SetPicture(ctx, picture))
	looks(mara, mara, picture)
	if all, _ := ines.Faces(); len(all) != 0 {
		t.Errorf("%v came to somebody who was not written to", all)
	}
	mara.wait("hello", func() bool { return len(mara.texts(conv)) == 1 })
	mara.flushed(mara.say(conv, "one"), mara.say(conv, "two"))
	looks(ines, mara, picture)
	ines.wait("two", func() bool { return ines.row(conv).Last.Content.Text == "two" })
	if row := ines.row(conv); row.Unread != 2 || row.Head != 4 {
		t.Errorf("%d unread of %d: the picture went along once, and is no message", row.Unread, row.Head)
	}
	// A device of Ines that comes later has it, and one of Mara's her own.
	laptop, phone := w.newcomer("laptop"), w.newcomer("phone")
	ines.links(laptop, func(l *Linking) string { return l.Link })
	mara.links(phone, func(l *Linking) string { return l.Link })
	looks(laptop, mara, picture)
	looks(phone, mara, picture)
	must(t, phone.SetPicture(ctx, nil))
	looks(mara, mara, nil)
	phone.flushed(phone.say(conv, "three"))
	looks(ines, mara, nil)
	looks(laptop, mara, nil)
	if err := mara.SetPicture(ctx, make([]byte, chat.MaxPicture+1)); !isRefusal(err) {
		t.Errorf("%v", err)
	}
}
