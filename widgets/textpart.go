package widgets

import (
	"image/color"
	"net/url"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/rivo/uniseg"
)

// textPart draws a textLayout: only the lines that can be seen, each as few
// pieces of text. Its text can be selected with the mouse, and its links
// clicked. What is selected belongs to the timeline, so that it survives the
// widget that showed it.
type textPart struct {
	baseWidgetPart
	layout *textLayout
	color  fyne.ThemeColorName

	// from and to are the selected bytes.
	from, to int

	onLink   func(*url.URL)
	onSelect func(from, to int)          // from may be behind to while dragging backwards
	onPick   func(fyne.KeyModifier) bool // a click chooses the message; true: it did
	onAcross func(at fyne.Position) bool // the pointer was drawn there, on the canvas; true: to other messages
	onFocus  func()
	repaint  func()
	menu     func(*fyne.PointEvent)

	pieces  []*canvas.Text // in use first, spare ones hidden behind
	marks   []*canvas.Rectangle
	grounds []*canvas.Rectangle // under code
	objects []fyne.CanvasObject
	shown   [2]int // lines that are drawn

	anchor  int // where the selection began
	pressed bool
	moved   bool
	clicks  clickCounter
	cursor  desktop.Cursor
}

func newTextPart() *textPart {
	t := &textPart{cursor: desktop.TextCursor}
	t.ExtendBaseWidget(t)
	return t
}

// set shows another text. It draws nothing until show says what can be seen.
func (t *textPart) set(l *textLayout, name fyne.ThemeColorName) {
	t.layout, t.color = l, name
	t.from, t.to = 0, 0
	t.shown = [2]int{-1, -1}
}

// show draws the lines that cross top..bottom, in units below the part's top.
func (t *textPart) show(top, bottom float32) {
	if t.layout == nil {
		return
	}
	first := max(0, int(top/t.layout.pitch))
	last := min(len(t.layout.lines), int(bottom/t.layout.pitch)+1)
	if last < first {
		last = first
	}
	if t.shown == [2]int{first, last} {
		return
	}
	t.shown = [2]int{first, last}
	t.draw()
}

// draw puts the pieces of the shown lines where they belong.
func (t *textPart) draw() {
	if t.layout == nil {
		return
	}
	used, grounds := 0, 0
	plain, accent := Color(t.color), Color(ColorAccent)
	base := baseline(t.layout.size, t.layout.pitch, t.layout.style)
	for i := t.shown[0]; i < t.shown[1]; i++ {
		line := t.layout.lines[i]
		top := float32(i) * t.layout.pitch
		x, block := float32(0), 0 // a block of code has one ground a line, as wide as the text
		t.layout.runs(line.from, line.to, func(from, to int, s *span) {
			text, style, c := t.layout.text[from:to], t.layout.styleOf(s), plain
			if s != nil && (s.url != nil || s.style&markMention != 0) {
				c, style.Underline = accent, s.url != nil
			}
			width := t.piece(used, text, style, fyne.NewPos(x, top+base), c)
			used++
			if s != nil && s.style&markBlock != 0 {
				if block == 0 {
					block = 1
					t.ground(grounds, 0, top, t.layout.width, t.layout.pitch)
					grounds++
				}
			} else if s != nil && s.style&markCode != 0 {
				t.ground(grounds, x, top+1, width, t.layout.pitch-2)
				grounds++
			}
			x += width
		})
	}
	for _, p := range t.pieces[used:] {
		p.Hide()
	}
	t.drawSelection()
	t.objects = t.objects[:0]
	for _, g := range t.grounds[:grounds] {
		t.objects = append(t.objects, g)
	}
	for _, m := range t.marks {
		if m.Visible() {
			t.objects = append(t.objects, m)
		}
	}
	for _, p := range t.pieces[:used] {
		t.objects = append(t.objects, p)
	}
}

// piece draws one run of a line, its letters standing at at, and returns how wide it is.
func (t *textPart) piece(n int, s string, style fyne.TextStyle, at fyne.Position, c color.Color) float32 {
	if n == len(t.pieces) {
		t.pieces = append(t.pieces, &canvas.Text{})
	}
	return drawRun(t.pieces[n], s, t.layout.size, style, at, c)
}

