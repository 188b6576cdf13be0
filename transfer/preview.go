package transfer

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"mime"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/bep/imagemeta"
	"github.com/gabriel-vasile/mimetype"
	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"
	"golang.org/x/sync/semaphore"

	"satchel/chat"
)

const (
	unknownType   = "application/octet-stream"
	maxPixels     = 100_000_000 // of a picture that is looked into
	thumbnailSide = 320         // pixels
	thumbnailSize = 32 << 10    // bytes
)

// Pictures are decoded one a core at a time, and no more pixels than the
// biggest picture has: that bounds the memory, whatever is sent.
var (
	decoders = semaphore.NewWeighted(int64(runtime.NumCPU()))
	pixels   = semaphore.NewWeighted(maxPixels)
)

// decoder reads one format. The header alone tells the size.
type decoder struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	meta   imagemeta.ImageFormat // 0: has no orientation
}

var decoderOf = map[string]decoder{
	"image/jpeg": {jpeg.DecodeConfig, jpeg.Decode, imagemeta.JPEG},
	"image/png":  {png.DecodeConfig, png.Decode, imagemeta.PNG},
	"image/webp": {webp.DecodeConfig, webp.Decode, imagemeta.WebP},
	"image/gif":  {gif.DecodeConfig, gif.Decode, 0}, // the first frame
	"image/bmp":  {bmp.DecodeConfig, bmp.Decode, 0},
}

// Preview looks into a file and returns its MIME type, by content, and for a
// picture its upright size, a thumbnail and a placeholder. The other fields
// are empty. The error says why a picture gave nothing but its type, or even
// that could not be read; it never stands in the way of sending the file.
// Preview may be called from anywhere; it returns early when ctx ends.
func Preview(ctx context.Context, path string) (chat.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return chat.File{}, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return chat.File{}, err
	} else if !info.Mode().IsRegular() {
		return chat.File{}, plainFile(filepath.Base(path), info)
	}
	var file chat.File
	if file.MIME, err = typeOf(f, path); err != nil {
		return chat.File{}, err
	}
	d, ok := decoderOf[file.MIME]
	if !ok {
		return file, nil
	}
	looked := file
	if err := d.look(ctx, f, &looked); err != nil {
		return file, fmt.Errorf("look into %s: %w", file.MIME, err)
	}
	return looked, nil
}

// typeOf tells a file's MIME type by its content. Text has no marks of its
// own: there the name decides between kinds of text.
func typeOf(f *os.File, path string) (string, error) {
	m, err := mimetype.DetectReader(io.NewSectionReader(f, 0, 1<<20))
	if err != nil {
		return "", err
	}
	found, _, err := mime.ParseMediaType(m.String())
	if err != nil {
		return unknownType, nil
	}
	if info, err := f.Stat(); found == "text/plain" || err == nil && info.Size() == 0 {
		if t, ok := textTypes[strings.ToLower(filepath.Ext(path))]; ok {
			return t, nil
		}
	}
	return found, nil
}

var textTypes = map[string]string{
	".css": "text/css", ".csv": "text/csv", ".ics": "text/calendar", ".js": "text/javascript", ".json": "application/json",
	".log": "text/plain", ".md": "text/markdown", ".svg": "image/svg+xml", ".tsv": "text/tab-separated-values",
	".txt": "text/plain", ".vcf": "text/vcard", ".xml": "text/xml", ".yaml": "application/yaml", ".yml": "application/yaml",
	".html": "text/html", ".htm": "text/html",
}

// look fills in what a picture shows.
func (d decoder) look(ctx context.Context, f *os.File, file *chat.File) error {
	return d.open(ctx, f, func(picture image.Image, turn int) error {
		small := turned(shrink(picture, thumbnailSide, thumbnailSide), turn)
		b := picture.Bounds()
		file.Width, file.Height = b.Dx(), b.Dy()
		if turn >= 5 { // lies on its side
			file.Width, file.Height = file.Height, file.Width
		}
		err := ctx.Err()
		if err == nil {
			file.Thumbnail, err = encode(small)
		}
		if err == nil {
			file.Placeholder = placeholder(small)
		}
		return err
	})
}

// open decodes a picture under limits and hands it to use, with the number of
// EXIF that says how it lies. A decoder that panics costs this picture only.
func (d decoder) open(ctx context.Context, f *os.File, use func(picture image.Image, turn int) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the decoder gave up: %v", p)
		}
	}()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	from := func() io.ReadSeeker { return &contextSeeker{ctx, io.NewSectionReader(f, 0, size)} }

	config, err := d.config(from())
	if err != nil {
		return err
	}
	if config.Width <= 0 || config.Height <= 0 {
		return errors.New("the picture has no size")
	}
	// Divided, so that no product of hostile numbers overflows.
	if config.Width > maxPixels/config.Height {
		return fmt.Errorf("%d x %d pixels are too many", config.Width, config.Height)
	}
	area := int64(config.Width) * int64(config.Height)
	if err := pixels.Acquire(ctx, area); err != nil {
		return err
	}
	defer pixels.Release(area)
	if err := decoders.Acquire(ctx, 1); err != nil {
		return err
	}
	defer decoders.Release(1)

	turn := d.orientation(from())
	picture, err := d.decode(from())
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return use(picture, turn)
}

// orientation is what EXIF says of how the camera was held: 1 upright, to 8.
func (d decoder) orientation(r io.ReadSeeker) int {
	turn := 1
	if d.meta == 0 {
		return turn
	}
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: r, ImageFormat: d.meta, Sources: imagemeta.EXIF,
		ShouldHandleTag: func(t imagemeta.TagInfo) bool { return t.Tag == "Orientation" && t.Namespace == "IFD0" },
		HandleTag: func(t imagemeta.TagInfo) error {
			if v, ok := t.Value.(uint16); ok && v >= 1 && v <= 8 {
				turn = int(v)
			}
			return imagemeta.ErrStopWalking
		},
	})
	return turn
}

// contextSeeker reads until its context ends.
type contextSeeker struct {
	ctx context.Context
	io.ReadSeeker
}

func (c *contextSeeker) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.ReadSeeker.Read(p)
}
