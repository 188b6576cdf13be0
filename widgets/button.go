package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// ButtonKind says how much a button asks to be pressed.
type ButtonKind uint8

const (
	PlainButton   ButtonKind = iota // outlined
	PrimaryButton                   // filled with the accent
	IconOnly                        // a square without a frame
)

// Button is a button with words, or with one icon. Space and Enter press it
// when it has the focus; Escape is handed to OnEscape.
type Button struct {
	widget.BaseWidget
	Kind     ButtonKind
	Text     string // what it does; not shown when there is an icon
	Icon     Icon
	OnTapped func()
	OnEscape func()
	Height   float32 // 0: 38
	Leads    bool    // to a menu: an arrow at the right says so

	onKey  func(*fyne.KeyEvent) // keys that do not press it; nil: they do nothing
	onRune func(rune)           // the same of characters

	disabled, hovered, focused bool
}

// NewButton returns a button with words.
func NewButton(kind ButtonKind, text string, tapped func()) *Button {
	b := &Button{Kind: kind, Text: text, OnTapped: tapped}
	b.ExtendBaseWidget(b)
	return b
}

// NewIconButton returns a square with an icon; text says what it does.
func NewIconButton(icon Icon, text string, tapped func()) *Button {
	b := &Button{Kind: IconOnly, Icon: icon, Text: text, OnTapped: tapped}
	b.ExtendBaseWidget(b)
	return b
}

// SetDisabled turns the button off or on.
func (b *Button) SetDisabled(off bool) {
	if b.disabled != off {
		b.disabled = off
		b.Refresh()
	}
}

// Disabled tells whether a tap does nothing.
func (b *Button) Disabled() bool { return b.disabled }

// SetText changes the words.
func (b *Button) SetText(text string) {
	if b.Text != text {
		b.Text = text
		b.Refresh()
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (b *Button) AccessibilityLabel() string { return b.Text }

// AccessibilityRole implements fyne.Accessible.
func (b *Button) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// Tapped implements fyne.Tappable.
func (b *Button) Tapped(*fyne.PointEvent) { b.press() }

func (b *Button) press() {
	hideTip(b)
	if !b.disabled && b.OnTapped != nil {
		b.OnTapped()
	}
}

// MouseIn implements desktop.Hoverable.
func (b *Button) MouseIn(*desktop.MouseEvent) {
	b.hovered = true
	b.Refresh()
	if b.Icon != "" {
		showTip(b, b.Text)
	}
}

// MouseMoved implements desktop.Hoverable.
func (b *Button) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (b *Button) MouseOut() {
	b.hovered = false
	b.Refresh()
	hideTip(b)
}

// FocusGained implements fyne.Focusable.
func (b *Button) FocusGained() { b.focused = true; b.Refresh(); reveal(b) }

// FocusLost implements fyne.Focusable.
func (b *Button) FocusLost() { b.focused = false; b.Refresh() }

// TypedRune implements fyne.Focusable.
func (b *Button) TypedRune(r rune) {
	if b.onRune != nil && !pressed(r) {
		b.onRune(r)
	}
}

// TypedKey implements fyne.Focusable.
func (b *Button) TypedKey(k *fyne.KeyEvent) {
	switch {
	case pressing(b, k):
		b.press()
	case k.Name == fyne.KeyEscape:
		if b.OnEscape == nil {
			backOut(b)
			return
		}
		b.OnEscape()
	case b.onKey != nil:
		b.onKey(k)
	default:
		sheetKey(b, k)
	}
}

// arrowRoom is what the arrow takes of a button's width.
const arrowRoom float32 = 18

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	box := NewRounded(color.Transparent, ButtonRadius)
	over, ring := NewRounded(color.Transparent, ButtonRadius), newFocusRing()
	if b.Kind == PrimaryButton {
		ring.CornerRadius -= 3
	}
	text := NewBoldText("", TextSize, ColorText)
	text.Alignment = fyne.TextAlignCenter
	icon, arrow := &canvas.Image{FillMode: canvas.ImageFillContain}, &canvas.Image{FillMode: canvas.ImageFillContain}
	r := &shellRenderer{objects: []fyne.CanvasObject{box, over, ring, text, icon, arrow}}
	r.layout = func(s fyne.Size) {
		place(box, 0, 0, s.Width, s.Height)
		place(over, 0, 0, s.Width, s.Height)
		if b.Kind == PrimaryButton { // the accent can't be seen on the accent
			place(ring, 3, 3, s.Width-6, s.Height-6)
		} else {
			place(ring, 0, 0, s.Width, s.Height)
		}
		room := s.Width
		if b.Leads {
			room -= arrowRoom
			place(arrow, room-6, (s.Height-16)/2, 16, 16)
		}
		place(text, 0, 0, room, s.Height)
		const side = 22
		place(icon, (s.Width-side)/2, (s.Height-side)/2, side, side)
	}
	r.min = func() fyne.Size {
		height := b.Height
		if height == 0 {
			height = 38
		}
		switch {
		case b.Icon == "":
			width := MeasureText(b.Text, TextSize, true).Width + 2*16
			if b.Leads {
				width += arrowRoom
			}
			return fyne.NewSize(width, height)
		case b.Kind == IconOnly:
			return fyne.NewSquareSize(36)
		}
		return fyne.NewSize(44, height)
	}
	r.refresh = func() {
		ink := ColorText
		box.FillColor, box.StrokeColor, box.StrokeWidth = color.Transparent, color.Transparent, 0
		over.FillColor = color.Transparent
		switch b.Kind {
		case PrimaryButton:
			box.FillColor, ink = Color(ColorAccent), ColorOnAccent
			if b.disabled {
				box.FillColor, ink = Color(ColorTrack), ColorMuted
			}
		case PlainButton:
			// Filled, as a line around nothing has a dark seam.
			box.FillColor, box.StrokeColor, box.StrokeWidth = Color("overlayBackground"), Color(ColorLine), 1
		case IconOnly:
			ink = ColorMuted
		}
		if b.disabled && b.Kind != PrimaryButton {
			ink = theme.ColorNameDisabled
		}
		if b.hovered && !b.disabled {
			over.FillColor = Color(ColorHover)
		}
		drawFocusRing(ring, b.focused)
		if b.focused && b.Kind == PrimaryButton && !b.disabled {
			ring.StrokeColor = Color(ColorOnAccent)
		}
		text.Text, text.Color = b.Text, Color(ink)
		show(arrow, b.Leads)
		if b.Leads {
			drawIcon(arrow, IconDown.Resource(Color(ColorMuted)))
		}
		if b.Icon != "" {
			text.Text = ""
			drawIcon(icon, b.Icon.Resource(Color(ink)))
			show(icon, true)
		} else {
			show(icon, false)
		}
		box.Refresh()
		over.Refresh()
		ring.Refresh()
		text.Refresh()
	}
	r.refresh()
	return r
}