// drawRun draws letters that stand at at, and returns how wide they are.
func drawRun(p *canvas.Text, s string, textSize float32, style fyne.TextStyle, at fyne.Position, c color.Color) float32 {
	size, base := fyne.CurrentApp().Driver().RenderedTextSize(s, textSize, style, nil)
	if p.Text != s || p.Color != c || p.TextSize != textSize || p.TextStyle != style {
		p.Text, p.Color, p.TextSize, p.TextStyle = s, c, textSize, style
		p.Resize(size)
		p.Refresh()
	}
	p.Move(fyne.NewPos(at.X, at.Y-base-drop(s, textSize, style)))
	p.Show()
	return size.Width
}

// ground draws what lies under a run of code.
func (t *textPart) ground(n int, x, y, width, height float32) {
	if n == len(t.grounds) {
		t.grounds = append(t.grounds, &canvas.Rectangle{CornerRadius: 3})
	}
	g := t.grounds[n]
	if fill := Color(colorCode); g.FillColor != fill {
		g.FillColor = fill
		g.Refresh()
	}
	setBounds(g, x-2, y, width+4, height)
}

// baseline is how far below the top of a line its letters stand, when the
// letters' box is in the middle of the line.
func baseline(size, pitch float32, style fyne.TextStyle) float32 {
	box, base := fyne.CurrentApp().Driver().RenderedTextSize("M", size, style, nil)
	return (pitch-box.Height)/2 + base
}

func (t *textPart) drawSelection() {
	used := 0
	from, to := min(t.from, t.to), max(t.from, t.to)
	if from < to {
		fill := Color("selection")
		for i := t.shown[0]; i < t.shown[1]; i++ {
			line := t.layout.lines[i]
			a, b := max(from, line.from), min(to, line.to)
			if a > b || a == b && !(from < line.to && to > line.to) {
				continue
			}
			x1, x2 := t.xOf(line, a), t.xOf(line, b)
			if to > line.to && from <= line.to {
				x2 += 4 // the line's end is selected, too
			}
			if used == len(t.marks) {
				t.marks = append(t.marks, &canvas.Rectangle{CornerRadius: 3})
			}
			m := t.marks[used]
			used++
			m.FillColor = fill
			m.Move(fyne.NewPos(x1, float32(i)*t.layout.pitch))
			m.Resize(fyne.NewSize(x2-x1, t.layout.pitch))
			m.Show()
			m.Refresh()
		}
	}
	for _, m := range t.marks[used:] {
		m.Hide()
	}
}

// setSelection marks text[from:to], in either order.
func (t *textPart) setSelection(from, to int) {
	if t.layout == nil || t.from == from && t.to == to {
		return
	}
	n := len(t.layout.text)
	t.from, t.to = min(max(from, 0), n), min(max(to, 0), n)
	t.draw()
	if t.repaint != nil {
		t.repaint()
	}
}

// xOf is where byte at of a line stands.
func (t *textPart) xOf(line textLine, at int) float32 {
	if at <= line.from {
		return 0
	}
	return t.layout.drawn(line.from, at)
}

// byteAt is the boundary between graphemes that is nearest to p.
func (t *textPart) byteAt(p fyne.Position) int {
	if t.layout == nil || len(t.layout.lines) == 0 {
		return 0
	}
	i := int(p.Y / t.layout.pitch)
	if p.Y < 0 {
		return 0
	}
	if i >= len(t.layout.lines) {
		return len(t.layout.text)
	}
	line := t.layout.lines[i]
	best, at, state, rest := line.from, line.from, -1, t.layout.text[line.from:line.to]
	before := float32(0)
	for rest != "" {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		x := t.xOf(line, at+len(cluster))
		if p.X < (before+x)/2 {
			break
		}
		at += len(cluster)
		best, before = at, x
	}
	return best
}

