package widgets

import (
	"image/color"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Field is a line to write in. Enter calls OnSubmitted, Escape OnEscape. What is
// longer than its FieldBox moves along with the caret.
type Field struct {
	caretEntry
	OnEscape func()
	OnStep   func(down bool) // ↓ and ↑

	onFocus func(bool)
	hint    string  // whole; where it has no room the end of it is left out
	shown   float32 // how wide the part is that one sees; 0: in no FieldBox
}

// NewField returns a line with a hint.
func NewField(hint string) *Field {
	f := &Field{hint: hint}
	f.ExtendBaseWidget(f)
	f.Wrapping, f.Scroll = fyne.TextWrapOff, fyne.ScrollNone
	f.OnCursorChanged = f.follow
	f.SetPlaceHolder(hint)
	return f
}

// Hint is what stands in the field while it is empty, in full.
func (f *Field) Hint() string { return f.hint }

// SetHint puts another hint there.
func (f *Field) SetHint(hint string) {
	f.hint = hint
	f.SetPlaceHolder(hint)
}

// Resize implements fyne.CanvasObject.
func (f *Field) Resize(s fyne.Size) {
	width := s.Width
	if f.shown > 0 {
		width = f.shown
	}
	if hint := ElideEnd(f.hint, width-2*fieldInset(), TextSize, false); hint != f.PlaceHolder {
		f.SetPlaceHolder(hint)
	}
	f.Entry.Resize(s)
}

// follow moves what is written so that the caret is seen. Fyne's own way has a bar
// and a shadow that only a theme takes away, and a theme of its own costs fonts.
func (f *Field) follow() {
	if f.shown <= 0 || f.Password {
		return
	}
	const room = 12 // that is kept beside the caret
	all := max(f.shown, f.MinSize().Width)
	if f.Text == "" {
		all = f.shown // the hint has room
	}
	caret := f.CursorPosition().X
	left := -f.Position().X
	left = min(left, max(0, caret-room))
	left = max(left, caret+room-f.shown)
	left = min(max(left, 0), all-f.shown)
	if f.Position().X != -left {
		f.Move(fyne.NewPos(-left, 0))
	}
	if f.Size().Width != all {
		f.Resize(fyne.NewSize(all, f.Size().Height))
	}
}

// FocusGained implements fyne.Focusable.
func (f *Field) FocusGained() {
	f.caretEntry.FocusGained()
	if f.onFocus != nil {
		f.onFocus(true)
	}
	reveal(f)
}

// FocusLost implements fyne.Focusable.
func (f *Field) FocusLost() {
	f.caretEntry.FocusLost()
	if f.onFocus != nil {
		f.onFocus(false)
	}
}

// TypedKey implements fyne.Focusable.
func (f *Field) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyEscape {
		if f.OnEscape == nil {
			backOut(f)
			return
		}
		f.OnEscape()
		return
	}
	if down := k.Name == fyne.KeyDown; f.OnStep != nil && (down || k.Name == fyne.KeyUp) {
		f.OnStep(down)
		return
	}
	f.caretEntry.TypedKey(k)
}

// maxField is how many bytes are pasted into a field: more than any name, link or key
// has. Fyne measures all of it for each key.
const maxField = 8 << 10

// beginning is a clipboard without what a field does not take of it.
type beginning struct{ fyne.Clipboard }

// Content implements fyne.Clipboard.
func (b beginning) Content() string {
	all := b.Clipboard.Content()
	cut := min(len(all), maxField)
	for cut > 0 && cut < len(all) && !utf8.RuneStart(all[cut]) {
		cut--
	}
	return all[:cut]
}

// paste writes what is on the clipboard, once it is known, if one still writes here.
// Fyne itself would wait for the program that has it, with a window that stands still.
func (f *Field) paste(s *fyne.ShortcutPaste) {
	ask := hostOf(f).Paste
	if ask == nil {
		f.caretEntry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: beginning{s.Clipboard}})
		return
	}
	ask(func(text string) {
		if c := canvasOf(f); text != "" && c != nil && c.Focused() == fyne.Focusable(f) {
			f.caretEntry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: beginning{held(text)}})
		}
	})
}

