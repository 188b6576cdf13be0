package widgets

import (
	"image/color"
	"math"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"
)

const (
	pickerWidth  float32 = 352
	pickerHeight float32 = 320
	emojiCell    float32 = 36 // Fyne's grid leaves 4 between them
)

// EmojiPicker is a card of emoji over the window, with a line to find one by.
// Enter takes the first, Escape and a click beside it close it.
type EmojiPicker struct {
	widget.BaseWidget
	OnPick  func(emoji string)
	OnClose func() // after it was closed, however that came

	Search *Field
	recent []string
	found  []string
	grid   *rowGrid
	tips   *Tips
	near   fyne.Position // its lower right corner, as far as there is room
	canvas fyne.Canvas
	shown  time.Time
}

// NewEmojiPicker returns a picker that offers the recent ones first.
func NewEmojiPicker(recent []string) *EmojiPicker {
	p := &EmojiPicker{Search: NewField(lang.L("Find an emoji")), recent: recent, tips: NewTips()}
	p.ExtendBaseWidget(p)
	p.grid = newRowGrid(
		func() int { return len(p.found) },
		func() fyne.CanvasObject {
			c := &emojiButton{text: &canvas.Text{TextSize: 22}}
			c.ExtendBaseWidget(c)
			return c
		},
		func(i widget.GridWrapItemID, o fyne.CanvasObject) {
			sign := p.found[i]
			o.(*emojiButton).set(sign, func() { p.pick(sign) })
		})
	p.grid.OnSelected = func(i widget.GridWrapItemID) {
		if i < len(p.found) {
			p.pick(p.found[i])
		}
	}
	p.Search.OnChanged = func(s string) { p.find(s) }
	p.Search.OnSubmitted = func(string) {
		if len(p.found) > 0 {
			p.pick(p.found[0])
		}
	}
	p.Search.OnStep = func(down bool) {
		if down && len(p.found) > 0 {
			focusOn(p.grid)
		}
	}
	p.grid.onRune = func(r rune) {
		focusOn(p.Search)
		p.Search.TypedRune(r)
	}
	p.found = findEmoji("", recent)
	return p
}

func (p *EmojiPicker) find(s string) {
	p.found = findEmoji(s, p.recent)
	p.grid.Refresh()
	p.grid.ScrollToTop()
}

// Found are those that are offered now.
func (p *EmojiPicker) Found() []string { return p.found }

func (p *EmojiPicker) pick(sign string) {
	p.Dismiss()
	if p.OnPick != nil {
		p.OnPick(sign)
	}
}

// ShowOn puts the picker over the window, its lower right corner near a point.
func (p *EmojiPicker) ShowOn(c fyne.Canvas, near fyne.Position) {
	p.canvas, p.near, p.shown = c, near, time.Now()
	p.Resize(c.Size())
	c.Overlays().Add(p)
	p.tips.Push()
	c.Focus(p.Search)
}

// Dismiss closes the picker.
func (p *EmojiPicker) Dismiss() {
	if p.canvas == nil {
		return
	}
	p.canvas.Unfocus() // or the caret of the search blinks on, unseen
	p.canvas.Overlays().Remove(p)
	p.tips.Pop()
	p.canvas = nil
	if p.OnClose != nil {
		p.OnClose()
	}
}

// CreateRenderer implements fyne.Widget.
func (p *EmojiPicker) CreateRenderer() fyne.WidgetRenderer {
	card := newSurface(nil)
	scrim := newSurface(func() {
		if time.Since(p.shown) > secondClick {
			p.Dismiss()
		}
	})
	search := FieldBox(p.Search, false)
	// On a ground of its own colour its edge is all that sets it off.
	shade, edge := NewRounded(color.Transparent, BubbleRadius+1), NewRounded(color.Transparent, BubbleRadius+1)
	r := &shellRenderer{objects: []fyne.CanvasObject{scrim, shade, edge, card, search, p.grid, &p.tips.Container}}
	r.layout = func(s fyne.Size) {
		place(scrim, 0, 0, s.Width, s.Height)
		place(&p.tips.Container, 0, 0, s.Width, s.Height)
		w, h := min(pickerWidth, s.Width-16), min(pickerHeight, s.Height-16)
		x := min(max(8, p.near.X-w), s.Width-w-8)
		y := min(max(8, p.near.Y-h), s.Height-h-8)
		x, y = float32(math.Floor(float64(x))), float32(math.Floor(float64(y)))
		place(shade, x-1, y, w+2, h+4)
		place(edge, x-1, y-1, w+2, h+2)
		place(card, x, y, w, h)
		place(search, x+12, y+12, w-24, 39)
		place(p.grid, x+12, y+60, w-24, h-68)
	}
	r.min = func() fyne.Size { return fyne.NewSize(200, 160) }
	r.refresh = func() {
		scrim.box.FillColor = color.Transparent
		card.box.FillColor, card.box.CornerRadius = Color("overlayBackground"), BubbleRadius
		edge.FillColor, shade.FillColor = Color(ColorLine), Color("shadow")
		if !p.Size().IsZero() {
			r.layout(p.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}

// emojiButton is one emoji that can be picked.
type emojiButton struct {
	widget.BaseWidget
	text    *canvas.Text
	hovered bool
	tapped  func()
}

func (b *emojiButton) set(sign string, tapped func()) {
	b.tapped = tapped
	// With air at its sides: Fyne measures in one list of fonts and draws in
	// another, and where the emoji there is wider, its edge would be cut off.
	if sign = " " + sign + " "; b.text.Text != sign {
		b.text.Text = sign
		b.Refresh()
	}
}

// Tapped implements fyne.Tappable.
func (b *emojiButton) Tapped(*fyne.PointEvent) {
	if b.tapped != nil {
		b.tapped()
	}
}

// MouseIn implements desktop.Hoverable.
func (b *emojiButton) MouseIn(*desktop.MouseEvent) {
	b.hovered = true
	b.Refresh()
	showTip(b, b.AccessibilityLabel())
}

// MouseMoved implements desktop.Hoverable.
func (b *emojiButton) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (b *emojiButton) MouseOut() {
	b.hovered = false
	b.Refresh()
	hideTip(b)
}

// AccessibilityLabel implements fyne.Accessible.
func (b *emojiButton) AccessibilityLabel() string { return emojiName(strings.TrimSpace(b.text.Text)) }

// AccessibilityRole implements fyne.Accessible.
func (b *emojiButton) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (b *emojiButton) CreateRenderer() fyne.WidgetRenderer {
	box := NewRounded(color.Transparent, ButtonRadius)
	b.text.Alignment = fyne.TextAlignCenter
	r := &shellRenderer{objects: []fyne.CanvasObject{box, b.text}}
	r.layout = func(s fyne.Size) {
		place(box, 0, 0, s.Width, s.Height)
		place(b.text, 0, 0, s.Width, s.Height)
	}
	r.min = func() fyne.Size { return fyne.NewSquareSize(emojiCell) }
	r.refresh = func() {
		box.FillColor = color.Transparent
		if b.hovered {
			box.FillColor = Color(ColorHover)
		}
		b.text.Color = Color(ColorText)
		box.Refresh()
		b.text.Refresh()
	}
	r.refresh()
	return r
}
