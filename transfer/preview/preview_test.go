package preview

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"

	"satchel/chat"
)

// halves is a picture, red on the left and blue on the right, noisy if asked.
func halves(w, h int, noise bool) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			c := color.RGBA{200, 20, 20, 255}
			if x >= w/2 {
				c = color.RGBA{20, 20, 200, 255}
			}
			if noise {
				v := r.Uint32()
				c.R, c.G, c.B = byte(v), byte(v>>8), byte(v>>16)
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// withOrientation puts an EXIF block behind a JPEG's first marker.
func withOrientation(jpg []byte, o uint16) []byte {
	tiff := []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(o), 0, 0, 0, 0, 0, 0}
	exif := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{}, jpg[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(exif)+2))
	return append(append(out, exif...), jpg[2:]...)
}

func encoded(t testing.TB, img image.Image, kind string) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch kind {
	case "jpeg":
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 95})
	case "png":
		err = png.Encode(&b, img)
	case "gif":
		err = gif.Encode(&b, img, nil)
	case "bmp":
		err = bmp.Encode(&b, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// a 1 x 1 WebP, lossless
const webpPixel = "RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"

// look is Look, without what a picture says of itself.
func look(ctx context.Context, path string) (chat.File, error) {
	file, _, err := Look(ctx, path)
	return file, err
}

func TestPreviewOfPictures(t *testing.T) {
	clear := image.NewNRGBA(image.Rect(0, 0, 64, 48))
	for _, c := range []struct {
		name, mime    string
		data          []byte
		width, height int
	}{
		{"wide.jpg", "image/jpeg", encoded(t, halves(750, 500, false), "jpeg"), 750, 500},
		{"noise.jpg", "image/jpeg", encoded(t, halves(400, 400, true), "jpeg"), 400, 400},
		{"lying.bin", "image/jpeg", withOrientation(encoded(t, halves(400, 200, false), "jpeg"), 6), 200, 400},
		{"tiny.png", "image/png", encoded(t, halves(1, 1, false), "png"), 1, 1},
		{"strip.png", "image/png", encoded(t, halves(2000, 2, false), "png"), 2000, 2},
		{"clear.png", "image/png", encoded(t, clear, "png"), 64, 48},
		{"a.gif", "image/gif", encoded(t, halves(50, 40, false), "gif"), 50, 40},
		{"a.bmp", "image/bmp", encoded(t, halves(50, 40, false), "bmp"), 50, 40},
		{"a.webp", "image/webp", []byte(webpPixel), 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := look(t.Context(), write(t, c.name, c.data))
			if err != nil || got.MIME != c.mime || got.Width != c.width || got.Height != c.height {
				t.Fatalf("%s %d x %d, %v", got.MIME, got.Width, got.Height, err)
			}
			if len(got.Thumbnail) == 0 || len(got.Thumbnail) > thumbnailSize || len(got.Placeholder) == 0 || len(got.Placeholder) > 64 {
				t.Fatalf("thumbnail of %d bytes, placeholder of %d", len(got.Thumbnail), len(got.Placeholder))
			}
			small, err := jpeg.Decode(bytes.NewReader(got.Thumbnail))
			if err != nil || small.Bounds().Dx() > thumbnailSide || small.Bounds().Dy() > thumbnailSide {
				t.Fatalf("%v, %v", small.Bounds(), err)
			}
			r, _, b, _ := small.At(0, 0).RGBA()
			switch c.name {
			case "clear.png":
				if r < 0xf000 || b < 0xf000 {
					t.Errorf("transparent became %x %x, not white", r, b)
				}
			case "lying.bin": // turned by a quarter: the left side is on top
				end := small.Bounds().Max
				_, _, below, _ := small.At(0, end.Y-1).RGBA()
				right, _, _, _ := small.At(end.X-1, 0).RGBA()
				if r < 0x8000 || below < 0x8000 || right < 0x8000 {
					t.Errorf("not upright: %x %x %x", r, below, right)
				}
			}
		})
	}
}

func TestOrientations(t *testing.T) {
	// Where red (left) and blue (right) are afterwards: the corner that was top left.
	for o, corner := range map[uint16]image.Point{1: {0, 0}, 2: {1, 0}, 3: {1, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 1}, 8: {0, 1}} {
		img := halves(40, 20, false)
		for y := range 10 {
			for x := range 20 {
				img.SetRGBA(x, y, color.RGBA{20, 200, 20, 255})
			}
		}
		got, err := look(t.Context(), write(t, "a.jpg", withOrientation(encoded(t, img, "jpeg"), o)))
		if err != nil {
			t.Fatal(err)
		}
		small, err := jpeg.Decode(bytes.NewReader(got.Thumbnail))
		if err != nil {
			t.Fatal(err)
		}
		b := small.Bounds()
		r, g, _, _ := small.At(corner.X*(b.Dx()-1), corner.Y*(b.Dy()-1)).RGBA()
		if g < 0x8000 || r > 0x8000 {
			t.Errorf("orientation %d: the green corner is not at %v", o, corner)
		}
		if lying := o >= 5; lying != (got.Width == 20) {
			t.Errorf("orientation %d: %d x %d", o, got.Width, got.Height)
		}
	}
}

func TestPreviewOfOthers(t *testing.T) {
	for name, want := range map[string]struct{ data, mime string }{
		"a.txt": {"words", "text/plain"}, "a.md": {"# words", "text/markdown"}, "a.jpg": {"words", "text/plain"},
		"a.zip": {"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "application/zip"}, "a.pdf": {"%PDF-1.7\n", "application/pdf"},
		"a.csv": {"", "text/csv"}, "a": {"\x00\x01\x02", "application/octet-stream"},
		"page.png": {"<html><body>", "text/html"}, "a.svg": {`<svg xmlns="http://www.w3.org/2000/svg"/>`, "image/svg+xml"},
	} {
		got, err := look(t.Context(), write(t, name, []byte(want.data)))
		if err != nil || got.MIME != want.mime || got.Thumbnail != nil || got.Width != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := look(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "no file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := look(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// A picture that lies about itself costs its preview, and nothing else.
func TestPreviewOfHostilePictures(t *testing.T) {
	huge := encoded(t, halves(1, 1, false), "bmp")
	binary.LittleEndian.PutUint32(huge[18:], 20000)
	binary.LittleEndian.PutUint32(huge[22:], 20000)
	jpg := encoded(t, halves(300, 300, true), "jpeg")
	for name, data := range map[string][]byte{"huge.bmp": huge, "cut.jpg": jpg[:len(jpg)/2], "magic.png": []byte("\x89PNG\r\n\x1a\n")} {
		got, err := look(t.Context(), write(t, name, data))
		if err == nil || !strings.HasPrefix(got.MIME, "image/") || got.Thumbnail != nil || got.Width != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := look(ended, write(t, "a.jpg", jpg)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
