package app

import (
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"satchel/chat"
)

// pair is two people who have each other open; the first has the relay.
func pair(s *stage) (mara, ines *person) {
	s.t.Helper()
	mara = s.sits(s.t.TempDir())
	mara.begins("Mara Reyes")
	ines = s.sits(s.t.TempDir())
	ines.joins("Ines Tavares", mara.invites())
	ines.sees("Ines is in", func(s Screen) bool { return s.Screen == "main" && s.Connection == "connected" && s.Synced })
	ines.newMessage()
	ines.sees("Mara can be picked", func(s Screen) bool { return s.Sheet != nil && len(s.Sheet.People) == 1 })
	_, rows := ines.sheet.list.Rows()
	test.Tap(rows[0].(fyne.Tappable))
	ines.sees("it is open", func(s Screen) bool {
		return s.Conversation != nil && s.Conversation.Name == "Mara Reyes" && ines.main.pane.loaded
	})
	ines.writes("Morning")
	mara.opens("Ines Tavares")
	mara.sees("the words came", func(s Screen) bool { return last(s).Text == "Morning" })
	return mara, ines
}

// chooses presses an item of a message's menu.
func (p *person) chooses(id chat.MessageID, item string) {
	p.stage.t.Helper()
	m, ok := p.main.pane.shown[id]
	if !ok {
		p.stage.t.Fatalf("message %s is not shown", id)
	}
	for _, i := range p.messageMenu(m) {
		if i.Label == item {
			i.Action()
			return
		}
	}
	p.stage.t.Fatalf("the menu has no %q", item)
}

// An answer, an edit, a reaction and a deletion, each seen by the other.
func TestTalk(t *testing.T) {
	mara, ines := pair(newStage(t))
	first := last(mara.screen()).ID

	mara.chooses(first, "Reply")
	if bar := mara.screen().Bar; bar != "Reply to Ines Tavares: Morning" {
		t.Errorf("the bar says %q", bar)
	}
	mara.escape()
	if mara.screen().Bar != "" {
		t.Error("Escape does not leave the answer")
	}
	mara.chooses(first, "Reply")
	mara.writes("Good morning to you")
	answered := ines.sees("the answer", func(s Screen) bool { return last(s).Text == "Good morning to you" && last(s).Answers == first })
	answer := last(answered).ID
	mara.sees("her own", func(s Screen) bool { return last(s).ID == answer && last(s).Seq > 0 })
	if q := ines.main.pane.shown[answer].ReplyTo; q == nil || q.Text != "Morning" {
		t.Errorf("it answers %+v", q)
	}

	// ↑ edits the last message of ours, wherever the keyboard is.
	entry := mara.main.pane.composer.Entry()
	mara.window.Canvas().Unfocus()
	mara.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyUp})
	if s := mara.screen(); s.Bar != "Edit message: Good morning to you" || s.Draft != "Good morning to you" {
		t.Errorf("%q, %q", s.Bar, s.Draft)
	}
	test.Type(entry, ", Ines")
	entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if s := mara.screen(); s.Bar != "" || s.Draft != "" {
		t.Errorf("after the edit: %q, %q", s.Bar, s.Draft)
	}
	ines.sees("the edit", func(s Screen) bool {
		return last(s).Text == "Good morning to you, Ines" && last(s).Edited && row(s, "Mara Reyes").Line == "Good morning to you, Ines"
	})

	// A reaction from the menu, and one pressed below the message.
	ines.chooses(answer, "React…")
	if ines.picker == nil {
		t.Fatal("no emoji are offered")
	}
	test.Type(ines.picker.Search, "rocket")
	ines.picker.Search.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	reacted := func(n int) func(Screen) bool {
		return func(s Screen) bool { return len(last(s).Reactions) == n }
	}
	if got := last(mara.sees("the reaction", reacted(1))).Reactions[0]; got.Emoji != "🚀" || got.From != ines.model.me.ID {
		t.Errorf("%+v", got)
	}
	mara.main.pane.timeline.OnReact(mara.main.pane.shown[answer], "🚀")
	ines.sees("both", reacted(2))
	ines.main.pane.timeline.OnReact(ines.main.pane.shown[answer], "🚀")
	mara.sees("one is taken back", reacted(1))
	if ines.recentEmoji()[0] != "🚀" {
		t.Error("the emoji is not among the recent ones")
	}

	// Several are chosen, copied and forwarded.
	mara.main.pane.timeline.Pick(first)
	mara.main.pane.timeline.Pick(answer)
	mara.sees("two are chosen", func(s Screen) bool { return s.Picked == 2 })
	if words := mara.main.pane.picked.Text(); words != "2 messages" || mara.main.pane.picked.Delete.Disabled() {
		t.Errorf("%q; they can't be deleted", words)
	}
	test.Tap(mara.main.pane.picked.Copy)
	if got := mara.fyne.Clipboard().Content(); !strings.Contains(got, ": Morning\n") || !strings.Contains(got, "Mara Reyes, ") {
		t.Errorf("copied %q", got)
	}
	mara.main.pane.timeline.Pick(first)
	mara.main.pane.timeline.Pick(answer)
	test.Tap(mara.main.pane.picked.Forward)
	to := mara.sees("where to", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "forward" && len(s.Sheet.People) == 2 })
	_, rows := mara.sheet.list.Rows()
	for i, name := range to.Sheet.People {
		if name == "Notes to self" {
			test.Tap(rows[i].(fyne.Tappable))
		}
	}
	mara.sees("they are in the notes", func(s Screen) bool {
		return s.Conversation.Name == "Notes to self" && len(s.Messages) == 2 && s.Messages[0].Text == "Morning" && s.Messages[0].Mine
	})

	// Somebody else's is gone for oneself alone.
	mara.opens("Ines Tavares")
	mara.chooses(first, "Delete…")
	mara.sees("it is asked first", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "delete" })
	if mara.sheet.spots["delete"] != nil {
		t.Error("somebody else's can be deleted for everyone")
	}
	test.Tap(mara.sheet.spots["delete-for-me"].(fyne.Tappable))
	mara.sees("it is gone here", func(s Screen) bool {
		return !slices.ContainsFunc(s.Messages, func(m MessageState) bool { return m.ID == first })
	})
	ines.sees("and not there", func(s Screen) bool {
		return slices.ContainsFunc(s.Messages, func(m MessageState) bool { return m.ID == first && m.Text == "Morning" })
	})

	// Gone for everyone, after a question.
	mara.chooses(answer, "Delete…")
	mara.sees("it is asked first", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "delete" })
	test.Tap(mara.sheet.spots["delete"].(fyne.Tappable))
	ines.sees("it is gone", func(s Screen) bool {
		return last(s).Deleted && last(s).Text == "" && row(s, "Mara Reyes").Line == "This message was deleted"
	})
}

