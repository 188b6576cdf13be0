package storage

import (
	"reflect"
	"testing"
	"time"

	"satchel/chat"
)

// Settings are found by what they are about, stand in the row of their
// conversation, and are untold until the relay has them.
func TestSettings(t *testing.T) {
	db := fresh(t)
	set := func(kind, about string, version uint64, change func(*Setting)) Setting {
		s := Setting{Setting: chat.Setting{Kind: kind, About: about}, Version: version, Device: "d"}
		change(&s)
		update(t, db, func(tx *Tx) error { return tx.PutSetting(s, false) })
		return s
	}
	row := func() (c chat.Conversation) {
		view(t, db, func(tx *Tx) (err error) { c, _, err = tx.Conversation(conv); return err })
		return c
	}
	untold := func(limit int) (all []Setting) {
		view(t, db, func(tx *Tx) (err error) { all, err = tx.Untold(limit); return err })
		return all
	}
	if all := untold(10); len(all) != 0 || row().Blocked {
		t.Errorf("%+v", all)
	}
	at := func(s *Setting) { s.At = day.UnixMilli() }
	pin := set(chat.SettingPin, string(conv), 1, at)
	set(chat.SettingMute, string(conv), 1, at)
	set(chat.SettingArchive, string(conv), 1, func(s *Setting) { s.Seq = 7 })
	set(chat.SettingUnread, string(conv), 1, func(s *Setting) { s.Seq = 1 })
	set(chat.SettingPin, string(conv)+"x", 1, at) // another conversation
	set(chat.SettingFace, string(ana), 1, func(s *Setting) { s.Picture = "cGljdHVyZQ==" })
	set(chat.SettingBlock, string(ana), 1, at)
	if c := row(); !c.Pinned.Equal(day) || !c.Muted.Equal(day) || c.Archived != 7 || !c.MarkedUnread || !c.Blocked {
		t.Errorf("%+v", c)
	}
	if n := len(untold(10)); n != 7 || len(untold(3)) != 3 {
		t.Errorf("%d are untold", n)
	}
	update(t, db, func(tx *Tx) error { return tx.PutSetting(pin, true) })
	for _, s := range untold(10) {
		if s == pin {
			t.Error("what was told is untold")
		}
	}
	view(t, db, func(tx *Tx) error {
		blocked, err := tx.Blocked()
		if err != nil || !reflect.DeepEqual(blocked, []chat.AccountID{ana}) {
			t.Errorf("%v %v", blocked, err)
		}
		faces, err := tx.Faces()
		if len(faces) != 1 || faces[0].About != string(ana) {
			t.Errorf("%v", faces)
		}
		return err
	})
	set(chat.SettingBlock, string(ana), 2, func(*Setting) {})
	set(chat.SettingMute, string(conv), 2, func(*Setting) {})
	if c := row(); c.Blocked || !c.Muted.IsZero() {
		t.Errorf("%+v", c)
	}
	for _, c := range []struct {
		a, b Setting
		want int
	}{
		{Setting{Version: 1, Device: "b"}, Setting{Version: 2, Device: "a"}, -1},
		{Setting{Version: 2, Device: "b"}, Setting{Version: 2, Device: "a"}, 1},
		{Setting{Version: 2, Device: "a"}, Setting{Version: 2, Device: "a"}, 0},
	} {
		if got := c.a.Compare(&c.b); got != c.want || c.b.Compare(&c.a) != -c.want {
			t.Errorf("%+v and %+v: %d", c.a, c.b, got)
		}
	}
}

// What is archived comes back with what is new, unless it is muted.
func TestArchived(t *testing.T) {
	now := day.Add(time.Hour)
	last := func(seq uint64) *chat.Message { return &chat.Message{Seq: seq} }
	for i, c := range []struct {
		conversation chat.Conversation
		want         bool
	}{
		{chat.Conversation{Last: last(6)}, false},
		{chat.Conversation{Archived: 7, Last: last(6)}, true},
		{chat.Conversation{Archived: 1}, true},
		{chat.Conversation{Archived: 7, Last: last(7)}, false},
		{chat.Conversation{Archived: 7, Last: last(0)}, false}, // one's own, on its way
		{chat.Conversation{Archived: 7, Last: last(7), Muted: chat.Forever}, true},
		{chat.Conversation{Archived: 7, Last: last(7), Muted: day}, false},
	} {
		if got := c.conversation.IsArchived(now); got != c.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}
