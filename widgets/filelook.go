package widgets

import (
	"image"
	"image/color"
	"math"
)

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
	bars string
	w, h int
	ink  color.NRGBA
}

// applyWave draws how a sound swells.
func (p *filePart) applyWave() {
	r := p.bubble.lay.wave
	if r.empty() {
		return
	}
	scale := p.bubble.owner.scale()
	key := waveKey{bars: string(p.bubble.entry.item.Message.Content.File.Waveform),
		w: int(math.Round(float64(r.w * scale))), h: int(math.Round(float64(r.h * scale)))}
	key.ink = color.NRGBAModel.Convert(Color(ColorAccent)).(color.NRGBA)
	if key != p.waved {
		p.waved = key
		p.wave.Image = drawWave(key, scale)
		p.wave.Refresh()
	}
	setBounds(p.wave, r.x, r.y-p.bubble.lay.fileBox.y, r.w, r.h)
	p.objects = append(p.objects, p.wave)
}

// drawWave draws a bar with round ends for each part of a sound.
func drawWave(k waveKey, scale float32) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, max(1, k.w), max(1, k.h)))
	n := len(k.bars)
	pitch := float64(k.w) / float64(n)
	wide := math.Max(1, math.Min(pitch*0.6, 4*float64(scale)))
	for i := range n {
		from := float64(i)*pitch + (pitch-wide)/2
		high := math.Max(wide, float64(k.bars[i])/255*float64(k.h))
		top := (float64(k.h) - high) / 2
		for y := int(top); y < k.h && float64(y) < top+high; y++ {
			for x := int(from); x < k.w && float64(x) < from+wide; x++ {
				// Covered as far as the pixel lies in the bar, whose ends are round.
				px, py, round := float64(x)+0.5-from-wide/2, float64(y)+0.5-top, wide/2
				d := math.Abs(px)
				if py < round {
					d = math.Hypot(px, round-py)
				} else if py > high-round {
					d = math.Hypot(px, py-(high-round))
				}
				cover := math.Min(math.Max(round+0.5-d, 0), 1)
				ink := k.ink
				ink.A = uint8(float64(ink.A) * cover)
				img.SetNRGBA(x, y, ink)
			}
		}
	}
	return img
}
