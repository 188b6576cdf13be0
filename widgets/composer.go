package widgets

import (
	"slices"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// composerLines is how far the field grows before it scrolls.
const composerLines = 8

// What the field takes. Fyne breaks all of it into lines anew for each key, which takes
// longer than a few frames beyond; with the square of the lines, and of a word that no
// line holds.
const (
	MaxTyped      = 16 << 10 // bytes
	maxTypedLines = 1000
	maxTypedWord  = 8 << 10 // characters without a space
)

// Writable tells whether the field takes a text.
func Writable(text string) bool {
	if len(text) > MaxTyped || strings.Count(text, "\n") >= maxTypedLines {
		return false
	}
	word := 0
	for _, r := range text {
		if word++; unicode.IsSpace(r) {
			word = 0
		}
		if word > maxTypedWord {
			return false
		}
	}
	return true
}

// Composer is where a message is written: Enter sends, Shift+Enter breaks the
// line. It grows with what is written, to eight lines.
type Composer struct {
	widget.BaseWidget
	OnSend    func(text string) bool        // true: taken, the field is emptied
	OnChanged func(text string)             // every change by the person
	OnAttach  func()                        // the paperclip
	OnPaste   func(words func(text string)) // Ctrl+V: attach what is no text, or call words to paste some
	OnRefused func(sentence string)         // something can't be written here
	OnLong    func(text string)             // words were pasted that the field does not take
	OnEscape  func()
	OnResize  func() // the height that it asks for changed
	OnUp      func() // ↑ in an empty field
	OnEmoji   func() // the smile
	OnMenu    func() // the menu key, or Shift+F10
	OnVoice   func() // the microphone: see SetVoice

	Attach   *Button
	Emoji    *Button
	Send     *Button
	Voice    *Button      // in the place of Send while nothing is written
	Mentions *MentionList // for the caller to place; shown while a name is written
	entry    *composerEntry
	box      *canvas.Rectangle // under the field
	dress    *container.ThemeOverride
	probe    *widget.Label // measures how many lines the text takes
	height   float32       // of the field
	most     float32       // that it may get
	line     *canvas.Rectangle
	quiet    bool // the text changes, but not by the person
	names    []string
}

// NewComposer returns an empty composer.
func NewComposer() *Composer {
	c := &Composer{height: fieldHeight, line: canvas.NewRectangle(Color(ColorLine))}
	c.ExtendBaseWidget(c)
	c.entry = &composerEntry{owner: c}
	c.entry.ExtendBaseWidget(c.entry)
	c.entry.MultiLine = true
	c.entry.Wrapping = fyne.TextWrapWord
	c.entry.SetMinRowsVisible(1)
	c.entry.OnChanged = func(text string) {
		meet(text)
		c.grow()
		if !c.quiet && c.OnChanged != nil {
			c.OnChanged(text)
		}
		c.choose()
	}
	c.Mentions = newMentionList(c.mention)
	c.probe = widget.NewLabel("")
	c.probe.Wrapping = fyne.TextWrapWord
	c.most = c.textHeight(strings.Repeat("x\n", composerLines-1)+"x", 1000)
	c.box = NewRounded(Color(ColorIncoming), FieldRadius)
	unseen, there := ownFonts()
	c.dress = container.NewThemeOverride(container.NewStack(c.entry, unseen), &writingTheme{})
	there()
	c.Attach = NewIconButton(IconAttach, lang.L("Send files"), func() {
		if c.OnAttach != nil {
			c.OnAttach()
		}
	})
	c.Emoji = NewIconButton(IconEmoji, lang.L("Emoji"), func() {
		if c.OnEmoji != nil {
			c.OnEmoji()
		}
	})
	c.Send = NewButton(PrimaryButton, lang.L("Send"), c.submit)
	c.Send.Icon = IconSend
	c.Voice = NewButton(PrimaryButton, lang.L("Record a voice message"), func() {
		if c.OnVoice != nil {
			c.OnVoice()
		}
	})
	c.Voice.Icon = IconVoice
	c.choose()
	return c
}

// choose shows the button that makes sense of what is written.
func (c *Composer) choose() {
	empty := strings.TrimSpace(c.entry.Text) == ""
	c.Send.SetDisabled(empty)
	show(c.Voice, empty && c.OnVoice != nil)
	show(c.Send, !empty || c.OnVoice == nil)
}

// SetVoice says what the microphone does; it is there from now on while nothing
// is written.
func (c *Composer) SetVoice(tapped func()) {
	c.OnVoice = tapped
	c.choose()
}

// Text returns what is written.
func (c *Composer) Text() string { return c.entry.Text }

// SetText shows a draft; OnChanged is not called.
func (c *Composer) SetText(text string) {
	if c.entry.Text == text {
		return
	}
	c.offer(nil)
	c.quiet = true
	c.entry.SetText(text)
	c.entry.caretEntry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyPageDown}) // behind the last character
	c.quiet = false
}

