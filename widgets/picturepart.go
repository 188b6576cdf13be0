package widgets

import (
	"image"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
)

const (
	discSize  float32 = 56 // with the ring
	ringWidth float32 = 5
)

// picturePart is a picture with what can be done to it: fetched, stopped,
// tried again, opened, saved.
type picturePart struct {
	baseWidgetPart
	bubble *bubble

	blank   *canvas.Rectangle // until the thumbnail is decoded
	image   *canvas.Image
	disc    *canvas.Circle
	track   *canvas.Arc
	ring    *canvas.Arc
	glyph   *canvas.Image
	pill    *canvas.Rectangle
	amount  *canvas.Text
	area    *pressable
	actions *canvas.Rectangle
	save    *pressable
	show    *pressable
	cancel  *pressable
	objects []fyne.CanvasObject
	inside  int // how many areas of the part the pointer is in
}

func newPicturePart(b *bubble) *picturePart {
	p := &picturePart{bubble: b,
		blank: &canvas.Rectangle{CornerRadius: PictureRadius},
		image: &canvas.Image{ScaleMode: canvas.ImageScaleFastest, FillMode: canvas.ImageFillCover, CornerRadius: PictureRadius},
		disc:  &canvas.Circle{}, track: &canvas.Arc{EndAngle: 360}, ring: &canvas.Arc{}, glyph: &canvas.Image{},
		pill: &canvas.Rectangle{CornerRadius: 8}, amount: &canvas.Text{}, area: newArea(),
		actions: &canvas.Rectangle{CornerRadius: 8}, save: newGlyphButton(), show: newGlyphButton(), cancel: newGlyphButton()}
	for _, b := range []*pressable{p.area, p.save, p.show, p.cancel} {
		b.menu = p.bubble.showMenu
		b.entered = p.pointer
	}
	p.ExtendBaseWidget(p)
	return p
}

// apply shows the picture of the bubble's message; same tells that it showed
// this message before.
func (p *picturePart) apply(same bool) {
	lay := p.bubble.lay
	r, s := lay.picture, &lay.file
	if !same {
		p.inside = 0
	}
	p.objects = p.objects[:0]
	if img := p.pixels(); img == nil {
		p.blank.FillColor = Color(ColorTrack)
		p.blank.Resize(fyne.NewSize(r.w, r.h))
		p.objects = append(p.objects, p.blank)
	} else {
		if p.image.Image != img {
			p.image.Image = img
			p.image.Refresh()
		}
		p.image.Resize(fyne.NewSize(r.w, r.h))
		p.objects = append(p.objects, p.image)
	}
	p.applyDisc(r, s)
	pill := ""
	switch {
	case s.phase == fileRemote || s.phase == fileQueued || s.phase == filePreparing:
		pill = join(FormatAbout(p.file()), FormatSize(s.size))
	case s.phase == fileHere || s.phase == fileSent:
		pill = FormatAbout(p.file())
	case s.moving():
		pill = formatFraction(s.offset, s.size)
	}
	switch s.phase {
	case filePaused:
		pill = join(lang.L("Paused"), pill)
	case fileWaiting:
		pill = join(lang.L("Waiting"), pill)
	}
	if pill != "" {
		size := setText(p.amount, pill, TinySize, false, colorOnScrim)
		p.pill.FillColor = Color(ColorScrim)
		setBounds(p.pill, 8, 8, size.Width+16, pillHeight)
		centerLine(p.amount, 16, 8+pillHeight/2)
		p.objects = append(p.objects, p.pill, p.amount)
	}
	p.area.label, p.area.tapped = p.act(s)
	p.area.Resize(fyne.NewSize(r.w, r.h))
	p.objects = append(p.objects, p.area)
	p.applyCorner(r, s)
	setBounds(p, r.x, r.y, r.w, r.h)
}

// pixels is what is drawn: the decoded picture, else the thumbnail, which is
// blurred until the file is here.
func (p *picturePart) pixels() image.Image {
	b := p.bubble
	it, r := &b.entry.item, b.lay.picture
	scale := b.owner.scale()
	w, h := int(math.Round(float64(r.w*scale))), int(math.Round(float64(r.h*scale)))
	entry, blurred := b.entry, !it.Mine && !it.here()
	ready := func() { b.owner.redraw(entry) }
	if b.owner.Picture != nil && it.here() && !p.file().IsVideo() {
		if img := b.owner.images.file(p, it.localPath(), w, h, b.owner.Picture, ready); img != nil {
			return img
		}
	}
	if img := b.owner.images.thumbnail(p, it.Message.Content.File.Thumbnail, w, h, blurred, ready); img != nil {
		return img
	}
	return nil
}

// file is what the picture stands for.
func (p *picturePart) file() *chat.File { return p.bubble.entry.item.Message.Content.File }