// A quote leads to a message that is far above what is loaded; from there one
// reads on to the newest without a gap.
func TestJump(t *testing.T) {
	s, dir := newStage(t), t.TempDir()
	p := s.sits(dir)
	p.begins("Mara")
	const all = 4 * pageSize
	var first chat.Message
	for i := range all {
		m, err := p.session.Send(t.Context(), p.main.pane.id, chat.Content{Kind: chat.KindMessage, Text: strconv.Itoa(i + 1)})
		if err != nil {
			t.Fatal(err)
		}
		if i == 4 {
			first = m
		}
	}
	p.sees("all are stored", func(s Screen) bool { return last(s).Seq == all })
	if _, err := p.session.Send(t.Context(), p.main.pane.id, chat.Content{Text: "see above", Reply: first.ID}); err != nil {
		t.Fatal(err)
	}
	p.sees("the answer is stored", func(s Screen) bool { return last(s).Seq == all+1 })
	p.leaves()

	p = s.sits(dir)
	p.sees("the newest page is there", func(s Screen) bool { return len(s.Messages) == pageSize && s.Connection == "connected" })
	p.main.pane.jump(first.ID)
	p.sees("the old one is there", func(s Screen) bool { return len(s.Messages) > 0 && s.Messages[0].Seq == 1 && !s.Conversation.AtEnd })
	if y, _ := p.main.pane.timeline.Anchor(); y == "" || !p.main.pane.detached {
		t.Errorf("at %s, detached %v", y, p.main.pane.detached)
	}
	for p.main.pane.detached {
		before := p.main.pane.highest
		p.main.pane.newer()
		p.sees("newer ones", func(Screen) bool { return p.main.pane.highest > before })
	}
	got := p.screen().Messages
	for i, m := range got {
		if m.Seq != uint64(i+1) {
			t.Fatalf("at %d: %+v", i, m)
		}
	}
	if len(got) != all+1 {
		t.Errorf("%d messages", len(got))
	}
	p.main.pane.jump(first.ID)
	p.main.pane.timeline.ScrollToEnd()
	p.writes("and on")
	p.sees("it is at the end", func(s Screen) bool { return last(s).Text == "and on" && last(s).Seq == all+2 })

	// What comes with a gap before it does not take away what is read further up.
	pane := p.main.pane
	pane.timeline.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 300)})
	at, offset := pane.timeline.Anchor()
	p.apply([]chat.Change{chat.MessagesChanged{Conversation: pane.id, Messages: []chat.Message{{ID: "z", Conversation: pane.id, Seq: all + 9, From: pane.app.model.me.ID, Content: message("far on")}}}})
	if now, to := pane.timeline.Anchor(); now != at || to != offset || !pane.detached || !pane.loaded {
		t.Errorf("from %s %v to %s %v; detached %v, loaded %v", at, offset, now, to, pane.detached, pane.loaded)
	}
}

