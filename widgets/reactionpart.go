package widgets

import (
	"cmp"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
)

const (
	reactionHeight float32 = 24
	pillGap        float32 = 5
	maxPills               = 20 // different emoji below one message; the menu names all
)

// pillLayout is one reaction's place in a bubble.
type pillLayout struct {
	box
	emoji, count string
	emojiWidth   float32
	mine         bool
	who          string
}

// placePills adds the reactions below everything else, in as many rows as they take.
func (l *bubbleLayout) placePills(all []Reaction, y, w, limit float32) (float32, float32) {
	if len(all) == 0 {
		return y, w
	}
	left := bubblePadX
	if l.plain {
		left = 0
	}
	y += pillGap
	x := left
	for _, r := range all[:min(len(all), maxPills)] {
		p := pillLayout{emoji: r.Emoji, count: strconv.Itoa(r.Count), mine: r.Mine, who: r.Who}
		p.emojiWidth = min(measureWord(p.emoji, TextSize, fyne.TextStyle{}), 44)
		width := p.emojiWidth + 4 + measureWord(p.count, SmallSize, bold) + 16
		if x > left && x+width > limit-left {
			x, y = left, y+reactionHeight+4
		}
		p.box = box{x, y, width, reactionHeight}
		l.pills = append(l.pills, p)
		x += width + 4
		w = max(w, p.x+width+left)
	}
	return y + reactionHeight, w
}

// reactionPill draws one reaction. A click adds ours to it, or takes it back.
type reactionPill struct {
	pressable
	back    *canvas.Rectangle
	emoji   *canvas.Text
	count   *canvas.Text
	who     string
	drawing []fyne.CanvasObject
}

func newReactionPill(b *bubble) *reactionPill {
	p := &reactionPill{back: &canvas.Rectangle{CornerRadius: reactionHeight / 2, StrokeWidth: 1}, emoji: &canvas.Text{}, count: &canvas.Text{}}
	p.drawing = []fyne.CanvasObject{p.back, p.emoji, p.count}
	p.menu = b.showMenu
	p.ExtendBaseWidget(p)
	return p
}

// MouseIn implements desktop.Hoverable: who reacted so.
func (p *reactionPill) MouseIn(e *desktop.MouseEvent) {
	p.pressable.MouseIn(e)
	showTip(p, cmp.Or(p.who, p.label))
}

// MouseOut implements desktop.Hoverable.
func (p *reactionPill) MouseOut() {
	p.pressable.MouseOut()
	hideTip(p)
}

// applyPills shows the reactions of the bubble's message.
func (b *bubble) applyPills() {
	for i := range b.lay.pills {
		if i == len(b.pills) {
			b.pills = append(b.pills, newReactionPill(b))
		}
		p, l := b.pills[i], &b.lay.pills[i]
		owner, e, emoji := b.owner, b.entry, l.emoji
		p.label = lang.L("React with {{.Emoji}}", map[string]any{"Emoji": emoji})
		p.who = l.who
		p.tapped = func() { owner.react(e, emoji) }
		fill, line, ink := Color(ColorWindow), Color(ColorLine), ColorText
		if l.mine {
			fill, line, ink = blend(Color(ColorWindow), Color(ColorAccent), 0.18), Color(ColorAccent), ColorAccent
		}
		if p.back.FillColor != fill || p.back.StrokeColor != line {
			p.back.FillColor, p.back.StrokeColor = fill, line
			p.back.Refresh()
		}
		p.back.Resize(fyne.NewSize(l.w, l.h))
		setText(p.emoji, l.emoji, TextSize, false, ColorText)
		centerLine(p.emoji, 8, l.h/2)
		setText(p.count, l.count, SmallSize, true, ink)
		centerLine(p.count, 8+l.emojiWidth+4, l.h/2)
		setBounds(p, l.x, l.y, l.w, l.h)
		b.objects = append(b.objects, p)
	}
}

// CreateRenderer implements fyne.Widget.
func (p *reactionPill) CreateRenderer() fyne.WidgetRenderer {
	return &partRenderer{objects: func() []fyne.CanvasObject { return p.drawing }}
}
