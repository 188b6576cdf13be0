package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Field is a line to write in. Enter calls OnSubmitted, Escape OnEscape.
type Field struct {
	caretEntry
	OnEscape   func()
	OnStep     func(down bool)          // ↓ and ↑
	OnShortcut func(fyne.Shortcut) bool // the window's; true: taken

	onFocus func(bool)
	hint    string // whole; where it has no room the end of it is left out
}

// NewField returns a line with a hint.
func NewField(hint string) *Field {
	f := &Field{hint: hint}
	f.ExtendBaseWidget(f)
	f.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	f.SetPlaceHolder(hint)
	return f
}

// Hint is what stands in the field while it is empty, in full.
func (f *Field) Hint() string { return f.hint }

// Resize implements fyne.CanvasObject.
func (f *Field) Resize(s fyne.Size) {
	if hint := ElideEnd(f.hint, s.Width-2*fieldPadding, TextSize, false); hint != f.PlaceHolder {
		f.SetPlaceHolder(hint)
	}
	f.Entry.Resize(s)
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

// TypedShortcut implements fyne.Shortcutable.
func (f *Field) TypedShortcut(s fyne.Shortcut) {
	if f.OnShortcut != nil && f.OnShortcut(s) {
		return
	}
	if _, ok := s.(*desktop.CustomShortcut); ok && f.OnShortcut == nil { // the window's, too, where it is one
		if c, ok := fyne.CurrentApp().Driver().CanvasForObject(f).(fyne.Shortcutable); ok {
			c.TypedShortcut(s)
		}
	}
	f.caretEntry.TypedShortcut(s)
}

// fieldPadding makes a field of one line 39 high.
const fieldPadding = 11

// FieldBox dresses an entry as one of Satchel's fields: filled, or bare, for
// who draws a frame around it.
func FieldBox(entry fyne.CanvasObject, bare bool) *FieldFrame {
	_, line := entry.(*Field)
	f := &FieldFrame{entry: entry, dress: container.NewThemeOverride(entry, &fieldTheme{bare: bare, line: line})}
	f.ExtendBaseWidget(f)
	return f
}

// FieldFrame is an entry in a theme of its own. Fyne keeps fonts by theme, for
// ever, and each Refresh of its override is another one: 3 MB every time. So what
// is refreshed here is the entry.
type FieldFrame struct {
	widget.BaseWidget
	entry fyne.CanvasObject
	dress *container.ThemeOverride
}

// CreateRenderer implements fyne.Widget.
func (f *FieldFrame) CreateRenderer() fyne.WidgetRenderer {
	r := &shellRenderer{objects: []fyne.CanvasObject{f.dress}}
	r.layout = func(s fyne.Size) { place(f.dress, 0, 0, s.Width, s.Height) }
	r.min = f.dress.MinSize
	r.refresh = f.entry.Refresh
	return r
}

// fieldTheme is the current theme with a field's own room.
type fieldTheme struct {
	bare bool
	line bool // one line: what is too long scrolls, without a bar
}

func (t *fieldTheme) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	switch {
	case t.bare && name == theme.ColorNameInputBackground:
		return color.Transparent
	case name == theme.ColorNameShadow, t.line && name == theme.ColorNameScrollBar:
		return color.Transparent
	}
	return base().Color(name, v)
}

func (t *fieldTheme) Size(name fyne.ThemeSizeName) float32 {
	if name == theme.SizeNameInnerPadding {
		return fieldPadding
	}
	return base().Size(name)
}

func (t *fieldTheme) Font(s fyne.TextStyle) fyne.Resource        { return base().Font(s) }
func (t *fieldTheme) Icon(name fyne.ThemeIconName) fyne.Resource { return base().Icon(name) }
func base() fyne.Theme                                           { return fyne.CurrentApp().Settings().Theme() }

// tightTheme is the current theme without padding: rows touch.
type tightTheme struct{ fieldTheme }

func (t *tightTheme) Size(name fyne.ThemeSizeName) float32 {
	if name == theme.SizeNamePadding || name == theme.SizeNameInnerPadding {
		return 0
	}
	return base().Size(name)
}