// applyDisc draws the round button in the middle.
func (p *picturePart) applyDisc(r box, s *fileState) {
	g := glyphDown
	switch {
	case s.phase == fileHere && p.file().IsVideo():
		g = glyphPlay
	case s.phase == fileHere || s.phase == fileSent:
		return
	case s.phase == fileFailed:
		g = glyphRetry
	case s.phase == filePaused || s.phase == fileWaiting:
		g = glyphPlay
		if !s.upload {
			g = glyphDown
		}
	case s.moving():
		g = glyphCross
	}
	size := discSize
	if r.w < 140 { // a tile of a block
		size = 40
	}
	x, y, d := (r.w-size)/2, (r.h-size)/2, size
	p.disc.FillColor = Color(ColorScrim)
	if s.moving() {
		d = size - 2*ringWidth
	}
	setBounds(p.disc, x+(size-d)/2, y+(size-d)/2, d, d)
	p.objects = append(p.objects, p.disc)
	if s.moving() {
		p.objects = append(p.objects, p.track, p.ring)
		white := Color(colorOnScrim)
		p.track.FillColor, p.ring.FillColor = rgba(0xFFFFFF, 0x55), white
		p.track.CutoutRatio, p.ring.CutoutRatio = d/size, d/size
		setBounds(p.track, x, y, size, size)
		setBounds(p.ring, x, y, size, size)
		if to := 360 * s.part(); p.ring.EndAngle != to {
			p.ring.EndAngle = to
			p.ring.Refresh()
		}
	}
	setGlyph(p.glyph, g, Color(colorOnScrim))
	setBounds(p.glyph, x+(size-22)/2, y+(size-22)/2, 22, 22)
	p.objects = append(p.objects, p.glyph)
}

// act is what a click on the picture does. To stop a download keeps what came;
// to stop an upload takes the message back.
func (p *picturePart) act(s *fileState) (string, func()) {
	owner, e, id := p.bubble.owner, p.bubble.entry, s.transfer
	switch {
	case s.phase == fileFailed:
		return lang.L("Retry"), func() { owner.resume(id) }
	case s.phase == filePaused || s.phase == fileWaiting:
		return lang.L("Go on"), func() { owner.resume(id) }
	case s.moving() && s.upload:
		return lang.L("Cancel"), func() { owner.cancel(id) }
	case s.moving():
		return lang.L("Stop"), func() { owner.pause(id) }
	case s.phase == fileRemote:
		return lang.L("Download"), func() { owner.file(e) }
	}
	return lang.L("Open"), func() { owner.file(e) }
}

// applyCorner shows what else can be done, in the top right corner: cancel
// while a transfer rests, the actions of a file that is here under the pointer.
func (p *picturePart) applyCorner(r box, s *fileState) {
	owner, e, id := p.bubble.owner, p.bubble.entry, s.transfer
	p.actions.FillColor = Color(ColorScrim)
	switch {
	case s.phase == filePaused || s.phase == fileWaiting || s.phase == fileFailed:
		p.cancel.setGlyph(glyphCross, colorOnScrim, lang.L("Cancel"), func() { owner.cancel(id) })
		setBounds(p.actions, r.w-8-24, 8, 24, 24)
		setBounds(p.cancel, r.w-8-24, 8, 24, 24)
		p.objects = append(p.objects, p.actions, p.cancel)
	case s.phase == fileHere && p.inside > 0:
		p.save.setGlyph(glyphSave, colorOnScrim, lang.L("Save as…"), func() { owner.saveAs(e) })
		p.show.setGlyph(glyphShow, colorOnScrim, lang.L("Show in folder"), func() { owner.showInFolder(e) })
		switch n := p.cornerRoom(r); {
		case n >= 2:
			setBounds(p.actions, r.w-8-60, 8, 60, 26)
			setBounds(p.save, r.w-8-58, 8, 28, 26)
			setBounds(p.show, r.w-8-30, 8, 28, 26)
			p.objects = append(p.objects, p.actions, p.save, p.show)
		case n == 1: // a small tile; its menu has all
			setBounds(p.actions, r.w-8-28, 8, 28, 26)
			setBounds(p.save, r.w-8-28, 8, 28, 26)
			p.objects = append(p.objects, p.actions, p.save)
		}
	}
}

// cornerRoom is how many buttons have room in the top right corner, beside what
// stands at the left and above or beside the disc.
func (p *picturePart) cornerRoom(r box) int {
	left := float32(8)
	for _, o := range p.objects {
		taken := o == p.pill || o == p.disc && o.Position().Y < 8+26
		if taken {
			left = max(left, o.Position().X+o.Size().Width+4)
		}
	}
	return int((r.w - 8 - left) / 28)
}

// pointer counts the pointer in and out: it moves from the picture onto a
// button that lies on it without leaving the part.
func (p *picturePart) pointer(in bool) {
	before := p.inside > 0
	if in {
		p.inside++
	} else {
		p.inside = max(0, p.inside-1)
	}
	if now := p.inside > 0; now != before && p.bubble.lay.file.phase == fileHere {
		p.apply(true)
		p.bubble.owner.repaint()
	}
}

// CreateRenderer implements fyne.Widget.
func (p *picturePart) CreateRenderer() fyne.WidgetRenderer {
	return &partRenderer{objects: func() []fyne.CanvasObject { return p.objects }}
}
