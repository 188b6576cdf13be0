package preview

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"

	"github.com/disintegration/imaging"
	"go.n16f.net/thumbhash"
	"golang.org/x/image/draw"
)

// shrink makes a picture fit into width by height pixels, on white where it is
// transparent; a smaller one stays as it is. Two steps: a fast one to twice the
// size, then a good one.
func shrink(picture image.Image, width, height int) *image.NRGBA {
	b := picture.Bounds()
	w, h := b.Dx(), b.Dy()
	if part := max(float64(w)/float64(2*width), float64(h)/float64(2*height)); part > 1 {
		w = max(1, int(float64(w)/part))
		h = max(1, int(float64(h)/part))
	}
	rough := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(rough, rough.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(rough, rough.Bounds(), picture, b, draw.Over, nil)
	return imaging.Fit(rough, width, height, imaging.Lanczos)
}

// turned sets a picture upright, by the numbers of EXIF.
func turned(img *image.NRGBA, orientation int) *image.NRGBA {
	switch orientation {
	case 2:
		return imaging.FlipH(img)
	case 3:
		return imaging.Rotate180(img)
	case 4:
		return imaging.FlipV(img)
	case 5:
		return imaging.Transpose(img)
	case 6:
		return imaging.Rotate270(img)
	case 7:
		return imaging.Transverse(img)
	case 8:
		return imaging.Rotate90(img)
	}
	return img
}

// Encode writes a JPEG as good as fits a message.
func Encode(img *image.NRGBA) ([]byte, error) {
	for {
		for quality := 87; quality >= 40; quality -= 12 {
			var out bytes.Buffer
			if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
				return nil, err
			}
			if out.Len() <= thumbnailSize {
				return out.Bytes(), nil
			}
		}
		b := img.Bounds() // noise does not compress: smaller, then
		img = imaging.Resize(img, max(1, b.Dx()*3/4), max(1, b.Dy()*3/4), imaging.Box)
	}
}

// placeholder is a hash of some 25 bytes from which a blurred picture can be drawn.
func placeholder(img *image.NRGBA) []byte {
	return thumbhash.EncodeImage(imaging.Fit(img, 100, 100, imaging.Box))
}
