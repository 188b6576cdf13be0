package preview

import (
	"bytes"
	"image"
	"io"

	"github.com/gen2brain/avif"
	"github.com/gen2brain/heic"

	"satchel/transfer/metadata"
)

// The decoders run in WebAssembly. Satchel's programs are built with the tag
// nodynamic, so that none looks for libraries of the system.
func init() { heic.ForceWasmMode = true }

// heifPixels is how many pixels of a HEIC fit into a helper's bounds: with more,
// the small copy that cameras put into the file has to do.
const heifPixels = 3_000_000

var heicReady, avifReady bool

// drawHEIF decodes a HEIC or AVIF.
func (j *job) drawHEIF(file *source) (drawing, error) {
	data, err := file.whole()
	if err != nil {
		return drawing{}, err
	}
	config, decode := heic.DecodeConfig, heic.Decode
	if file.kind == "image/avif" {
		config = avif.DecodeConfig
		decode = func(r io.Reader) (image.Image, error) { return avif.Decode(r, avif.Options{AutoRotate: true}) }
		j.warm(&avifReady, func() { _, _ = avif.Decode(bytes.NewReader(nil)) })
	} else {
		j.warm(&heicReady, func() { _, _ = heic.DecodeConfig(bytes.NewReader(nil)) })
	}
	c, err := checked(config(bytes.NewReader(data)))
	if err != nil {
		return drawing{}, err
	}
	d := drawing{turn: 1} // the decoders turn it
	if h, err := metadata.ParseHEIF(bytes.NewReader(data), int64(len(data))); err == nil && h.Thumbnail > 0 && !j.Large && c.Width*c.Height > heifPixels/4 {
		h.MakePrimary(data, h.Thumbnail)
		if _, err := checked(config(bytes.NewReader(data))); err == nil {
			d.picture, _ = decode(bytes.NewReader(data))
		}
		h.MakePrimary(data, h.Primary)
	}
	if d.picture == nil {
		if d.picture, err = decode(bytes.NewReader(data)); err != nil {
			return d, err
		}
	}
	d.width, d.height = c.Width, c.Height
	if b := d.picture.Bounds(); (b.Dx() > b.Dy()) != (c.Width > c.Height) { // it was turned, its header's numbers were not
		d.width, d.height = d.height, d.width
	}
	return d, nil
}
