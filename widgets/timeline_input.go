package widgets

import (
	"net/url"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"satchel/chat"
)

// wheelStep makes a notch of the wheel three lines, as elsewhere on a desktop;
// Fyne's own is one.
const wheelStep = 2.5

// Scrolled implements fyne.Scrollable: the wheel.
func (t *Timeline) Scrolled(e *fyne.ScrollEvent) { t.scrollBy(e.Scrolled.DY * wheelStep) }

// MouseDown implements desktop.Mouseable: a press beside the bubbles.
func (t *Timeline) MouseDown(e *desktop.MouseEvent) {
	if e.Button == desktop.MouseButtonPrimary {
		t.clearSelection()
		t.setCurrent("")
	}
	t.focus()
}

// MouseUp implements desktop.Mouseable.
func (t *Timeline) MouseUp(*desktop.MouseEvent) {}

// FocusGained implements fyne.Focusable.
func (t *Timeline) FocusGained() { t.setFocused(true) }

// FocusLost implements fyne.Focusable.
func (t *Timeline) FocusLost() { t.setFocused(false) }

// KeyDown implements desktop.Keyable.
func (t *Timeline) KeyDown(*fyne.KeyEvent) {}

// KeyUp implements desktop.Keyable: who comes here with Tab is at a message, so that
// one sees it.
func (t *Timeline) KeyUp(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyTab && t.current == "" {
		t.Begin()
	}
}

// setFocused shows the message that the keyboard is at only while it is there.
func (t *Timeline) setFocused(yes bool) {
	t.focused = yes
	if t.current != "" {
		t.arrange()
	}
}

// TypedRune implements fyne.Focusable: who types wants to write.
func (t *Timeline) TypedRune(r rune) {
	if t.OnTyped != nil && !pressed(r) {
		t.OnTyped(r)
	}
}

// TypedKey implements fyne.Focusable.
func (t *Timeline) TypedKey(k *fyne.KeyEvent) {
	if t.typedOnMessage(k) {
		return
	}
	page := t.Size().Height * 0.9
	switch k.Name {
	case fyne.KeyPageUp:
		t.scrollBy(page)
	case fyne.KeyPageDown:
		t.scrollBy(-page)
	case fyne.KeyUp:
		t.scrollBy(3 * LineHeight)
	case fyne.KeyDown:
		t.scrollBy(-3 * LineHeight)
	case fyne.KeyHome:
		t.scrollToY(0)
	case fyne.KeyEnd:
		t.ScrollToEnd()
	case fyne.KeyEscape:
		if t.SelectedText() == "" && t.OnDone != nil {
			t.OnDone()
		}
		t.clearSelection()
	}
}

// TypedShortcut implements fyne.Shortcutable: copy what is selected, or chosen. All
// others are the window's.
func (t *Timeline) TypedShortcut(s fyne.Shortcut) {
	if _, ok := s.(*fyne.ShortcutCopy); !ok {
		shortcut(t, s)
		return
	}
	if len(t.picked) > 0 {
		do(t.OnCopyPicked)
		return
	}
	t.copyText(t.SelectedText())
}

// focus takes the keyboard.
func (t *Timeline) focus() {
	if c := fyne.CurrentApp().Driver().CanvasForObject(t); c != nil {
		c.Focus(t)
	}
}

// SelectedText is what is selected in a message; "" when nothing is.
func (t *Timeline) SelectedText() string {
	if t.selected == nil || t.selected.lay == nil || t.selected.lay.text.textLayout == nil {
		return ""
	}
	text := t.selected.lay.text.text
	from, to := t.selectionIn(t.selected)
	from, to = min(from, to, len(text)), min(max(from, to), len(text))
	return text[from:to]
}

func (t *Timeline) selectionIn(e *entry) (from, to int) {
	if e != t.selected {
		return 0, 0
	}
	return t.selFrom, t.selTo
}

// selectText is told by a bubble that a part of its text was selected. There
// is one selection in a timeline.
func (t *Timeline) selectText(b *bubble, from, to int) {
	if b.entry != t.selected {
		t.clearSelection()
	}
	t.selected, t.selFrom, t.selTo = b.entry, from, to
}

func (t *Timeline) clearSelection() {
	e := t.selected
	t.selected, t.selFrom, t.selTo = nil, 0, 0
	if e != nil && e.widget != nil && e.widget.text != nil {
		e.widget.text.setSelection(0, 0)
	}
}

func (t *Timeline) copyText(s string) {
	if s != "" && t.OnCopy != nil {
		t.OnCopy(s)
	}
}

func (t *Timeline) openLink(u *url.URL) {
	if t.OnLink != nil {
		t.OnLink(u)
	}
}

func (t *Timeline) file(e *entry) {
	if !t.pick(e, Modifiers()) {
		tell(t.OnFile, e.message())
	}
}

func (t *Timeline) play(e *entry) {
	if !t.pick(e, Modifiers()) {
		tell(t.OnPlay, e.message())
	}
}

func (t *Timeline) react(e *entry, emoji string) {
	if t.OnReact != nil {
		t.OnReact(e.message(), emoji)
	}
}

// wind plays a sound from some seconds further on, or back; false: it is none.
func (t *Timeline) wind(e *entry, seconds float64) bool {
	f := e.item.Message.Content.File
	if f == nil || !f.Plays() || f.Duration <= 0 || t.OnSeek == nil {
		return false
	}
	t.OnSeek(e.message(), min(max((e.item.Heard.At+seconds)/f.Duration, 0), 0.999))
	return true
}

