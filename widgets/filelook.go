package widgets

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
)

// voiceWidth is how wide the waveform of spoken words is, where it can be.
const voiceWidth float32 = 216

// What a file's row shows of its inside: a document's first page on the tile,
// how a sound swells.

// applyPage lays the first page over the tile at y.
func (p *filePart) applyPage(y float32) {
	owner, f := p.bubble.owner, p.bubble.entry.item.Message.Content.File
	if f.Pages == 0 || !f.HasThumbnail() || p.bubble.lay.file.bad {
		return
	}
	entry, side := p.bubble.entry, int(math.Round(float64(fileTile*owner.scale())))
	img := owner.images.thumbnail(p, f.Thumbnail, side, side, false, func() { owner.redraw(entry) })
	if img == nil {
		return
	}
	if p.page.Image != image.Image(img) {
		p.page.Image = img
		p.page.Refresh()
	}
	setBounds(p.page, bubblePadY, y, fileTile, fileTile)
	p.objects = append(p.objects, p.page)
}

// waveKey is what a drawn waveform depends on.
type waveKey struct {
	bars       string
	w, h       int
	ink, faint color.NRGBA // of what was heard, and of what was not
	heard      int         // pixels
}

// applyWave draws how a sound swells.
func (p *filePart) applyWave() {
	r, it := p.bubble.lay.wave, &p.bubble.entry.item
	if r.empty() {
		return
	}
	scale := p.bubble.owner.scale()
	key := waveKey{bars: string(p.bubble.entry.item.Message.Content.File.Waveform),
		w: int(math.Round(float64(r.w * scale))), h: int(math.Round(float64(r.h * scale)))}
	key.ink = color.NRGBAModel.Convert(Color(ColorAccent)).(color.NRGBA)
	key.faint, key.heard = key.ink, key.w
	if f := it.Message.Content.File; it.Heard != (Heard{}) && f.Duration > 0 {
		key.faint.A = 0x60
		key.heard = int(min(max(it.Heard.At/f.Duration, 0), 1) * float64(key.w))
	}
	if key != p.waved {
		p.waved = key
		p.wave.Image = drawWave(key, scale)
		p.wave.Refresh()
	}
	setBounds(p.wave, r.x, r.y-p.bubble.lay.fileBox.y, r.w, r.h)
	p.objects = append(p.objects, p.wave)
	if p.bubble.lay.plays {
		owner, e := p.bubble.owner, p.bubble.entry
		p.seek.label = lang.L("Play from here")
		p.seek.tapped = func() { owner.play(e) }
		p.seek.seek = func(part float64) { owner.seek(e, part) }
		setBounds(p.seek, r.x, r.y-p.bubble.lay.fileBox.y, r.w, r.h)
		p.objects = append(p.objects, p.seek)
	}
}

// applyPlay makes the tile at y a button that plays and pauses: round, where the
// sound is the message itself.
func (p *filePart) applyPlay(y float32, on fyne.ThemeColorName) {
	owner, e := p.bubble.owner, p.bubble.entry
	if !p.bubble.lay.voice.empty() {
		p.tile.CornerRadius, on = fileTile/2, ColorOnAccent
		if fill := Color(ColorAccent); p.tile.FillColor != fill {
			p.tile.FillColor = fill
		}
	}
	p.tile.Refresh()
	g := glyphPlay
	p.play.label = lang.L("Play")
	if e.item.Heard.Playing {
		g, p.play.label = glyphPause, lang.L("Pause")
	}
	p.play.tapped = func() { owner.play(e) }
	setGlyph(p.glyph, g, Color(on))
	setBounds(p.glyph, bubblePadY+(fileTile-24)/2, y+(fileTile-24)/2, 24, 24)
	setBounds(p.play, bubblePadY, y, fileTile, fileTile)
	p.objects = append(p.objects, p.glyph, p.play)
}

// seekArea is a button that asks where it was pressed.
type seekArea struct {
	pressable
	seek func(part float64) // 0 to 1
}

