package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"satchel/chat"
)

// bubble draws one message. It is pooled: apply makes it another message's.
type bubble struct {
	baseWidgetPart
	owner *Timeline
	entry *entry
	lay   *bubbleLayout
	kind  bubbleKind

	back   *canvas.Rectangle
	sender *canvas.Text
	title  *textPart
	text   *textPart
	note   *textPart
	line   *textPart
	more   *pressable
	time   *canvas.Text
	ticks  *canvas.Image
	pill   *canvas.Rectangle // under the time, on a picture

	paper   *canvas.Rectangle // under the beginning of a text
	excerpt *textPart

	file    *filePart
	picture *picturePart
	place   *placePart
	quote   *quotePart
	pills   []*reactionPill

	objects []fyne.CanvasObject
}

func newBubble(owner *Timeline, kind bubbleKind) *bubble {
	b := &bubble{owner: owner, kind: kind, back: &canvas.Rectangle{}, time: &canvas.Text{}, ticks: &canvas.Image{FillMode: canvas.ImageFillContain}}
	b.ExtendBaseWidget(b)
	return b
}

// apply makes the bubble show e, which is laid out. It touches only what differs.
func (b *bubble) apply(e *entry, lay *bubbleLayout) {
	same := b.entry == e
	if !same && b.picture != nil {
		b.owner.images.forget(b.picture)
	}
	if !same && b.file != nil {
		b.owner.images.forget(b.file)
	}
	if !same && b.place != nil {
		b.owner.images.forget(b.place)
	}
	b.entry, b.lay = e, lay
	b.objects = b.objects[:0]
	it := &e.item
	if !lay.plain {
		fill := Color(ColorIncoming)
		if it.Mine {
			fill = Color(ColorOutgoing)
		}
		if b.back.FillColor != fill {
			b.back.FillColor = fill
			b.back.Refresh()
		}
		setBubbleCorners(b.back, it.Mine, e.last)
		b.back.Resize(lay.size)
		b.objects = append(b.objects, b.back)
	}
	if lay.sender.textLayout != nil {
		if b.sender == nil {
			b.sender = &canvas.Text{}
		}
		setText(b.sender, lay.sender.text, SmallSize, true, ColorAccent)
		centerLine(b.sender, lay.sender.at.X, lay.sender.at.Y+senderPitch/2)
		b.objects = append(b.objects, b.sender)
	}
	if !lay.quote.empty() {
		if b.quote == nil {
			b.quote = newQuotePart(b)
		}
		b.quote.apply()
		b.objects = append(b.objects, b.quote)
	}
	if !lay.place.empty() {
		if b.place == nil {
			b.place = newPlacePart(b)
		}
		b.place.apply()
		b.objects = append(b.objects, b.place)
	}
	if !lay.fileBox.empty() {
		if b.file == nil {
			b.file = newFilePart(b)
		}
		b.file.apply()
		b.objects = append(b.objects, b.file)
	}
	if !lay.picture.empty() {
		if b.picture == nil {
			b.picture = newPicturePart(b)
		}
		b.picture.apply(same)
		b.objects = append(b.objects, b.picture)
	}
	if !lay.excerptBox.empty() {
		if b.paper == nil {
			b.paper = &canvas.Rectangle{CornerRadius: ButtonRadius}
		}
		b.paper.FillColor = Color(ColorWindow)
		r := lay.excerptBox
		setBounds(b.paper, r.x, r.y, r.w, r.h)
		b.objects = append(b.objects, b.paper)
		b.excerpt = b.applyText(b.excerpt, lay.excerpt, ColorMuted)
	}
	b.title = b.applyText(b.title, lay.title, ColorText)
	name := ColorText
	if lay.muted {
		name = ColorMuted
	}
	b.text = b.applyText(b.text, lay.text, name)
	b.note = b.applyText(b.note, lay.note, ColorBad)
	b.line = b.applyText(b.line, lay.line, ColorMuted)
	if lay.text.textLayout != nil {
		b.text.onAcross = func(at fyne.Position) bool { return b.owner.pickAcross(b.entry, at) }
		b.text.onSelect = func(from, to int) { b.owner.selectText(b, from, to) }
		b.text.setSelection(b.owner.selectionIn(e))
	}
	b.applyMore()
	b.applyMeta()
	b.applyPills()
	b.Resize(lay.size)
}