// A file answers what is being answered, with the words that were written for it in
// their lines; an edit waits; and words for a file that is not sent are not lost.
func TestFilesAnswer(t *testing.T) {
	mara, _ := pair(newStage(t))
	pane := mara.main.pane
	first := last(mara.screen()).ID
	path := filepath.Join(t.TempDir(), "note.txt")
	if err := os.WriteFile(path, []byte("words"), 0o600); err != nil {
		t.Fatal(err)
	}
	offered := func() {
		mara.offerFiles([]string{path})
		mara.sees("the sheet", func(s Screen) bool { return s.Sheet != nil && len(s.Sheet.Files) == 1 })
	}
	mara.chooses(first, "Reply")
	test.Type(pane.composer.Entry(), "one\ntwo")
	offered()
	test.Tap(mara.sheet.files.Send)
	s := mara.sees("the answer", func(s Screen) bool { return last(s).File == "note.txt" && last(s).Seq > 0 })
	if got := last(s); got.Answers != first || got.Text != "one\ntwo" || s.Draft != "" || s.Bar != "" {
		t.Errorf("%+v, draft %q, bar %q", got, s.Draft, s.Bar)
	}

	mara.writes("words of ours")
	mara.sees("them", func(s Screen) bool { return last(s).Text == "words of ours" && last(s).Seq > 0 })
	pane.editLast()
	offered()
	if caption := mara.sheet.files.Caption.Text; caption != "" {
		t.Errorf("an edit became the caption %q", caption)
	}
	test.Type(mara.sheet.files.Caption, "for this file")
	mara.escape()
	if s := mara.screen(); s.Draft != "words of ours" || s.Bar == "" {
		t.Errorf("the edit is %q, under %q", s.Draft, s.Bar)
	}
	mara.escape()
	offered()
	test.Type(mara.sheet.files.Caption, "for this file")
	mara.escape()
	if s := mara.screen(); s.Draft != "for this file" {
		t.Errorf("the caption became %q", s.Draft)
	}
}