func newSeekArea() *seekArea {
	a := &seekArea{}
	a.ExtendBaseWidget(a)
	return a
}

// Tapped implements fyne.Tappable.
func (a *seekArea) Tapped(e *fyne.PointEvent) {
	if w := a.Size().Width; w > 0 && a.seek != nil {
		a.seek(float64(min(max(e.Position.X/w, 0), 1)))
	}
}

// hasWave tells whether a file says how it swells, within bounds.
func hasWave(f *chat.File) bool { return len(f.Waveform) > 0 && len(f.Waveform) <= maxWave }

// fileName is what a file's row calls it.
func fileName(f *chat.File) string {
	if f.Voice && (f.IsSound() || f.MIME == "") {
		return lang.L("Voice message")
	}
	return shownName(f.Name)
}

// formatHeard is how much of a sound was heard: "0:12 / 0:34".
func formatHeard(h Heard, f *chat.File) string {
	return FormatDuration(min(h.At, f.Duration)) + " / " + FormatDuration(f.Duration)
}

// placeVoice adds spoken words: a round button, the waveform in the place of a
// name, and the time below.
func (l *bubbleLayout) placeVoice(it *Item, y, w, limit float32) (float32, float32) {
	f := it.Message.Content.File
	content := &it.Message.Content
	detail, extra := FormatDuration(f.Duration), float32(0)
	if it.Heard != (Heard{}) {
		detail = formatHeard(it.Heard, f)
	}
	if l.file.phase == fileRemote {
		detail = join(detail, FormatSize(l.file.size))
	}
	if content.Text == "" && content.Title == "" && content.Location == nil {
		l.meta = metaDetail
		detail = join(detail, l.clock)
		if it.Mine {
			extra = tickGap + tickWidth
		}
	}
	column := min(max(voiceWidth, measureWord(FormatDuration(f.Duration)+" / "+detail, TinySize, fyne.TextStyle{})+extra), limit-fileColumn-bubblePadX)
	l.detail = placed{layoutText(ElideEnd(detail, column-extra, TinySize, false), column+1, TinySize, noteLine, fyne.TextStyle{}), fyne.NewPos(fileColumn, y+46-noteLine/2)}
	l.detail.lines = l.detail.lines[:1]
	l.voice = box{fileColumn, y + 8, column, waveHeight}
	l.wave = l.voice
	l.fileBox = box{0, y, fileColumn + column + bubblePadX, fileRow}
	return y + fileRow, max(w, l.fileBox.w)
}

// drawWave draws a bar with round ends for each part of a sound.
func drawWave(k waveKey, scale float32) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, max(1, k.w), max(1, k.h)))
	n := len(k.bars)
	pitch := float64(k.w) / float64(n)
	wide := math.Max(1, math.Min(pitch*0.6, 4*float64(scale)))
	for i := range n {
		high := math.Max(wide, float64(k.bars[i])/255*float64(k.h))
		middle := (float64(i) + 0.5) * pitch
		ink := k.faint
		if middle <= float64(k.heard) {
			ink = k.ink
		}
		drawBar(img, middle-wide/2, wide, high, ink)
	}
	return img
}

// drawBar draws an upright bar with round ends, from a place on, in the middle
// of the height.
func drawBar(img *image.NRGBA, from, wide, high float64, ink color.NRGBA) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	top := (float64(h) - high) / 2
	for y := max(0, int(top)); y < h && float64(y) < top+high; y++ {
		for x := max(0, int(from)); x < w && float64(x) < from+wide; x++ {
			// Covered as far as the pixel lies in the bar, whose ends are round.
			px, py, round := float64(x)+0.5-from-wide/2, float64(y)+0.5-top, wide/2
			d := math.Abs(px)
			if py < round {
				d = math.Hypot(px, round-py)
			} else if py > high-round {
				d = math.Hypot(px, py-(high-round))
			}
			one := ink
			one.A = uint8(float64(ink.A) * math.Min(math.Max(round+0.5-d, 0), 1))
			img.SetNRGBA(x, y, one)
		}
	}
}
