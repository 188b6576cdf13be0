package preview

import (
	"errors"
	"image"
	"image/draw"
	"image/gif"
	"time"
)

const (
	maxFilm   = 96 << 20 // bytes of all frames together, as they are shown
	maxFrames = 600
)

// film decodes a GIF that moves. One with too many pixels is its first frame.
func film(file *source, width, height int) ([]*image.NRGBA, []time.Duration, error) {
	c, err := checked(gif.DecodeConfig(file.reader()))
	if err != nil {
		return nil, nil, err
	}
	if c.Width > maxSide || c.Height > maxSide {
		return nil, nil, errors.New("too big to move")
	}
	g, err := gif.DecodeAll(file.reader())
	if err != nil && (g == nil || len(g.Image) == 0) {
		return nil, nil, err
	}
	canvas := image.NewNRGBA(image.Rect(0, 0, c.Width, c.Height))
	draw.Draw(canvas, canvas.Rect, image.White, image.Point{}, draw.Src)
	var frames []*image.NRGBA
	var delays []time.Duration
	total := 0
	for i, part := range g.Image {
		var before *image.NRGBA
		if g.Disposal[i] == gif.DisposalPrevious {
			before = image.NewNRGBA(canvas.Rect)
			copy(before.Pix, canvas.Pix)
		}
		draw.Draw(canvas, part.Bounds(), part, part.Bounds().Min, draw.Over)
		small := shrink(canvas, width, height)
		if total += len(small.Pix); total > maxFilm || i == maxFrames {
			break // what moves for that long begins anew earlier
		}
		frames = append(frames, small)
		delay := time.Duration(g.Delay[i]) * 10 * time.Millisecond
		if delay < 20*time.Millisecond {
			delay = 100 * time.Millisecond // as browsers do
		}
		delays = append(delays, delay)
		switch g.Disposal[i] {
		case gif.DisposalBackground:
			draw.Draw(canvas, part.Bounds(), image.White, image.Point{}, draw.Src)
		case gif.DisposalPrevious:
			canvas = before
		}
	}
	return frames, delays, nil
}