// Insert writes where the cursor is, as if it were typed.
func (c *Composer) Insert(text string) {
	for _, r := range text {
		c.entry.TypedRune(r)
	}
}

// SetNames says whose names are offered after an @.
func (c *Composer) SetNames(names []string) {
	if !slices.Equal(c.names, names) {
		c.names = names
		c.offer(nil)
	}
}

func (c *Composer) offer(names []string) {
	if c.Mentions.offer(names) && c.OnResize != nil {
		c.OnResize()
	}
}

// offerNames looks whether a name is being written at the end of the text.
func (c *Composer) offerNames() {
	var names []string
	if prefix, _, ok := mentionPrefix(c.entry.Text); ok && len(c.names) > 0 {
		names = mentioned(c.names, prefix)
	}
	c.offer(names)
}

// mention writes a name in the place of what was written of it.
func (c *Composer) mention(name string) {
	if _, at, ok := mentionPrefix(c.entry.Text); ok && at+len(name)+2 <= MaxTyped {
		c.SetText(c.entry.Text[:at] + "@" + name + " ")
		if c.OnChanged != nil {
			c.OnChanged(c.entry.Text)
		}
	}
	c.offer(nil)
	c.Focus()
}

// mentionKey takes the keys that choose among names.
func (c *Composer) mentionKey(name fyne.KeyName) bool {
	if !c.Mentions.Visible() {
		return false
	}
	switch name {
	case fyne.KeyDown:
		c.Mentions.step(1)
	case fyne.KeyUp:
		c.Mentions.step(-1)
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeyTab:
		c.Mentions.pick(c.Mentions.at)
	case fyne.KeyEscape:
		c.offer(nil)
	default:
		return false
	}
	return true
}

// SetHint says to whom it goes.
func (c *Composer) SetHint(hint string) {
	c.entry.hint = hint
	c.entry.Resize(c.entry.Size())
}

// Hint is what stands in the empty field, in full.
func (c *Composer) Hint() string { return c.entry.hint }

// Focus lets the person write.
func (c *Composer) Focus() { focusOn(c.entry) }

// Entry returns the field itself, for who needs its place or focus.
func (c *Composer) Entry() fyne.Focusable { return c.entry }

// submit offers what is written to OnSend.
func (c *Composer) submit() {
	text := strings.TrimSpace(c.entry.Text)
	if text == "" || c.OnSend == nil {
		return
	}
	if c.OnSend(text) {
		c.SetText("")
	}
	c.Focus()
}

func (c *Composer) refuse() {
	if c.OnRefused != nil {
		c.OnRefused(lang.L("No more can be written into one message. Send this first, or paste long text: it goes as a file."))
	}
}

// grow asks for the height that the text takes, up to eight lines; from there
// the field scrolls.
func (c *Composer) grow() {
	height := c.most
	width := c.entry.Size().Width
	if text := c.entry.Text; width > 0 && len(text) < 4096 && strings.Count(text, "\n") < composerLines {
		height = min(c.textHeight(text, width), c.most)
	}
	if height == c.height {
		return
	}
	c.height = height
	c.Refresh()
	if c.OnResize != nil {
		c.OnResize()
	}
}

// textHeight is how high the field must be for text not to scroll. A label sets
// words as an entry does.
func (c *Composer) textHeight(text string, width float32) float32 {
	inset := base().Size(theme.SizeNameInnerPadding)
	c.probe.Resize(fyne.NewSize(width-2*fieldPadding+2*inset, 10))
	c.probe.SetText(text)
	return max(fieldHeight, c.probe.MinSize().Height-2*inset+2*fieldPadding)
}

