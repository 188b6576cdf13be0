package app

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/test"
	"satchel/chat"
	"satchel/net/wire"
)

// A name and one click: notes to self work, and are there after a restart, with
// what was being written.
func TestStartHere(t *testing.T) {
	s, dir := newStage(t), t.TempDir()
	p := s.sits(dir)
	p.begins("Mara Reyes")
	p.sees("notes to self are open and empty", func(s Screen) bool {
		return s.Conversation.Name == "Notes to self" && len(s.Messages) == 0 && p.main.pane.hint.Visible()
	})
	p.writes("milk\tand bread")
	sent := p.sees("the note is stored", func(s Screen) bool { return last(s).Receipt == "sent" })
	if m := last(sent); m.Text != "milk\tand bread" || m.Seq != 1 || !m.Mine || sent.Draft != "" {
		t.Fatalf("%+v", sent)
	}
	d := dialog.NewFileOpen(func(fyne.URIReadCloser, error) {}, p.window)
	p.placeDialog(d)
	p.sees("Fyne's own file dialog is there", func(s Screen) bool { return s.Dialog })
	p.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
	p.sees("Escape closed it", func(s Screen) bool { return !s.Dialog })
	test.Type(p.main.pane.composer.Entry(), "half a thou")
	p.leaves()

	p = s.sits(dir)
	again := p.sees("all is there again", func(s Screen) bool {
		return s.Screen == "main" && s.Connection == "connected" && len(s.Messages) == 1 && s.Draft != ""
	})
	if last(again).Text != "milk\tand bread" || again.Draft != "half a thou" {
		t.Errorf("%+v", again)
	}
}

