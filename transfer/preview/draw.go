package preview

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"

	"satchel/transfer/metadata"
	"satchel/transfer/preview/jpegscale"
)

const (
	maxPixels = 120_000_000 // of a picture that is looked into
	maxRead   = 96 << 20    // bytes of a file that a decoder reads as a whole
)

// drawn is a picture that fits, upright, and how big the whole one is.
type drawn struct {
	small         *image.NRGBA
	width, height int
}

// draw decodes a picture to fit into width by height pixels.
func (j *job) draw(file *source, width, height int) (drawn, error) {
	var d drawing
	var err error
	switch file.kind {
	case "image/jpeg":
		d, err = drawJPEG(file, max(width, height))
	case "image/png":
		d, err = plain(file, png.DecodeConfig, png.Decode)
	case "image/gif":
		d, err = plain(file, gif.DecodeConfig, gif.Decode) // the first frame
	case "image/bmp":
		d, err = plain(file, bmp.DecodeConfig, bmp.Decode)
	case "image/webp":
		d, err = drawWebP(file)
	case "image/heic", "image/heif", "image/avif":
		d, err = j.drawHEIF(file)
	case "application/pdf":
		if j.Op != opLook { // other programs see what goes out, nothing that came from somebody
			return drawn{}, ErrNoPicture
		}
		d, err = drawPage(file, max(width, height))
	default:
		return drawn{}, ErrNoPicture
	}
	if err != nil {
		return drawn{}, err
	}
	if err := j.ctx.Err(); err != nil {
		return drawn{}, err
	}
	if d.turn == 0 {
		d.turn = 1
		if metadata.Knows(file.kind) {
			if facts, err := metadata.Read(file, file.size, file.kind); err == nil && facts.Orientation > 0 {
				d.turn = facts.Orientation
			}
		}
	}
	if d.turn >= 5 { // lies on its side
		width, height = height, width
		d.width, d.height = d.height, d.width
	}
	return drawn{turned(shrink(d.picture, width, height), d.turn), d.width, d.height}, nil
}

// drawing is what a decoder made: the picture, perhaps smaller than the file's.
type drawing struct {
	picture       image.Image
	width, height int // of the whole, as it lies
	turn          int // how it lies, by EXIF; 0: the file may say it
}

// checked refuses what has no size, or too much of it.
func checked(c image.Config, err error) (image.Config, error) {
	switch {
	case err != nil:
		return c, err
	case c.Width <= 0 || c.Height <= 0:
		return c, errors.New("the picture has no size")
	case c.Width > maxPixels/c.Height: // divided, so that no product of hostile numbers overflows
		return c, fmt.Errorf("%d x %d pixels are too many", c.Width, c.Height)
	}
	return c, nil
}

func plain(file *source, config func(io.Reader) (image.Config, error), decode func(io.Reader) (image.Image, error)) (drawing, error) {
	c, err := checked(config(file.reader()))
	if err != nil {
		return drawing{}, err
	}
	img, err := decode(file.reader())
	return drawing{picture: img, width: c.Width, height: c.Height}, err
}

// drawJPEG decodes as much as is shown: an eighth of a photo is enough for a thumbnail.
func drawJPEG(file *source, side int) (drawing, error) {
	c, err := checked(jpeg.DecodeConfig(file.reader()))
	if err != nil {
		return drawing{}, err
	}
	d := drawing{width: c.Width, height: c.Height}
	for by := 8; by > 1 && file.size <= maxRead; by /= 2 {
		if max(c.Width, c.Height)/by < side*3/2 {
			continue
		}
		data, err := file.whole()
		if err != nil {
			return d, err
		}
		if d.picture, err = jpegscale.Decode(data, by); err == nil || !errors.Is(err, jpegscale.ErrUnsupported) {
			return d, err
		}
		break
	}
	d.picture, err = jpeg.Decode(file.reader())
	return d, err
}

// whole reads all of the file.
func (s *source) whole() ([]byte, error) {
	if s.size > maxRead {
		return nil, fmt.Errorf("%d bytes are too many for a picture", s.size)
	}
	data := make([]byte, s.size)
	_, err := io.ReadFull(s.reader(), data)
	return data, err
}

// drawWebP decodes a WebP; of one that moves the first frame.
func drawWebP(file *source) (drawing, error) {
	data, err := file.whole()
	if err != nil {
		return drawing{}, err
	}
	if still, ok := firstFrame(data); ok {
		data = still
	}
	c, err := checked(webp.DecodeConfig(bytes.NewReader(data)))
	if err != nil {
		return drawing{}, err
	}
	img, err := webp.Decode(bytes.NewReader(data))
	return drawing{picture: img, width: c.Width, height: c.Height}, err
}
