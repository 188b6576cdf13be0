package app

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"satchel/chat"
	"satchel/widgets"
)

const longName = "Maria da Conceição Albuquerque de Vasconcelos e Sousa"

// gathered is somebody with a long name who has all that a window can show: a
// conversation with bubbles of every kind, a group, a folder, transfers.
func gathered(s *stage) *person {
	t := s.t
	t.Helper()
	mara, ines := pair(s)
	conv := mara.main.pane.id
	dir := t.TempDir()
	file := func(name string, size int) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	photo := func(name string, w, h int) string {
		img := image.NewRGBA(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				img.SetRGBA(x, y, color.RGBA{uint8(x * 200 / w), uint8(90 + y*120/h), uint8(120 + len(name)), 255})
			}
		}
		path := filepath.Join(dir, name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := jpeg.Encode(f, img, nil); err != nil {
			t.Fatal(err)
		}
		return path
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	say := func(p *person, c chat.Content) chat.Message {
		t.Helper()
		c.Kind = chat.KindMessage
		m, err := p.session.Send(t.Context(), conv, c)
		must(err)
		return m
	}
	send := func(p *person, text string, paths ...string) []chat.Message {
		t.Helper()
		all, err := p.session.SendFiles(t.Context(), conv, paths, chat.Content{Kind: chat.KindMessage, Text: text})
		must(err)
		return all
	}
	first := say(ines, chat.Content{Text: "Morning! Did the **rushes** from the harbour come through? The notes are at https://example.org/a/very/long/address/that/somebody/pasted/without/a/thought (page 3), `make rushes` and ~~nothing~~ else."})
	answer := say(mara, chat.Content{Text: "They did, all of them. 明日の朝、港で会いましょう 🌊", Reply: first.ID})
	must(ines.session.React(t.Context(), conv, first.ID, "👍"))
	say(mara, chat.Content{Text: "👍🎬"})
	for i := range 6 {
		send(ines, "", file(fmt.Sprintf("interview-take%d-with-a-name-that-somebody-gave-to-the-final-version.mov", i+1), 5000+i))
	}
	send(ines, "Second draft, with the boat.", file("budget.xlsx", 12_345))
	folder := filepath.Join(dir, "harbour-rushes-of-the-second-day")
	for _, name := range []string{"shotlist.pdf", "camera A/a-name-that-somebody-gave-to-the-very-last-and-really-final-version.mov", "camera A/take2.mov", "camera B/take1.mov"} {
		path := filepath.Join(folder, filepath.FromSlash(name))
		must(os.MkdirAll(filepath.Dir(path), 0o700))
		must(os.WriteFile(path, make([]byte, 3000+len(name)), 0o600))
	}
	send(ines, "All of the second day", folder)
	mara.photo = photo("harbour.jpg", 640, 400)
	send(ines, "Reference for the evening look", mara.photo)
	send(ines, "Harbour, three angles", photo("a.jpg", 300, 200), photo("b.jpg", 200, 300), photo("c.jpg", 300, 300))
	say(ines, chat.Content{Location: &chat.Location{Lat: 38.7056, Lon: -9.1446, Name: "Cais do Sodré, at the end of the long pier"}})
	if thorough() {
		theirs, mine := kinds()
		for _, c := range theirs {
			say(ines, c)
		}
		for _, c := range mine {
			say(mara, c)
		}
	}
	gone := say(mara, chat.Content{Text: "gone in a moment"})
	last := say(mara, chat.Content{Text: "Perfect."})
	must(mara.session.React(t.Context(), conv, last.ID, "🎉"))
	mara.sees("all of it", func(Screen) bool { p := mara.main.pane; return p.highest > 0 && p.shown[last.ID].Seq > 0 })
	must(mara.session.Delete(t.Context(), conv, gone.ID))
	must(mara.session.Edit(t.Context(), conv, answer.ID, "They did, **all** of them. 明日の朝、港で会いましょう 🌊"))
	mara.sees("the edit", func(Screen) bool { return mara.main.pane.shown[answer.ID].Edited })
	mara.sees("six films", func(Screen) bool {
		n := 0
		for _, m := range mara.main.pane.inOrder() {
			if m.Content.File != nil && strings.HasPrefix(m.Content.File.Name, "interview") {
				n++
			}
		}
		return n == 6
	})
	mara.sees("the folder", func(Screen) bool { _, there := mara.folder(); return there })
	must(mara.session.SetName(t.Context(), longName))
	group, err := mara.session.NewGroup(t.Context(), "The people who make the film about the harbour and its boats", []chat.AccountID{ines.model.me.ID}, false)
	must(err)
	_, err = ines.session.Send(t.Context(), group.ID, message("Rushes at three, @"+longName))
	if err != nil { // she has not heard of it yet
		ines.sees("the group", func(Screen) bool { _, ok := ines.model.conversations[group.ID]; return ok })
		_, err = ines.session.Send(t.Context(), group.ID, message("Rushes at three, @"+longName))
	}
	must(err)
	mara.sees("the group's words", func(s Screen) bool { r := row(s, group.Title); return r != nil && r.Unread > 0 && s.Me == longName })
	return mara
}

// folder is the message with the folder.
func (p *person) folder() (chat.Message, bool) {
	for _, m := range p.main.pane.inOrder() {
		if m.Content.File.IsFolder() {
			return m, true
		}
	}
	return chat.Message{}, false
}

// view is one look of the window: how it comes about, and when it is there.
type view struct {
	name  string
	open  func(p *person)
	there func(p *person, s Screen) bool // nil: at once
}

// views are all screens, sheets and bars of somebody who has begun.
func views() []view {
	films := func(p *person) string { return p.ofKind(chat.Direct) }
	sheet := func(name string) func(*person, Screen) bool {
		return func(_ *person, s Screen) bool { return s.Sheet != nil && s.Sheet.Name == name }
	}
	menu := func(p *person, items []*fyne.MenuItem) {
		widgets.ShowMenu(items, p.window.Canvas(), fyne.NewPos(60, 60))
	}
	all := []view{
		{"transfers-none", func(p *person) { p.openTransfers() }, sheet("transfers")},
		{"chat", func(p *person) { p.under(); p.main.pane.timeline.ScrollToEnd() }, nil},
		{"chat-top", func(p *person) { p.main.pane.timeline.ScrollTo(p.main.pane.inOrder()[0].ID, 40) }, nil},
		{"chat-middle", func(p *person) {
			all := p.main.pane.inOrder()
			p.main.pane.timeline.ScrollTo(all[len(all)/2].ID, 60)
		}, nil},
		{"draft", func(p *person) { p.main.pane.composer.SetText(strings.Repeat("Words that people write, ", 24)) }, nil},
		{"reply", func(p *person) { p.main.pane.answer(p.main.pane.inOrder()[1]) }, nil},
		{"edit", func(p *person) { p.main.pane.editLast() }, nil},
		{"notice", func(p *person) {
			p.notice("The relay's storage is full, so this file waits. Nothing was lost: it goes out by itself when there is room again.")
		}, nil},
		{"picked", func(p *person) {
			for _, m := range p.main.pane.inOrder()[1:4] {
				p.main.pane.timeline.Pick(m.ID)
			}
			p.main.pane.timeline.ScrollTo(p.main.pane.inOrder()[0].ID, 40)
		}, nil},
		{"hover", func(p *person) { p.hover(true, fyne.Position{}) }, nil},
		{"search", func(p *person) { p.lists(); p.main.head.Search.SetText("ha") }, func(_ *person, s Screen) bool { return len(s.Rows) > 3 }},
		{"search-nothing", func(p *person) { p.lists(); p.main.head.Search.SetText("xylophone") }, func(_ *person, s Screen) bool { return len(s.Rows) == 0 }},
		{"offline", func(p *person) {
			p.lists()
			was := p.model.connection
			p.model.connection = chat.ConnectionChanged{State: chat.Connecting, Reason: "no route"}
			p.main.drawConnection(&p.model)
			p.undo = append(p.undo, func() { p.model.connection = was })
		}, nil},
		{"transfers", func(p *person) { p.under(); p.openTransfers() }, sheet("transfers")},
		{"media", func(p *person) { p.openMedia() }, func(_ *person, s Screen) bool { return s.Sheet != nil && len(s.Sheet.Files) > 3 }},
		{"media-files", func(p *person) { p.openMedia(); test.Tap(p.sheet.media.Files) }, func(_ *person, s Screen) bool { return s.Sheet != nil && len(s.Sheet.Files) > 3 }},
		{"new-message", func(p *person) { p.newMessage() }, func(_ *person, s Screen) bool { return s.Sheet != nil && len(s.Sheet.People) == 1 }},
		{"new-group", func(p *person) { p.newGroup() }, func(_ *person, s Screen) bool { return s.Sheet != nil && len(s.Sheet.People) == 1 }},
		{"group", func(p *person) { p.openGroup(chat.ConversationID(p.ofKind(chat.Group))) }, sheet("group")},
		{"add-people", func(p *person) { p.addToGroup(chat.ConversationID(p.ofKind(chat.Group))) }, sheet("add")},
		{"leave", func(p *person) { p.askToLeave(chat.ConversationID(p.ofKind(chat.Group))) }, nil},
		{"folder", func(p *person) { m, _ := p.folder(); p.openTree(m) }, func(_ *person, s Screen) bool { return s.Sheet != nil && len(s.Sheet.Lines) > 3 }},
		{"voice", func(p *person) { p.recorded() }, nil},
		{"timer", func(p *person) { p.chooseTimer(chat.ConversationID(p.ofKind(chat.Direct))) }, sheet("timer")},
		{"group-links", func(p *person) { p.openGroupLinks(chat.ConversationID(p.ofKind(chat.Group))) }, sheet("group-links")},
		{"person", func(p *person) { p.main.pane.openPerson() }, func(_ *person, s Screen) bool { return s.Sheet != nil && len(s.Sheet.Digits) > 20 }},
		{"invite", func(p *person) { p.invite() }, func(_ *person, s Screen) bool { return s.Sheet != nil && s.Sheet.Link != "" }},
		{"invited", func(p *person) { p.askInvited("satchel://127.0.0.1:1/?code=x&key=y") }, sheet("invited")},
		{"location", func(p *person) { p.askLocation() }, sheet("location")},
		{"forward", func(p *person) { p.forward(p.main.pane.inOrder()[:1]) }, func(_ *person, s Screen) bool { return s.Sheet != nil && len(s.Sheet.People) > 2 }},
		{"delete", func(p *person) { p.askToDelete(p.main.pane.inOrder()[:2]) }, sheet("delete")},
		{"block", func(p *person) { p.from(p.listName(films(p)), say("Block…")) }, sheet("confirm")},
		{"keyboard", func(p *person) { p.showShortcuts() }, sheet("keyboard")},
		{"licence", func(p *person) { p.showLicence(licences()[0]) }, sheet("licence")},
		{"link-device", func(p *person) { p.linkAnother() }, func(_ *person, s Screen) bool { return s.Sheet != nil && s.Sheet.Link != "" }},
		{"digits", func(p *person) {
			p.linkSheet(say("Link a device")).Compare("123 456", say("Does the other device show the same digits? If they differ, somebody stands between both."))
		}, nil},
		{"recovery", func(p *person) { p.makeRecovery() }, sheet("recovery")},
		{"remove-device", func(p *person) { p.askRemoveDevice(widgets.DeviceRow{ID: "x", Name: longName}) }, sheet("remove")},
		{"send", func(p *person) {
			var paths []string
			for _, name := range []string{"shotlist-v7.pdf", "a-name-that-somebody-gave-to-the-very-last-and-really-final-version-of-it.zip", "IMG_2041.jpg"} {
				path := filepath.Join(p.dir, name)
				_ = os.WriteFile(path, make([]byte, 840_000), 0o600)
				paths = append(paths, path)
			}
			p.offerFiles(paths)
		}, func(_ *person, s Screen) bool { return s.Sheet != nil && len(s.Sheet.Files) == 3 }},
		{"quit", func(p *person) { p.under(); p.quit() }, sheet("quit")},
		{"emoji", func(p *person) { p.main.pane.pickEmoji() }, nil},
		{"account-menu", func(p *person) { p.accountMenu() }, nil},
		{"message-menu", func(p *person) { menu(p, p.messageMenu(p.main.pane.inOrder()[2])) }, nil},
		{"list-menu", func(p *person) {
			menu(p, p.conversationMenu(widgets.Row{ID: chat.ConversationID(p.ofKind(chat.Group))}))
		}, nil},
	}
	for _, page := range settingsPages() {
		there := func(*person, Screen) bool { return true }
		switch page.id {
		case "devices":
			there = func(_ *person, s Screen) bool { return s.Sheet != nil && len(s.Sheet.Lines) > 0 }
		case "storage":
			there = func(p *person, _ Screen) bool { return p.sheet.storage.bar.Parts() != nil }
		}
		all = append(all, view{"settings-" + page.id, func(p *person) { p.openSettingsAt(page.id) }, there})
	}
	if thorough() {
		all = append(all, moreViews()...)
	}
	return all
}

// ofKind is the conversation of a kind; there is one of each.
func (p *person) ofKind(k chat.ConversationKind) string {
	for id, c := range p.model.conversations {
		if c.Kind == k {
			return string(id)
		}
	}
	p.stage.t.Fatalf("no conversation is %v", k)
	return ""
}

func (p *person) listName(id string) string {
	c := p.model.conversations[chat.ConversationID(id)]
	return p.model.name(&c)
}

// shows brings a view up.
func (p *person) shows(v view) {
	p.stage.t.Helper()
	v.open(p)
	if v.there != nil {
		p.sees(v.name, func(s Screen) bool { return v.there(p, s) })
	}
}

// back takes away what a view brought.
func (p *person) back() {
	p.uncover() // nothing that was opened from something leads back there
	c := p.window.Canvas()
	for c.Overlays().Top() != nil {
		c.Overlays().Remove(c.Overlays().Top())
	}
	delete(p.voices, p.main.pane.id)
	p.main.pane.drawVoice()
	p.main.pane.endReply()
	p.main.pane.composer.SetText("")
	p.main.pane.timeline.PickNone()
	p.main.pane.hover.Hide()
	p.main.pane.notice.Say("")
	p.main.pane.root.Refresh()
	if p.main.head.Search.Text != "" {
		p.main.head.Search.SetText("")
	}
	for i := len(p.undo); i > 0; i-- {
		p.undo[i-1]()
	}
	p.undo = nil
	p.main.listed = false
	p.main.drawConnection(&p.model)
	p.sees("the conversation again", func(Screen) bool {
		return p.main.pane.id == chat.ConversationID(p.ofKind(chat.Direct)) && p.main.pane.loaded
	})
}

// Every screen, at each size of window and text, in both languages: nothing
// stands on anything else or outside, and no word is cut in the middle. And without
// a pointer: on each, Tab reaches all that can be pressed, in the order in which it
// is read; and everything has a name.
func TestEveryScreen(t *testing.T) {
	t.Cleanup(func() { setLanguage("en") })
	s := newStage(t)
	p, new := gathered(s), s.sits(t.TempDir())
	seen := map[string]bool{} // kinds of controls that were looked at with the focus
	for _, l := range languages {
		for _, dress := range dresses() {
			if dress != "" {
				s.fyne.Settings().SetTheme(themeOf(dress))
			}
			p.speaks(l.code)
			new.inFront()
			new.welcomes(t, dress, l.code)
			p.inFront()
			all := views()
			usual := len(all)
			if thorough() {
				usual -= len(moreViews())
			}
			for i, v := range all {
				if !wanted(dress, l.code, v.name) {
					continue
				}
				if dress != "" { // as it comes up at each size
					for _, room := range rooms(l.code) {
						if name := picture(dress, l.code, room, v.name); drawn(name) {
							p.sized(room)
							p.shows(v)
							p.looksRight(t, l.code+" "+v.name)
							p.draw(t, name)
							p.back()
						}
					}
					continue
				}
				p.shows(v)
				// What is Fyne's own has arrows, and what hovers is the pointer's. It takes
				// long: `make test` does every third, `make test-faults` all.
				if l.code == "en" && i < usual && (thorough() || i%3 == 0) && !strings.HasSuffix(v.name, "-menu") && v.name != "hover" {
					p.window.Resize(fyne.NewSize(1120, 720))
					p.tabs(t, v.name, seen)
					p.tells(t, v.name)
					p.escapes(t, v)
					p.window.Resize(fyne.NewSize(1120, 720))
				}
				for _, room := range rooms(l.code) {
					p.window.Resize(room.size())
					p.looksRight(t, l.code+" "+v.name)
				}
				p.back()
			}
			p.sized(room{1120, 720, 100})
		}
	}
	if dresses()[0] == "" && len(seen) < 6 {
		t.Errorf("only %v were seen with the focus", seen)
	}
}

// welcomes goes through the ways to begin.
func (p *person) welcomes(t *testing.T, dress, code string) {
	t.Helper()
	for _, room := range rooms(code) {
		p.sized(room)
		for i, what := range []string{"welcome", "welcome-invited", "welcome-linked", "welcome-recovered", "welcome-wrong", "welcome-busy"} {
			name := picture(dress, code, room, what)
			if !drawn(name) {
				continue
			}
			p.showWelcome()
			w := p.welcome
			test.Tap([]*widgets.Choice{w.Here, w.Invited, w.Linked, w.Recovered, w.Recovered, w.Here}[i])
			switch what {
			case "welcome-wrong":
				w.Fail(say("This file is too large to be a recovery file."))
			case "welcome-busy":
				w.Name.SetText(longName)
				w.SetBusy(true)
			}
			p.looksRight(t, code+" "+what)
			p.draw(t, name)
		}
	}
}

// speaks changes the language and waits until the screen is there again.
func (p *person) speaks(code string) {
	p.speak(code)
	p.sees("the conversation again", func(s Screen) bool { return s.Conversation != nil && p.main.pane.loaded && len(s.Messages) > 0 })
	p.open(chat.ConversationID(p.ofKind(chat.Direct)))
	p.sees("the one with everything", func(Screen) bool { return p.main.pane.loaded && len(p.main.pane.shown) > 15 })
}