func (t *Timeline) seek(e *entry, part float64) {
	if !t.pick(e, Modifiers()) && t.OnSeek != nil {
		t.OnSeek(e.message(), part)
	}
}

// SetHeard shows how far a sound was heard.
func (t *Timeline) SetHeard(id chat.MessageID, h Heard) {
	i, ok := t.index[id]
	if !ok || t.entries[i].item.Heard == h {
		return
	}
	e := t.entries[i]
	e.item.Heard = h
	if t.change(e, i) {
		t.arrange()
		return
	}
	t.settle(e, i)
}

func (t *Timeline) tree(e *entry) {
	if !t.pick(e, Modifiers()) {
		tell(t.OnTree, e.message())
	}
}

func (t *Timeline) saveAs(e *entry)       { tell(t.OnSaveAs, e.message()) }
func (t *Timeline) showInFolder(e *entry) { tell(t.OnShowInFolder, e.message()) }

func (t *Timeline) pause(id chat.TransferID)  { tell(t.OnPause, id) }
func (t *Timeline) resume(id chat.TransferID) { tell(t.OnResume, id) }
func (t *Timeline) cancel(id chat.TransferID) { tell(t.OnCancel, id) }

func tell[T any](f func(T), v T) {
	if f != nil {
		f(v)
	}
}

// showMenu offers what can be done with a message.
func (t *Timeline) showMenu(e *entry, at fyne.Position) {
	c := fyne.CurrentApp().Driver().CanvasForObject(t)
	if c == nil || e == nil {
		return
	}
	if items := t.menu(e); len(items) > 0 {
		ShowMenu(items, c, at)
	}
}

func (t *Timeline) menu(e *entry) []*fyne.MenuItem {
	var items []*fyne.MenuItem
	add := func(name string, do func()) { items = append(items, fyne.NewMenuItem(name, do)) }
	content := &e.item.Message.Content
	if s := t.SelectedText(); s != "" && t.selected == e {
		add(lang.L("Copy selected text"), func() { t.copyText(s) })
	}
	var own []*fyne.MenuItem
	if t.OnMenu != nil {
		own = t.OnMenu(e.message())
	}
	if content.Known() && content.Text != "" {
		add(lang.L("Copy text"), func() { t.copyText(content.Text) })
	}
	for _, u := range e.links() {
		add(lang.L("Open {{.Link}}", map[string]any{"Link": ElideMiddle(u.String(), 300, TextSize, false)}), func() { t.openLink(u) })
	}
	if e.lay != nil && e.lay.folded {
		add(lang.L("Show more"), func() { t.expand(e) })
	}
	if content.Known() && content.Reply != "" {
		add(lang.L("What this answers"), func() { t.jumpTo(content.Reply) })
	}
	if at := content.Location; content.Known() && at != nil {
		add(lang.L("Open map"), func() { t.openLink(mapURL(at.Lat, at.Lon)) })
		add(lang.L("Copy coordinates"), func() { t.copyText(formatCoordinates(content.Location)) })
	}
	if content.Known() && content.File != nil {
		s := fileStateOf(&e.item)
		if content.File.Plays() && (s.phase == fileHere || s.phase == fileRemote) {
			name := lang.L("Play")
			if e.item.Heard.Playing {
				name = lang.L("Pause")
			}
			add(name, func() { t.play(e) })
		}
		if content.File.IsFolder() && e.item.Message.State == chat.MessageStored && t.OnTree != nil {
			add(lang.L("What is in it…"), func() { t.OnTree(e.message()) })
		}
		switch s.phase {
		case fileHere:
			add(lang.L("Open"), func() { t.file(e) })
			add(lang.L("Save as…"), func() { t.saveAs(e) })
			add(lang.L("Show in folder"), func() { t.showInFolder(e) })
		case fileRemote:
			add(lang.L("Download"), func() { t.file(e) })
		case filePaused, fileWaiting:
			add(lang.L("Go on"), func() { t.resume(s.transfer) })
			add(lang.L("Cancel"), func() { t.cancel(s.transfer) })
		case fileFailed:
			add(lang.L("Retry"), func() { t.resume(s.transfer) })
			add(lang.L("Cancel"), func() { t.cancel(s.transfer) })
		case fileQueued, filePreparing, fileMoving, fileFinishing:
			add(lang.L("Pause"), func() { t.pause(s.transfer) })
			add(lang.L("Cancel"), func() { t.cancel(s.transfer) })
		}
	}
	for _, r := range e.item.Reactions {
		add(r.Emoji+"  "+ElideEnd(r.Who, 260, TextSize, false), func() { t.react(e, r.Emoji) })
	}
	return append(own, items...)
}

// MinSize implements fyne.CanvasObject: a timeline takes what it gets.
func (t *Timeline) MinSize() fyne.Size { return fyne.NewSize(200, 80) }

// CreateRenderer implements fyne.Widget.
func (t *Timeline) CreateRenderer() fyne.WidgetRenderer { return &timelineRenderer{t} }

type timelineRenderer struct{ t *Timeline }

func (r *timelineRenderer) Destroy()                     {}
func (r *timelineRenderer) Layout(fyne.Size)             { r.t.arrange() }
func (r *timelineRenderer) MinSize() fyne.Size           { return r.t.MinSize() }
func (r *timelineRenderer) Objects() []fyne.CanvasObject { return r.t.objects }
func (r *timelineRenderer) Refresh()                     { r.t.arrange() }

// IsClip makes Fyne draw nothing outside the timeline.
func (r *timelineRenderer) IsClip() {}