// applyText shows a text, and makes its part when there is none yet.
func (b *bubble) applyText(p *textPart, l placed, name fyne.ThemeColorName) *textPart {
	if l.textLayout == nil {
		return p
	}
	if p == nil {
		p = newTextPart()
		p.onFocus = func() { b.owner.focus() }
		p.onLink = b.owner.openLink
		p.onPick = func(m fyne.KeyModifier) bool { return b.owner.pick(b.entry, m) }
		p.repaint = b.owner.repaint
		p.menu = b.showMenu
	}
	p.set(l.textLayout, name)
	p.Move(l.at)
	p.Resize(fyne.NewSize(l.width+4, l.height()))
	b.objects = append(b.objects, p)
	return p
}

// applyMore shows the button that unfolds a long text.
func (b *bubble) applyMore() {
	if !b.lay.folded {
		return
	}
	if b.more == nil {
		b.more = newArea()
		b.more.text = &canvas.Text{}
		b.more.objects = []fyne.CanvasObject{b.more.text}
	}
	b.more.label = lang.L("Show more")
	b.more.tapped = func() { b.owner.expand(b.entry) }
	size := setText(b.more.text, b.more.label, TextSize, true, ColorAccent)
	setBounds(b.more, b.lay.more.X, b.lay.more.Y, size.Width, moreHeight)
	centerLine(b.more.text, 0, LineHeight/2+2)
	b.objects = append(b.objects, b.more)
}

// applyMeta shows the time and how far the message came.
func (b *bubble) applyMeta() {
	l, mine := b.lay, b.entry.item.Mine
	switch l.meta {
	case metaNone:
		return
	case metaDetail: // the time is in the details; the ticks follow them
		if mine {
			b.showTicks(l.detail.at.X+l.detail.lines[0].width+tickGap+1, l.detail.at.Y+noteLine/2, ColorMuted)
		}
		return
	}
	name := ColorMuted
	x, y := l.metaBox.x, l.metaBox.y+l.metaBox.h/2
	if l.meta == metaPill {
		name = colorOnScrim
		x += 8
		if b.pill == nil {
			b.pill = &canvas.Rectangle{CornerRadius: 8}
		}
		b.pill.FillColor = Color(ColorScrim)
		setBounds(b.pill, l.metaBox.x, l.metaBox.y, l.metaBox.w, l.metaBox.h)
		b.objects = append(b.objects, b.pill)
	}
	if mine { // room is kept for two ticks; one stands at the edge, too
		x += tickWidth - b.receipt().width
	}
	size := setText(b.time, l.clock, TinySize, false, name)
	centerLine(b.time, x, y)
	b.objects = append(b.objects, b.time)
	if mine {
		b.showTicks(x+size.Width+tickGap, y, name)
	}
}

// receipt is the drawing that says how far our message came.
func (b *bubble) receipt() glyph { return receiptGlyph(b.entry.item.Receipt) }

// showTicks draws how far our message came, its left end at x, its middle at y.
func (b *bubble) showTicks(x, y float32, name fyne.ThemeColorName) {
	g := b.receipt()
	switch r := b.entry.item.Receipt; {
	case r == chat.ReceiptFailed:
		name = ColorBad
	case r == chat.ReceiptRead && name != colorOnScrim:
		name = ColorAccent
	}
	setGlyph(b.ticks, g, Color(name))
	setBounds(b.ticks, x, y-6, g.width, g.height)
	b.objects = append(b.objects, b.ticks)
}

// show tells the texts which part of the bubble can be seen, in units below its top.
func (b *bubble) show(top, bottom float32) {
	for _, p := range []struct {
		part *textPart
		at   placed
	}{{b.title, b.lay.title}, {b.text, b.lay.text}, {b.note, b.lay.note}, {b.line, b.lay.line}, {b.excerpt, b.lay.excerpt}} {
		if p.at.textLayout != nil {
			p.part.show(top-p.at.at.Y, bottom-p.at.at.Y)
		}
	}
}

// MouseDown implements desktop.Mouseable: a press on the bubble, beside its words.
func (b *bubble) MouseDown(e *desktop.MouseEvent) {
	if e.Button == desktop.MouseButtonPrimary && !b.owner.pick(b.entry, e.Modifier) {
		b.owner.MouseDown(e)
	}
}

// MouseUp implements desktop.Mouseable.
func (b *bubble) MouseUp(*desktop.MouseEvent) {}

// TappedSecondary implements fyne.SecondaryTappable: the menu of the message.
func (b *bubble) TappedSecondary(e *fyne.PointEvent) { b.showMenu(e) }

func (b *bubble) showMenu(e *fyne.PointEvent) { b.owner.showMenu(b.entry, e.AbsolutePosition) }

// CreateRenderer implements fyne.Widget.
func (b *bubble) CreateRenderer() fyne.WidgetRenderer {
	return &partRenderer{objects: func() []fyne.CanvasObject { return b.objects }}
}