// From one picture one comes to all of the conversation, however far up they are.
func TestViewerGoesOn(t *testing.T) {
	s := newStage(t)
	p := s.sits(t.TempDir())
	p.begins("Mara")
	pane := p.main.pane
	sent := func(name string) chat.Message {
		path := filepath.Join(t.TempDir(), name)
		img := image.NewRGBA(image.Rect(0, 0, 40, 30))
		f, err := os.Create(path)
		if err == nil {
			err = errors.Join(png.Encode(f, img), f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		p.sendFiles(pane.id, []string{path}, "", chat.PictureEdit{})
		p.sees(name, func(s Screen) bool { return last(s).File == name && last(s).Seq > 0 })
		return pane.shown[last(p.screen()).ID]
	}
	sent("first.png")
	for i := range pageSize {
		if _, err := p.session.Send(t.Context(), pane.id, message(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	newest := sent("last.png")
	pane.reload()
	p.sees("the newest page", func(s Screen) bool { return pane.loaded && len(s.Messages) == pageSize })
	p.useFile(newest)
	p.sees("the last picture, with one before it", func(s Screen) bool { return s.Viewer == "last.png" && !p.viewer.widget.Back.Disabled() })
	c := p.window.Canvas()
	c.Unfocus() // as a click on one of its buttons does
	c.OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyLeft})
	p.sees("the first picture", func(s Screen) bool { return s.Viewer == "first.png" && p.viewer.widget.Back.Disabled() })
	p.viewer.widget.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
}

// Who writes to somebody for the first time sees whether they are there.
func TestOnlineAtOnce(t *testing.T) {
	_, ines := pair(newStage(t))
	ines.sees("that Mara is online", func(s Screen) bool { return s.Conversation.Status == "online" })
}

// Who comes back after much was written begins where what is new does, and has read
// what was on the screen and no more.
func TestOpensAtUnread(t *testing.T) {
	mara, ines := pair(newStage(t))
	talk := mara.main.pane.id
	mara.opens("Notes to self")
	const all = pageSize + 40
	for i := range all {
		if _, err := ines.session.Send(t.Context(), talk, message(strconv.Itoa(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	mara.sees("all of them counted", func(s Screen) bool { r := row(s, "Ines Tavares"); return r != nil && r.Unread == all })
	mara.opens("Ines Tavares")
	s := mara.sees("a part of them read", func(s Screen) bool { r := row(s, "Ines Tavares"); return r.Unread < all })
	at, _ := mara.main.pane.timeline.Anchor()
	if text := mara.main.pane.shown[at].Content.Text; text != "1" && text != "Morning" || row(s, "Ines Tavares").Unread < all-30 {
		t.Errorf("it begins at %q, with %d unread", text, row(s, "Ines Tavares").Unread)
	}
	mara.main.pane.timeline.ScrollToEnd()
	mara.sees("the end", func(s Screen) bool { return s.Conversation.AtEnd && last(s).Text == strconv.Itoa(all) })
	mara.sees("all of them read", func(s Screen) bool { return row(s, "Ines Tavares").Unread == 0 })
}

// A search finds people, messages and files, leads to the message, and Escape
// leaves it.
func TestFindsMessages(t *testing.T) {
	mara, ines := pair(newStage(t))
	mara.writes("The harbour lights are on")
	ines.sees("the words", func(s Screen) bool { return strings.HasPrefix(last(s).Text, "The harbour") })
	wanted := last(ines.screen()).ID
	ines.open(row(ines.screen(), "Notes to self").ID)
	field := ines.main.head.Search
	ines.shortcut(&desktop.CustomShortcut{KeyName: fyne.KeyK, Modifier: fyne.KeyModifierShortcutDefault})
	test.Type(field, "HARB")
	s := ines.sees("it is found", func(s Screen) bool { return len(s.Rows) == 2 && s.Rows[1].Message == wanted })
	if !s.Rows[0].Heading || s.Rows[0].Name != "Messages" || s.Rows[1].Line != "The harbour lights are on" {
		t.Errorf("%+v", s.Rows)
	}
	field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	ines.sees("it is on the screen", func(s Screen) bool { return s.Conversation.Name == "Mara Reyes" && last(s).ID == wanted })
	field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	ines.sees("the list is whole", func(s Screen) bool { return len(s.Rows) == 2 && s.Rows[0].Message == "" })
	ines.shortcut(&desktop.CustomShortcut{KeyName: fyne.KeyK, Modifier: fyne.KeyModifierShortcutDefault})
	test.Type(field, "nowhere to be found")
	ines.sees("nothing is found", func(s Screen) bool { return len(s.Rows) == 0 })
	field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})

	// A narrow window has the list in the conversation's place meanwhile.
	ines.window.Resize(fyne.NewSize(500, 350))
	if ines.main.head.Visible() {
		t.Fatal("the window is not narrow")
	}
	ines.shortcut(&desktop.CustomShortcut{KeyName: fyne.KeyK, Modifier: fyne.KeyModifierShortcutDefault})
	if !ines.main.head.Visible() || ines.window.Canvas().Focused() != fyne.Focusable(field) {
		t.Error("there is nothing to write in what is looked for")
	}
	field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if ines.main.head.Visible() || !ines.main.pane.root.Visible() {
		t.Error("Escape does not lead back")
	}
}

func TestSnippet(t *testing.T) {
	long := strings.Repeat("word ", 30)
	for _, c := range []struct{ text, find, want string }{
		{"the harbour", "harb", "the harbour"},
		{long + "Évora end", "evo", "…word word word word Évora end"},
		{long, "nothing", strings.TrimSpace(long)},
		{"", "x", ""},
		{strings.Repeat("港", 30), "港", strings.Repeat("港", 30)},
	} {
		if got := snippet(c.text, c.find); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.find, c.text, got, c.want)
		}
	}
}
