package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
)

// filePart is the row of a file: tile, name, details, bar and buttons.
type filePart struct {
	baseWidgetPart
	bubble *bubble

	tile    *canvas.Rectangle
	letters *canvas.Text
	name    *canvas.Text
	details []*canvas.Text
	track   *canvas.Rectangle
	bar     *canvas.Rectangle
	page    *canvas.Image // of a document: its first
	play    *pressable    // over the tile, of a sound
	glyph   *canvas.Image // on it
	folder  *canvas.Image
	wave    *canvas.Image
	waved   waveKey
	seek    *seekArea // over the waveform
	words   *pressable
	first   *pressable // pause, or go on
	second  *pressable // cancel
	inside  *pressable // a folder's row: what is in it
	objects []fyne.CanvasObject
}

const folderIcon float32 = 22

func newFilePart(b *bubble) *filePart {
	p := &filePart{bubble: b, tile: &canvas.Rectangle{CornerRadius: ButtonRadius}, letters: &canvas.Text{}, name: &canvas.Text{},
		folder: &canvas.Image{FillMode: canvas.ImageFillContain},
		page:   &canvas.Image{ScaleMode: canvas.ImageScaleFastest, FillMode: canvas.ImageFillCover, CornerRadius: ButtonRadius},
		wave:   &canvas.Image{ScaleMode: canvas.ImageScaleFastest},
		play:   newArea(), glyph: &canvas.Image{FillMode: canvas.ImageFillContain}, seek: newSeekArea(),
		track: &canvas.Rectangle{CornerRadius: 2}, bar: &canvas.Rectangle{CornerRadius: 2},
		words: newWordButton(), first: newGlyphButton(), second: newGlyphButton(), inside: newArea()}
	for _, b := range []*pressable{p.words, p.first, p.second, p.inside, p.play, &p.seek.pressable} {
		b.menu = p.bubble.showMenu
	}
	p.ExtendBaseWidget(p)
	return p
}

// apply shows the file of the bubble's message. The part begins at the
// bubble's left edge, so that its places are those of the layout.
func (p *filePart) apply() {
	lay := p.bubble.lay
	s, r := &lay.file, lay.fileBox
	it := &p.bubble.entry.item
	p.objects = p.objects[:0]
	y := (r.h - fileTile) / 2
	if s.moving() {
		y += 0.5
	}
	tile, on := fileTileColor(it.Message.Content.File)
	if s.bad && s.upload {
		tile, on = ColorBad, ColorOnAccent
	}
	fill := Color(tile)
	if s.phase == filePaused || s.phase == fileWaiting || s.bad && !s.upload {
		fill = faded(fill)
	}
	if p.tile.FillColor != fill {
		p.tile.FillColor = fill
		p.tile.Refresh()
	}
	setBounds(p.tile, bubblePadY, y, fileTile, fileTile)
	if p.tile.CornerRadius = ButtonRadius; lay.plays {
		p.objects = append(p.objects, p.tile)
		p.applyPlay(y, on)
		if !lay.voice.empty() {
			p.applyDetails()
			p.applyWave()
			setBounds(p, r.x, r.y, lay.size.Width, r.h)
			return
		}
		setText(p.name, lay.name, TextSize, true, ColorText)
		centerLine(p.name, fileColumn, 23)
		p.objects = append(p.objects, p.name)
		p.applyDetails()
		p.applyButtons()
		p.applyWave()
		setBounds(p, r.x, r.y, lay.size.Width, r.h)
		return
	}
	ext := extension(it.Message.Content.File.Name)
	if ext == "" {
		ext = "•"
	}
	size := setText(p.letters, ext, TinySize, true, on)
	centerLine(p.letters, bubblePadY+(fileTile-size.Width)/2, y+fileTile/2)

	nameY := float32(23)
	if s.moving() {
		nameY = 17.5
	}
	setText(p.name, lay.name, TextSize, true, ColorText)
	centerLine(p.name, fileColumn, nameY)
	p.objects = append(p.objects, p.tile, p.letters, p.name)
	if it.Message.Content.File.IsFolder() {
		p.objects[1] = p.folder
		if r := IconFolder.Resource(Color(on)); p.folder.Resource == nil || p.folder.Resource.Name() != r.Name() {
			p.folder.Resource = r
			p.folder.Refresh()
		}
		setBounds(p.folder, bubblePadY+(fileTile-folderIcon)/2, y+(fileTile-folderIcon)/2, folderIcon, folderIcon)
	}
	p.applyPage(y)
	p.applyDetails()
	if s.moving() {
		p.applyBar()
	}
	if owner, e := p.bubble.owner, p.bubble.entry; it.Message.Content.File.IsFolder() && it.Message.State == chat.MessageStored && owner.OnTree != nil {
		p.inside.label, p.inside.tapped = lang.L("What is in it…"), func() { owner.tree(e) }
		setBounds(p.inside, bubblePadY, y, max(fileTile, r.w-bubblePadY-float32(lay.controls)*fileControl-lay.wordsWidth()), fileTile)
		p.objects = append(p.objects, p.inside)
	}
	p.applyButtons()
	p.applyWave()
	setBounds(p, r.x, r.y, lay.size.Width, r.h)
}