// linkAt is where a click at p leads, or nil.
func (t *textPart) linkAt(p fyne.Position) *url.URL {
	if t.layout == nil || len(t.layout.spans) == 0 || p.Y < 0 {
		return nil
	}
	i := int(p.Y / t.layout.pitch)
	if i >= len(t.layout.lines) || p.X < 0 || p.X > t.layout.lines[i].width {
		return nil
	}
	line := t.layout.lines[i]
	for _, s := range t.layout.spans {
		if s.url == nil || s.to <= line.from || s.from >= line.to {
			continue
		}
		if p.X >= t.xOf(line, max(s.from, line.from)) && p.X <= t.xOf(line, min(s.to, line.to)) {
			return s.url
		}
	}
	return nil
}

// wordAt is the run of letters, or of anything else but space, around a byte.
func (t *textPart) wordAt(at int) (from, to int) {
	text := t.layout.text
	from, to = at, at
	for from > 0 {
		r, n := utf8.DecodeLastRuneInString(text[:from])
		if unicode.IsSpace(r) {
			break
		}
		from -= n
	}
	for to < len(text) {
		r, n := utf8.DecodeRuneInString(text[to:])
		if unicode.IsSpace(r) {
			break
		}
		to += n
	}
	return from, to
}

// MouseDown implements desktop.Mouseable.
func (t *textPart) MouseDown(e *desktop.MouseEvent) {
	if e.Button != desktop.MouseButtonPrimary || t.layout == nil {
		return
	}
	if t.onPick != nil && t.onPick(e.Modifier) {
		return
	}
	t.pressed, t.moved = true, false
	at := t.byteAt(e.Position)
	if t.onFocus != nil {
		t.onFocus()
	}
	switch t.clicks.press(e.AbsolutePosition) {
	case 1:
		if e.Modifier&fyne.KeyModifierShift == 0 || t.from == t.to {
			t.anchor = at
		}
		t.choose(t.anchor, at)
	case 2:
		t.choose(t.wordAt(at))
	default:
		t.choose(0, len(t.layout.text))
	}
}

// MouseUp implements desktop.Mouseable.
func (t *textPart) MouseUp(e *desktop.MouseEvent) {
	if e.Button == desktop.MouseButtonPrimary && t.pressed && !t.moved && t.from == t.to && t.onLink != nil {
		if u := t.linkAt(e.Position); u != nil {
			t.onLink(u)
		}
	}
	t.pressed = false
}

// Dragged implements fyne.Draggable.
func (t *textPart) Dragged(e *fyne.DragEvent) {
	if t.pressed && t.layout != nil {
		t.moved = true
		if t.onAcross != nil && t.onAcross(fyne.CurrentApp().Driver().AbsolutePositionForObject(t).Add(e.Position)) {
			return
		}
		t.choose(t.anchor, t.byteAt(e.Position))
	}
}

// DragEnd implements fyne.Draggable.
func (t *textPart) DragEnd() { t.pressed = false }

func (t *textPart) choose(from, to int) {
	t.setSelection(from, to)
	if t.onSelect != nil {
		t.onSelect(from, to)
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (t *textPart) TappedSecondary(e *fyne.PointEvent) {
	if t.menu != nil {
		t.menu(e)
	}
}

// MouseIn implements desktop.Hoverable.
func (t *textPart) MouseIn(e *desktop.MouseEvent) { t.MouseMoved(e) }

// MouseMoved implements desktop.Hoverable.
func (t *textPart) MouseMoved(e *desktop.MouseEvent) {
	t.cursor = desktop.TextCursor
	if t.linkAt(e.Position) != nil {
		t.cursor = desktop.PointerCursor
	}
}

// MouseOut implements desktop.Hoverable.
func (t *textPart) MouseOut() {}

// Cursor implements desktop.Cursorable.
func (t *textPart) Cursor() desktop.Cursor { return t.cursor }

// AccessibilityLabel implements fyne.Accessible.
func (t *textPart) AccessibilityLabel() string {
	if t.layout == nil {
		return ""
	}
	return t.layout.text
}

// AccessibilityRole implements fyne.Accessible.
func (t *textPart) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements fyne.Widget.
func (t *textPart) CreateRenderer() fyne.WidgetRenderer {
	return &partRenderer{objects: func() []fyne.CanvasObject { return t.objects }}
}
