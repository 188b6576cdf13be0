package widgets

import (
	"bytes"
	"image"
	_ "image/jpeg" // thumbnails are JPEG
	_ "image/png"  // or PNG

	"golang.org/x/image/draw"
)

const (
	maxThumbnailBytes = 32 << 10
	maxThumbnailSide  = 512 // pixels: 320 is promised, a hostile sender promises nothing
)

// decodeThumbnail returns data as a picture of exactly w by h pixels, cropped
// to that shape; nil when it is no picture, or a bigger one than was promised.
func decodeThumbnail(data []byte, w, h int, blurred bool) *image.RGBA {
	c, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || format != "jpeg" && format != "png" || c.Width < 1 || c.Height < 1 || c.Width > maxThumbnailSide || c.Height > maxThumbnailSide {
		return nil
	}
	src, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	if blurred {
		// Small and big again is a blur that costs nothing.
		small := image.NewRGBA(image.Rect(0, 0, max(2, w/14), max(2, h/14)))
		draw.ApproxBiLinear.Scale(small, small.Bounds(), src, cover(src.Bounds(), w, h), draw.Src, nil)
		src = small
		out := image.NewRGBA(image.Rect(0, 0, w, h))
		draw.CatmullRom.Scale(out, out.Bounds(), src, src.Bounds(), draw.Src, nil)
		return out
	}
	return ScaleTo(src, w, h)
}

// ScaleTo returns src at exactly w by h pixels, cropped to that shape.
func ScaleTo(src image.Image, w, h int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(out, out.Bounds(), src, cover(src.Bounds(), w, h), draw.Src, nil)
	return out
}

// cover is the middle of r that has the shape of w by h.
func cover(r image.Rectangle, w, h int) image.Rectangle {
	if cut := r.Dx() - r.Dy()*w/h; cut > 1 {
		r.Min.X += cut / 2
		r.Max.X -= cut - cut/2
	} else if cut := r.Dy() - r.Dx()*h/w; cut > 1 {
		r.Min.Y += cut / 2
		r.Max.Y -= cut - cut/2
	}
	return r
}
