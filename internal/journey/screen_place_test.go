//go:build journey

package journey

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"satchel/chat"
	"satchel/storage"
)

// The window comes back where it stood and as large as it was, with the
// conversation that was open and what was being written.
func TestScreenPlace(t *testing.T) {
	d, _, mara, _ := desk(t, "light")
	mara.opens("Ines Tavares")
	mara.click("composer")
	mara.typed("half a thought")
	d.do("xdotool", "windowsize", "--sync", mara.id, "930", "640")
	d.do("xdotool", "windowmove", mara.id, "150", "120")
	mara.wait("the new size", func(s *screen) bool {
		c := s.Spots["send"]
		return s.Draft == "half a thought" && c.X+c.W > 880 && c.X+c.W <= 930
	})
	mara.place()
	x, y := mara.x, mara.y
	mara.key("ctrl+q")
	if code := mara.exit(t); code != 0 {
		t.Fatalf("the program ended with %d: %s", code, mara.errs)
	}
	mara.at = [4]int{}
	mara.start()
	mara.wait("all as it was", func(s *screen) bool {
		c := s.Spots["send"]
		return s.Conversation != nil && s.Conversation.Name == "Ines Tavares" && s.Draft == "half a thought" && c.X+c.W > 880 && c.X+c.W <= 930
	})
	near := func(a, b int) bool { return a-b < 4 && b-a < 4 }
	t.Logf("it stood at %d, %d", x, y)
	mara.wait("the place", func(*screen) bool { mara.place(); return near(mara.x, x) && near(mara.y, y) })
	d.picture("same-place")

	// Also when the system ends the program, as it does when one logs out.
	d.do("xdotool", "windowmove", mara.id, "210", "90")
	mara.wait("another place", func(*screen) bool { mara.place(); return !near(mara.x, x) })
	x, y = mara.x, mara.y
	mara.typed("s")
	mara.wait("another word", func(s *screen) bool { return strings.HasSuffix(s.Draft, "s") })
	mara.cmd.Process.Signal(syscall.SIGTERM)
	mara.exit(t)
	mara.start()
	mara.wait("the place", func(*screen) bool { mara.place(); return near(mara.x, x) && near(mara.y, y) })
}

// A list of 5,000 conversations, many with names that somebody hostile chose:
// it is there, it is searched, and one after the other opens.
func TestScreenManyConversations(t *testing.T) {
	d, _, mara, _ := desk(t, "dark")
	mara.wait("Ines in the list", func(s *screen) bool { return len(s.Rows) == 2 })
	mara.cmd.Process.Signal(os.Interrupt)
	mara.exit(t)
	db, err := storage.Open(filepath.Join(mara.profile, "cache.db"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{strings.Repeat("Ángström\u0301 ", 20), "\u202egnp.exe", "Z" + strings.Repeat("\u0335\u0321\u0489", 60), strings.Repeat("W", 200), "שלום عالم", "😀😀😀", "\x1b[31mred"}
	err = db.Update(func(tx *storage.Tx) error {
		at := time.Now().Add(-time.Hour)
		all, err := tx.Conversations()
		if err != nil {
			return err
		}
		var me chat.Account // whoever is in their own notes
		for _, c := range all {
			if c.Kind == chat.Self {
				me = c.Members[0]
			}
		}
		for n := range 5000 {
			other := chat.Account{ID: chat.AccountID(fmt.Sprintf("other-%d", n)), Name: fmt.Sprintf("%s %d", names[n%len(names)], n)}
			c := chat.Conversation{ID: chat.ConversationID(fmt.Sprintf("talk-%d", n)), Kind: chat.Direct, Members: []chat.Account{me, other}, Created: at.Add(time.Duration(n) * time.Millisecond)}
			if err := tx.PutConversation(&c); err != nil {
				return err
			}
		}
		return nil
	})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	mara.start()
	mara.wait("all of them", func(s *screen) bool { return s.Listed >= 5000 && s.Conversation != nil })
	for range 5 {
		before, _ := mara.now()
		mara.key("alt+Down")
		mara.wait("the next one", func(s *screen) bool { return s.Conversation.ID != before.Conversation.ID })
	}
	mara.steady("the list", func(s *screen) spot { return s.Spots["list"] })
	d.picture("many-conversations")
	mara.key("ctrl+k")
	mara.typed("ines")
	mara.wait("one is found", func(s *screen) bool { return len(s.Rows) > 0 && len(s.Rows) < 10 })
	mara.key("Return")
	mara.wait("it is open", func(s *screen) bool { return s.Conversation.Name == "Ines Tavares" && len(s.Messages) > 0 })
	mara.hears("Morning! Did the rushes come through?")
}
