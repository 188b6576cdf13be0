package transfer

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"

	"github.com/disintegration/imaging"

	"satchel/transfer/preview"
)

const (
	faceSide = 192 // pixels, as long as it is wide
	faceMost = 16 << 10
)

// Face makes somebody's picture of a file: its middle, square and small, a JPEG
// of 16 KiB at most with nothing in it but pixels.
func Face(ctx context.Context, path string) ([]byte, error) {
	img, err := preview.Picture(ctx, path, 4*faceSide, 4*faceSide)
	if err != nil {
		return nil, err
	}
	square := imaging.Fill(img, faceSide, faceSide, imaging.Center, imaging.Lanczos)
	for quality := 88; quality > 20; quality -= 12 {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, square, &jpeg.Options{Quality: quality}); err != nil {
			return nil, err
		}
		if b.Len() <= faceMost {
			return b.Bytes(), nil
		}
	}
	return nil, errors.New("this picture can't be made small enough; take another one")
}
