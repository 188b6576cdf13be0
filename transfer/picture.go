package transfer

import (
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
)

// ErrNoPicture says that a file is nothing that can be shown as a picture.
var ErrNoPicture = errors.New("this file is no picture that Satchel can show")

// Picture decodes the picture in a file, upright, to fit into width by height
// pixels; a smaller one stays as it is. What it is, is told by its content. It
// may be called from anywhere, and returns early when ctx ends.
func Picture(ctx context.Context, path string, width, height int) (*image.NRGBA, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, plainFile(filepath.Base(path), info)
	}
	kind, err := typeOf(f, path)
	if err != nil {
		return nil, err
	}
	d, ok := decoderOf[kind]
	if !ok {
		return nil, ErrNoPicture
	}
	var out *image.NRGBA
	err = d.open(ctx, f, func(picture image.Image, turn int) error {
		w, h := width, height
		if turn >= 5 { // lies on its side
			w, h = h, w
		}
		out = turned(shrink(picture, w, h), turn)
		return nil
	})
	return out, err
}