// Two people: an invitation, a message each way, ticks, a file there and back.
func TestTwoPeople(t *testing.T) {
	s := newStage(t)
	mara := s.sits(t.TempDir())
	mara.begins("Mara Reyes")
	ines := s.sits(t.TempDir())
	ines.joins("Ines Tavares", mara.invites())
	ines.sees("Ines is in", func(s Screen) bool { return s.Screen == "main" && s.Connection == "connected" && s.Synced })

	ines.newMessage()
	found := ines.sees("Mara can be picked", func(s Screen) bool { return s.Sheet != nil && len(s.Sheet.People) == 1 })
	if found.Sheet.People[0] != "Mara Reyes" {
		t.Fatalf("%+v", found.Sheet)
	}
	_, rows := ines.sheet.list.Rows()
	test.Tap(rows[0].(fyne.Tappable))
	ines.sees("the conversation is open", func(s Screen) bool {
		return s.Conversation != nil && s.Conversation.Name == "Mara Reyes" && ines.main.pane.loaded
	})
	ines.writes("Morning!")
	mara.sees("it is unread", func(s Screen) bool {
		r := row(s, "Ines Tavares")
		return r != nil && r.Unread == 1 && r.Line == "Morning!"
	})
	ines.sees("it was delivered", func(s Screen) bool { return last(s).Receipt == "delivered" })
	mara.setFocused(false)
	mara.opens("Ines Tavares")
	mara.sees("the words are there", func(s Screen) bool { return last(s).Text == "Morning!" })
	mara.setFocused(true) // only now they were read
	mara.main.pane.seen = max(mara.main.pane.seen, 1)
	mara.main.pane.markRead()
	ines.sees("it was read", func(s Screen) bool { return last(s).Receipt == "read" })
	mara.sees("nothing is unread", func(s Screen) bool { return row(s, "Ines Tavares").Unread == 0 })

	mara.main.pane.changed("I am")
	ines.sees("Mara writes", func(s Screen) bool { return row(s, "Mara Reyes").Line == "typing…" })
	mara.writes("And good day")
	ines.sees("the answer came", func(s Screen) bool {
		return last(s).Text == "And good day" && row(s, "Mara Reyes").Line == "And good day"
	})

	// Files: a picture, an empty one, one with a hostile name, one that is gone.
	folder := t.TempDir()
	picture := photo(t)
	files := map[string][]byte{"harbour é 港.jpg": picture, "empty.txt": nil, `..\..\evil.sh`: []byte("#!/bin/sh\n")}
	paths := []string{filepath.Join(folder, "gone")}
	for name, b := range files {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	mara.offerFiles(paths)
	offered := mara.sees("the files are offered", func(s Screen) bool { return s.Sheet != nil && len(s.Sheet.Files) == 3 })
	if !strings.Contains(offered.Notice, "gone") || offered.Sheet.Title != "Send 3 files" {
		t.Errorf("notice %q, title %q", offered.Notice, offered.Sheet.Title)
	}
	mara.sheet.files.Caption.SetText("The evening look")
	test.Tap(mara.sheet.files.Send)
	mara.sees("the bubbles are there", func(s Screen) bool { return len(s.Messages) == 5 && s.Sheet == nil })
	ines.sees("all three came", func(s Screen) bool { return len(s.Messages) == 5 })
	for _, m := range ines.main.pane.inOrder() {
		if m.Content.File == nil {
			continue
		}
		ines.useFile(m)
		got := ines.sees("the file is here", func(s Screen) bool {
			for _, one := range s.Messages {
				if one.ID == m.ID && one.Path != "" {
					return true
				}
			}
			return false
		})
		for _, one := range got.Messages {
			if one.ID != m.ID {
				continue
			}
			want := files[one.File]
			b, err := os.ReadFile(one.Path)
			sum := sha256.Sum256(want)
			if err != nil || !bytes.Equal(b, want) || one.SHA256 != hex.EncodeToString(sum[:]) {
				t.Errorf("%s at %s: %d bytes of %d, %v", one.File, one.Path, len(b), len(want), err)
			}
			if !strings.HasPrefix(one.Path, ines.dir) || strings.ContainsAny(filepath.Base(one.Path), `\`) {
				t.Errorf("%q was saved as %s", one.File, one.Path)
			}
			if strings.HasSuffix(one.File, ".jpg") != m.Content.File.IsPicture() {
				t.Errorf("%s: picture %v", one.File, m.Content.File.IsPicture())
			}
		}
	}
	// A second click on a picture shows it in the window, and sharp in its bubble.
	for _, m := range ines.main.pane.inOrder() {
		if m.Content.File.IsPicture() {
			ines.useFile(m)
			ines.sees("the picture is shown", func(s Screen) bool {
				_, open := s.Spots["viewer-close"]
				return s.Viewer == m.Content.File.Name && open
			})
			if b := ines.viewer.img.Bounds(); b.Dx() != 800 || b.Dy() != 600 {
				t.Errorf("it is shown at %v", b)
			}
			ines.viewer.widget.Dismiss()
			ines.sees("it is decoded for its bubble", func(Screen) bool { return ines.stage.decoded.Load() > 0 })
		}
	}
	// A second click opens; what can run is asked about.
	for _, m := range ines.main.pane.inOrder() {
		if m.Content.File != nil && strings.HasSuffix(m.Content.File.Name, ".sh") {
			ines.useFile(m)
		}
	}
	ines.sees("it is asked first", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "open" })
	ines.sheet.sheet.Dismiss()
}

// What goes wrong at the welcome is one sentence, and nothing typed is lost.
func TestWelcomeSaysWhatIsWrong(t *testing.T) {
	s := newStage(t)
	mara := s.sits(t.TempDir())
	mara.begins("Mara Reyes")
	used := mara.invites()
	s.sits(t.TempDir(), func(c *Config) { c.Name, c.Join = "Ines Tavares", used }).
		sees("name and link join at once", func(s Screen) bool { return s.Screen == "main" && s.Me == "Ines Tavares" })
	good := mara.invites()
	nobody := wire.Invitation{URL: "http://127.0.0.1:1", Code: wire.NewID(), Key: wire.NewNonce()}.String()

	p := s.sits(t.TempDir())
	for _, c := range []struct{ name, link, says string }{
		{"Bo", "satchel://wrong", "This is not an invitation"},
		{"Bo", nobody, ""},
		{"Bo", used, ""},
		{"mara reyes", good, ""},
		{strings.Repeat("x", 70), good, "A name has at most 64 characters"},
	} {
		p.joins(c.name, c.link)
		p.sees("it is tried", func(s Screen) bool { return s.Welcome != nil && !s.Welcome.Busy && s.Welcome.Reason != "" })
		w := p.screen().Welcome
		if !strings.Contains(w.Reason, c.says) || !strings.HasSuffix(w.Reason, ".") || strings.Contains(w.Reason, "\n") || w.Name != c.name || w.Link != c.link {
			t.Errorf("%s with %.30s: %+v", c.name, c.link, w)
		}
		t.Logf("%.20s: %s", c.link, w.Reason)
	}
	p.joins("Bo", good)
	p.sees("the right one works", func(s Screen) bool { return s.Screen == "main" && s.Me == "Bo" })
}

// --name alone starts here; a relay that is gone is said in the side bar.
func TestNameStartsHere(t *testing.T) {
	s, dir := newStage(t), t.TempDir()
	p := s.sits(dir, func(c *Config) { c.Name = "Petra" })
	p.sees("Petra is in", func(s Screen) bool { return s.Me == "Petra" && s.Connection == "connected" })
	p.relay.(*served).cancel()
	p.sees("the connection is lost", func(s Screen) bool { return s.Connection != "connected" })
	p.writes("later")
	p.sees("what is written is kept", func(s Screen) bool { return last(s).Text == "later" && last(s).Receipt == "waiting" })
	p.leaves()

	p = s.sits(dir)
	p.sees("it went when the relay was back", func(s Screen) bool { return last(s).Text == "later" && last(s).Receipt == "sent" })
}

// A long conversation is read a page at a time, in order and without gaps.
func TestOlderMessages(t *testing.T) {
	s, dir := newStage(t), t.TempDir()
	p := s.sits(dir)
	p.begins("Mara")
	const all = 2*pageSize + 30
	var sent []chat.Message
	for i := range all {
		m, err := p.session.Send(t.Context(), p.main.pane.id, chat.Content{Kind: chat.KindMessage, Text: strconv.Itoa(i)})
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, m)
	}
	p.sees("all are stored", func(s Screen) bool { return last(s).Seq == all && last(s).Receipt == "sent" })
	p.sees("where one writes is there", func(s Screen) bool {
		_, ok := s.Spots["composer"]
		return ok && s.Spots["timeline"].H < 700
	})
	p.leaves()

	p = s.sits(dir)
	p.sees("the newest page is there", func(s Screen) bool { return len(s.Messages) == pageSize && s.Connection == "connected" })
	for _, want := range []int{2 * pageSize, all} {
		p.main.pane.older()
		p.sees("an older page came", func(s Screen) bool { return len(s.Messages) == want })
	}
	for i, m := range p.screen().Messages {
		if m.Seq != uint64(i+1) || m.Text != sent[i].Content.Text {
			t.Fatalf("at %d: %+v", i, m)
		}
	}
	p.main.pane.older()
	if p.main.pane.loading {
		t.Error("it asks for more where there is none")
	}
	p.writes("the newest")
	p.sees("the newest is at the end", func(s Screen) bool { return last(s).Text == "the newest" && last(s).Seq == all+1 })
}

// photo is a JPEG that is no single colour.
func photo(t *testing.T) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 800, 600))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range 600 {
		for x := range 800 {
			img.Set(x, y, color.RGBA{uint8(x / 4), uint8(y / 3), uint8(r.IntN(40)), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A large batch goes to the screen in parts, nothing of it twice, and the log's order kept.
func TestPortions(t *testing.T) {
	var batch []chat.Change
	for i := range 2*portion + 1 {
		batch = append(batch, chat.TransferChanged{Transfer: chat.Transfer{ID: chat.TransferID(strconv.Itoa(i))}})
	}
	news := chat.MessagesChanged{Conversation: "c", Removed: []chat.MessageID{"gone"}}
	for i := range 3 * portion {
		news.Messages = append(news.Messages, chat.Message{Seq: uint64(3*portion - i)})
	}
	batch = append(batch, news, chat.Notice{Text: "last"})
	transfers, seq, removed := 0, uint64(0), 0
	all := portions(batch)
	for _, some := range all {
		weight := 0
		for _, c := range some {
			switch c := c.(type) {
			case chat.TransferChanged:
				if string(c.Transfer.ID) != strconv.Itoa(transfers) {
					t.Fatalf("transfer %s comes after %d", c.Transfer.ID, transfers)
				}
				transfers, weight = transfers+1, weight+1
			case chat.MessagesChanged:
				for _, m := range c.Messages {
					if m.Seq != seq+1 {
						t.Fatalf("%d comes after %d", m.Seq, seq)
					}
					seq++
				}
				removed, weight = removed+len(c.Removed), weight+len(c.Messages)
			}
		}
		if weight > portion {
			t.Errorf("%d at once", weight)
		}
	}
	if transfers != 2*portion+1 || seq != 3*portion || removed != 1 || len(all) != 7 {
		t.Errorf("%d transfers, %d messages, %d removed, in %d parts", transfers, seq, removed, len(all))
	}
	if len(portions(nil)) != 1 || len(portions(batch[:portion])) != 1 {
		t.Error("a small batch is more than one")
	}
}