// TypedShortcut implements fyne.Shortcutable.
func (f *Field) TypedShortcut(s fyne.Shortcut) {
	if paste, ok := s.(*fyne.ShortcutPaste); ok {
		f.paste(paste)
		return
	}
	if shortcut(f, s) {
		return
	}
	f.caretEntry.TypedShortcut(s)
}

// A field of one line is 39 high: its letters stand 11 away from the edge.
const (
	fieldHeight  = 39
	fieldPadding = 11
)

// fieldInset is how far the letters of a field stand from its own edge; its box has the rest.
func fieldInset() float32 { return base().Size(theme.SizeNameInnerPadding) }

// FieldBox dresses a field as one of Satchel's: filled, or bare, for who draws a
// frame around it.
func FieldBox(field *Field, bare bool) *FieldFrame {
	f := &FieldFrame{field: field, bare: bare, box: NewRounded(color.Transparent, FieldRadius)}
	if field.Password { // has a button at its end, which would move away
		field.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	}
	f.clip = container.NewClip(container.New(fieldLayout{}, field))
	f.clip.ExtendBaseWidget(f.clip) // or nothing in it can have the focus before it was drawn
	f.ExtendBaseWidget(f)
	return f
}

// FieldFrame is a field with what is under it.
type FieldFrame struct {
	widget.BaseWidget
	field *Field
	bare  bool
	box   *canvas.Rectangle
	clip  *container.Clip
}

// CreateRenderer implements fyne.Widget.
func (f *FieldFrame) CreateRenderer() fyne.WidgetRenderer {
	r := &shellRenderer{objects: []fyne.CanvasObject{f.box, f.clip}}
	r.layout = func(s fyne.Size) {
		place(f.box, 0, 0, s.Width, s.Height)
		edge := fieldPadding - fieldInset()
		show(f.box, s.Width > 1 && s.Height > 1 && !f.bare) // Fyne can't draw the corners of nothing
		s = fyne.NewSize(max(s.Width, fieldHeight), max(s.Height, fieldHeight))
		f.field.shown = s.Width - 2*edge
		place(f.clip, edge, edge, s.Width-2*edge, s.Height-2*edge)
	}
	r.min = func() fyne.Size { return fyne.NewSize(80, fieldHeight) }
	r.refresh = func() {
		f.box.FillColor = Color(ColorIncoming)
		f.box.Refresh()
		f.field.Refresh()
	}
	r.refresh()
	return r
}

// fieldLayout leaves a field as wide as what is written.
type fieldLayout struct{}

func (fieldLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(10, 10) }

func (fieldLayout) Layout(o []fyne.CanvasObject, s fyne.Size) {
	f := o[0].(*Field)
	if f.Password {
		place(f, 0, 0, s.Width, s.Height)
		return
	}
	f.Resize(fyne.NewSize(max(s.Width, f.Size().Width), s.Height))
	f.follow()
}

// writingTheme is the current theme with the room that the composer's field has.
// Fyne keeps a set of fonts for each place with a theme of its own, for ever, and for
// each Refresh of the override another one, so there are two: this and the list's.
type writingTheme struct{}

func (*writingTheme) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if name == theme.ColorNameShadow {
		return color.Transparent
	}
	return base().Color(name, v)
}

func (*writingTheme) Size(name fyne.ThemeSizeName) float32 {
	if name == theme.SizeNameInnerPadding {
		return fieldPadding
	}
	return base().Size(name)
}

func (*writingTheme) Font(s fyne.TextStyle) fyne.Resource        { return base().Font(s) }
func (*writingTheme) Icon(name fyne.ThemeIconName) fyne.Resource { return base().Icon(name) }
func base() fyne.Theme                                           { return fyne.CurrentApp().Settings().Theme() }

// tightTheme is the current theme without padding: rows touch.
type tightTheme struct{ writingTheme }

func (t *tightTheme) Size(name fyne.ThemeSizeName) float32 {
	if name == theme.SizeNamePadding || name == theme.SizeNameInnerPadding {
		return 0
	}
	return base().Size(name)
}