// wordsWidth is how much of a row the button with words takes.
func (l *bubbleLayout) wordsWidth() float32 {
	if l.words == "" {
		return 0
	}
	return wordButtonSize(l.words).Width + metaGap
}

func (p *filePart) applyDetails() {
	lay := p.bubble.lay
	name := ColorMuted
	if lay.file.bad {
		name = ColorBad
	}
	for i, line := range lay.detail.lines {
		if i == len(p.details) {
			p.details = append(p.details, &canvas.Text{})
		}
		setText(p.details[i], lay.detail.text[line.from:line.to], TinySize, false, name)
		centerLine(p.details[i], fileColumn, lay.detail.at.Y-lay.fileBox.y+noteLine*(float32(i)+0.5))
		p.objects = append(p.objects, p.details[i])
	}
}

func (p *filePart) applyBar() {
	lay := p.bubble.lay
	width := lay.fileBox.w - fileColumn - bubblePadY - float32(lay.controls)*fileControl - 6
	track, fill := Color(ColorTrack), Color(ColorAccent)
	if lay.file.phase != fileMoving && lay.file.phase != fileFinishing {
		fill = faded(fill)
	}
	if p.track.FillColor != track || p.bar.FillColor != fill {
		p.track.FillColor, p.bar.FillColor = track, fill
		p.track.Refresh()
		p.bar.Refresh()
	}
	setBounds(p.track, fileColumn, 48.5, width, 4)
	p.objects = append(p.objects, p.track)
	if done := width * lay.file.part(); done >= 1 {
		setBounds(p.bar, fileColumn, 48.5, max(4, done), 4)
		p.objects = append(p.objects, p.bar)
	}
}

func (p *filePart) applyButtons() {
	lay, owner, e := p.bubble.lay, p.bubble.owner, p.bubble.entry
	s := &lay.file
	right := lay.fileBox.w - bubblePadY
	if lay.words != "" {
		tapped := func() { owner.file(e) }
		if s.phase == fileFailed {
			tapped = func() { owner.resume(s.transfer) }
		}
		size := wordButtonSize(lay.words)
		ground := ColorIncoming
		if e.item.Mine {
			ground = ColorOutgoing
		}
		p.words.setWords(lay.words, ground, tapped)
		// Two files below one another have their buttons below one another.
		setBounds(p.words, lay.size.Width-bubblePadY-size.Width, (lay.fileBox.h-size.Height)/2, size.Width, size.Height)
		p.objects = append(p.objects, p.words)
		return
	}
	if lay.controls == 0 {
		return
	}
	id := s.transfer
	p.second.setGlyph(glyphCross, ColorMuted, lang.L("Cancel"), func() { owner.cancel(id) })
	setBounds(p.second, right-fileControl, (lay.fileBox.h-fileControl)/2, fileControl, fileControl)
	p.objects = append(p.objects, p.second)
	if lay.controls < 2 {
		return
	}
	if s.phase == filePaused || s.phase == fileWaiting {
		p.first.setGlyph(glyphPlay, ColorMuted, lang.L("Go on"), func() { owner.resume(id) })
	} else {
		p.first.setGlyph(glyphPause, ColorMuted, lang.L("Pause"), func() { owner.pause(id) })
	}
	setBounds(p.first, right-2*fileControl, (lay.fileBox.h-fileControl)/2, fileControl, fileControl)
	p.objects = append(p.objects, p.first)
}

// TappedSecondary implements fyne.SecondaryTappable.
func (p *filePart) TappedSecondary(e *fyne.PointEvent) { p.bubble.showMenu(e) }

// CreateRenderer implements fyne.Widget.
func (p *filePart) CreateRenderer() fyne.WidgetRenderer {
	return &partRenderer{objects: func() []fyne.CanvasObject { return p.objects }}
}