// CreateRenderer implements fyne.Widget.
func (c *Composer) CreateRenderer() fyne.WidgetRenderer {
	r := &shellRenderer{objects: []fyne.CanvasObject{c.line, c.Attach, c.box, c.dress, c.Emoji, c.Voice, c.Send}}
	const margin, pad = 20, 12
	r.layout = func(s fyne.Size) {
		place(c.line, 0, 0, s.Width, 1)
		bottom := s.Height - pad
		attach := c.Attach.MinSize()
		place(c.Attach, margin, bottom-38, attach.Width, attach.Height)
		send := c.Send.MinSize()
		place(c.Send, s.Width-margin-send.Width, bottom-38, send.Width, send.Height)
		place(c.Voice, s.Width-margin-send.Width, bottom-38, send.Width, send.Height)
		x := margin + attach.Width + pad
		right := s.Width - margin - send.Width - pad - attach.Width
		place(c.Emoji, right, bottom-38, attach.Width, attach.Height)
		before := c.entry.Size().Width
		place(c.box, x, pad+1, right-pad-x, s.Height-2*pad-1)
		place(c.dress, x, pad+1, right-pad-x, s.Height-2*pad-1)
		if c.entry.Size().Width != before {
			c.grow()
		}
	}
	r.min = func() fyne.Size {
		return fyne.NewSize(240, c.height+2*pad+1)
	}
	r.refresh = func() {
		c.line.FillColor = Color(ColorLine)
		c.line.Refresh()
		if !c.Size().IsZero() {
			r.layout(c.Size())
		}
		c.Attach.Refresh()
		c.Emoji.Refresh()
		c.Send.Refresh()
		c.Voice.Refresh()
		c.box.FillColor = Color(ColorIncoming)
		c.box.Refresh()
		c.entry.Refresh() // not its override: see writingTheme
	}
	return r
}

// composerEntry is the field, with Satchel's keys.
type composerEntry struct {
	caretEntry
	owner *Composer
	shift bool
	hint  string // whole; where it has no room the end of it is left out
}

// Resize implements fyne.CanvasObject.
func (e *composerEntry) Resize(s fyne.Size) {
	if hint := ElideEnd(e.hint, s.Width-2*fieldPadding, TextSize, false); hint != e.PlaceHolder {
		e.SetPlaceHolder(hint)
	}
	e.Entry.Resize(s)
}

func (e *composerEntry) KeyDown(k *fyne.KeyEvent) {
	if k.Name == desktop.KeyShiftLeft || k.Name == desktop.KeyShiftRight {
		e.shift = true
	}
	e.Entry.KeyDown(k)
}

func (e *composerEntry) KeyUp(k *fyne.KeyEvent) {
	if k.Name == desktop.KeyShiftLeft || k.Name == desktop.KeyShiftRight {
		e.shift = false
	}
	e.Entry.KeyUp(k)
}

func (e *composerEntry) FocusLost() {
	e.shift = false
	e.caretEntry.FocusLost()
}

// AcceptsTab lets Tab go on to the send button: a message has no tabs. While
// names are offered, it takes one.
func (e *composerEntry) AcceptsTab() bool { return e.owner.Mentions.Visible() }

func (e *composerEntry) TypedRune(r rune) {
	if len(e.Text)+4 > MaxTyped || r == '\n' && !Writable(e.Text+"\n") {
		e.owner.refuse()
		return
	}
	before := e.Text
	e.caretEntry.TypedRune(r)
	if e.Text == before+string(r) {
		e.owner.offerNames()
	} else {
		e.owner.offer(nil)
	}
}

func (e *composerEntry) TypedKey(k *fyne.KeyEvent) {
	spaceTaken = false // this key is for the field
	if !e.shift && e.owner.mentionKey(k.Name) {
		return
	}
	switch k.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		if e.shift {
			e.TypedRune('\n')
		} else {
			e.owner.submit()
		}
	case fyne.KeyEscape:
		do(e.owner.OnEscape)
	case desktop.KeyMenu:
		do(e.owner.OnMenu)
	case fyne.KeyF10:
		if e.shift {
			do(e.owner.OnMenu)
		}
	case fyne.KeyUp:
		if e.Text == "" && e.owner.OnUp != nil {
			e.owner.OnUp()
			return
		}
		e.caretEntry.TypedKey(k)
	default:
		e.caretEntry.TypedKey(k)
		if k.Name == fyne.KeyBackspace && e.owner.Mentions.Visible() {
			e.owner.offerNames()
		}
	}
}

func (e *composerEntry) TypedShortcut(s fyne.Shortcut) {
	if shortcut(e, s) {
		return
	}
	paste, ok := s.(*fyne.ShortcutPaste)
	if !ok {
		e.caretEntry.TypedShortcut(s)
		return
	}
	words := func(text string) {
		if len(e.Text)+len(text) > MaxTyped || !Writable(e.Text+text) {
			if e.owner.OnLong != nil {
				e.owner.OnLong(text)
			}
			return
		}
		e.caretEntry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: held(text), Secondary: paste.Secondary})
	}
	if e.owner.OnPaste == nil {
		words(paste.Clipboard.Content())
		return
	}
	e.owner.OnPaste(words)
}

// held is a clipboard that has these words.
type held string

func (h held) Content() string { return string(h) }
func (held) SetContent(string) {}
