package jpegscale

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"testing"
)

// scene is a picture with slopes, edges and some grain.
func scene(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			grain := byte((x*7919 ^ y*104729) >> 3 & 15)
			c := color.RGBA{byte(255 * x / w), byte(255 * y / h), byte(128 + 100*math.Sin(float64(x+y)/9)), 255}
			if x/40%2 == y/40%2 {
				c.R, c.G = c.G, c.R
			}
			c.R = c.R/2 + grain
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func gray(img image.Image) *image.Gray {
	out := image.NewGray(img.Bounds())
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			out.Set(x, y, img.At(x, y))
		}
	}
	return out
}

// apart is how far two pictures are apart on the average, in lightness: a is
// the small one, each of its pixels the mean of a square of b.
func apart(a, b image.Image, side int) float64 {
	var sum float64
	n := 0
	for y := range b.Bounds().Dy() / side {
		for x := range b.Bounds().Dx() / side {
			var mean float64
			for j := range side {
				for i := range side {
					mean += lightness(b, x*side+i, y*side+j)
				}
			}
			sum += math.Abs(mean/float64(side*side) - lightness(a, x, y))
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func lightness(img image.Image, x, y int) float64 {
	r, g, b, _ := img.At(x, y).RGBA()
	return (0.299*float64(r) + 0.587*float64(g) + 0.114*float64(b)) / 257
}

// Small pictures look like the big ones, whatever they are made of.
func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name string
		data func(t *testing.T) []byte
		most float64 // levels
	}{
		{"colour", func(t *testing.T) []byte { return encoded(t, scene(333, 217), 90) }, 3},
		{"best", func(t *testing.T) []byte { return encoded(t, scene(160, 160), 100) }, 3},
		{"grey", func(t *testing.T) []byte { return encoded(t, gray(scene(101, 55)), 90) }, 1},
		{"one pixel", func(t *testing.T) []byte { return encoded(t, scene(1, 1), 90) }, 1},
		{"progressive", file("progressive.jpg"), 3},
		{"4:4:4", file("full.jpg"), 3},
		{"4:2:0 with restarts", file("restarts.jpg"), 3},
		{"grey progressive", file("grey.jpg"), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := c.data(t)
			whole, err := jpeg.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			for _, by := range []int{2, 4, 8} {
				small, err := Decode(data, by)
				if errors.Is(err, ErrUnsupported) && by < 8 && bytes.Contains(data, []byte{0xff, 0xc2}) {
					continue // progressive: to an eighth only
				}
				if err != nil {
					t.Fatalf("1/%d: %v", by, err)
				}
				b := whole.Bounds()
				if w, h := ceil(b.Dx(), by), ceil(b.Dy(), by); small.Bounds() != image.Rect(0, 0, w, h) {
					t.Fatalf("1/%d: %v of %v", by, small.Bounds(), b)
				}
				if d := apart(small, whole, by); d > c.most {
					t.Errorf("1/%d: %.1f levels apart", by, d)
				}
			}
		})
	}
}

func file(name string) func(t *testing.T) []byte {
	return func(t *testing.T) []byte {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
}

func encoded(t testing.TB, img image.Image, quality int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What is cut off, or no JPEG, is refused.
func TestDecodeDamaged(t *testing.T) {
	data := encoded(t, scene(40, 24), 80)
	for n := 0; n < len(data)-3; n += 1 + n%13 {
		if img, err := Decode(data[:n], 8); err == nil {
			t.Fatalf("%d of %d bytes gave a picture of %v", n, len(data), img.Bounds())
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"progressive.jpg", "restarts.jpg", "grey.jpg"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, byte(3))
	}
	f.Add(encoded(f, scene(30, 20), 90), byte(2))
	f.Fuzz(func(t *testing.T, data []byte, by byte) {
		c, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil || c.Width*c.Height > 1<<20 {
			return
		}
		denominator := 1 << (1 + by%3)
		if img, err := Decode(data, denominator); err == nil && (img.Bounds().Dx() > c.Width || img.Bounds().Dy() > c.Height) {
			t.Errorf("%v of %d x %d", img.Bounds(), c.Width, c.Height)
		}
	})
}
