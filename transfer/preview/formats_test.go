package preview

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pdfOf is a document of so many pages; packed: its list of pages lies in a stream.
func pdfOf(pages int, inStream bool) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	var places []int
	object := func(format string, args ...any) {
		places = append(places, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n", len(places))
		fmt.Fprintf(&b, format, args...)
		b.WriteString("\nendobj\n")
	}
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", i+3)
	}
	list := fmt.Sprintf("<< /Kids [ %s] /Type /Pages /Count %d >>", kids.String(), pages)
	object("<< /Type /Catalog /Pages 2 0 R >>")
	if inStream {
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		_, _ = w.Write([]byte("2 0 " + list))
		_ = w.Close()
		object("<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream", z.Len(), z.Bytes())
	} else {
		object("%s", list)
	}
	for range pages {
		object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Contents %d 0 R >>", pages+3)
	}
	content := "0.8 0.1 0.1 rg 20 20 160 260 re f"
	object("<< /Length %d >>\nstream\n%s\nendstream", len(content), content)
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(places)+1)
	for _, p := range places {
		fmt.Fprintf(&b, "%010d 00000 n \n", p)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(places)+1, at)
	return b.Bytes()
}

func sample(name string) string { return filepath.Join("testdata", name) }

// Each format is told by its content and says what there is to say of it.
func TestFormats(t *testing.T) {
	code := write(t, "a.go", []byte("package main\n\n\n\nfunc main() {\n\tprintln(\"ola\")\n}\n"))
	for _, c := range []struct {
		path, mime    string
		width, height int
		pages         int
		seconds       float64
		wave, thumb   bool
		excerpt       string
	}{
		{path: sample("photo.heic"), mime: "image/heic", width: 640, height: 480, thumb: true},
		{path: sample("photo.avif"), mime: "image/avif", width: 96, height: 64, thumb: true},
		{path: sample("photo.webp"), mime: "image/webp", width: 96, height: 64, thumb: true},
		{path: sample("moves.webp"), mime: "image/webp", width: 60, height: 40, thumb: true},
		{path: sample("moves.gif"), mime: "image/gif", width: 60, height: 40, thumb: true},
		{path: write(t, "a.pdf", pdfOf(12, false)), mime: "application/pdf", width: 213, height: 320, pages: 12, thumb: true},
		{path: write(t, "b.pdf", pdfOf(3, true)), mime: "application/pdf", pages: 3},
		{path: sample("film.mp4"), mime: "video/mp4", width: 640, height: 360, seconds: 2, thumb: true},
		{path: sample("tone.wav"), mime: "audio/wav", seconds: 3, wave: true},
		{path: sample("tone.mp3"), mime: "audio/mpeg", seconds: 3, wave: true},
		{path: sample("tone.ogg"), mime: "audio/ogg", seconds: 3, wave: true},
		{path: sample("tone.flac"), mime: "audio/flac", seconds: 3, wave: true},
		{path: code, mime: "text/plain", excerpt: "package main\n\nfunc main() {\n    println(\"ola\")\n}"},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			f, err := look(t.Context(), c.path)
			if err != nil || f.MIME != c.mime || f.Pages != c.pages || math.Abs(f.Duration-c.seconds) > 0.2 || f.Excerpt != c.excerpt {
				t.Fatalf("%+v, %v", f, err)
			}
			if c.pages == 0 || c.thumb { // of a document, how big its first page is drawn is the drawing's
				if f.Width-c.width > 1 || c.width-f.Width > 1 || f.Height != c.height { // poppler's versions round differently
					t.Errorf("%d x %d", f.Width, f.Height)
				}
			}
			if c.thumb != (len(f.Thumbnail) > 0) || c.wave != (len(f.Waveform) == waveBars) {
				t.Errorf("thumbnail of %d bytes, waveform of %d", len(f.Thumbnail), len(f.Waveform))
			}
			if c.wave {
				least, most := byte(255), byte(0)
				for _, v := range f.Waveform {
					least, most = min(least, v), max(most, v)
				}
				if most != 255 || least > 100 { // the tone swells
					t.Errorf("the waveform goes from %d to %d", least, most)
				}
			}
		})
	}
}

// A camera says where and when; which way up it was held is not lost.
func TestFacts(t *testing.T) {
	_, facts, err := Look(t.Context(), sample("photo.heic"))
	if err != nil || !facts.Place || facts.Camera != "Canon EOS R8" {
		t.Errorf("%+v, %v", facts, err)
	}
}

func TestFrames(t *testing.T) {
	frames, delays, err := Frames(t.Context(), sample("moves.gif"), 30, 30)
	if err != nil || len(frames) != 3 || len(delays) != 3 {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	for i, channel := range []int{0, 2, 1} { // red, blue, green
		if frames[i].Bounds() != image.Rect(0, 0, 30, 20) || delays[i] < 20*time.Millisecond {
			t.Errorf("frame %d: %v for %v", i, frames[i].Bounds(), delays[i])
		}
		r, g, b, _ := frames[i].At(15, 10).RGBA()
		if c := [3]uint32{r, g, b}; c[channel] < 0x7000 || c[(channel+1)%3] > 0x4000 {
			t.Errorf("frame %d is %x", i, c)
		}
	}
	if _, _, err := Frames(t.Context(), sample("photo.webp"), 30, 30); !errors.Is(err, ErrNoPicture) {
		t.Errorf("what does not move: %v", err)
	}
}

func TestPicture(t *testing.T) {
	path := write(t, "a.jpg", encoded(t, halves(1600, 1200, false), "jpeg"))
	for _, decode := range []func(context.Context, string, int, int) (image.Image, error){Picture, Large} {
		for _, side := range []int{100, 700, 3000} {
			img, err := decode(t.Context(), path, side, side)
			if err != nil || img.Bounds().Dx() != min(side, 1600) || img.Bounds().Dy() != min(side, 1600)*3/4 {
				t.Errorf("to fit into %d: %v, %v", side, img, err)
			}
		}
	}
	if _, err := Picture(t.Context(), sample("tone.wav"), 100, 100); !errors.Is(err, ErrNoPicture) {
		t.Errorf("a sound: %v", err)
	}
	if _, err := Picture(t.Context(), path, 0, 100); err == nil {
		t.Error("no pixels were asked for, and something came")
	}
}

// An ended context ends the helper's work, and the next call gets an answer.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h := make(chan error, 1)
	go func() {
		_, err := Large(ctx, write(t, "big.jpg", encoded(t, halves(1600, 1200, true), "png")), 1600, 1200)
		h <- err
	}()
	cancel()
	if err := <-h; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := look(t.Context(), sample("photo.webp")); err != nil {
		t.Error(err)
	}
}

// A helper that is gone costs the call that met it, or none.
func TestHelperKilled(t *testing.T) {
	if _, err := look(t.Context(), sample("photo.webp")); err != nil {
		t.Fatal(err)
	}
	helpers.mu.Lock()
	for _, h := range helpers.idle {
		_ = h.cmd.Process.Kill()
	}
	n := len(helpers.idle)
	helpers.mu.Unlock()
	for range n + 1 {
		if _, err := look(t.Context(), sample("photo.webp")); err == nil {
			return
		}
	}
	t.Error("there are no helpers any more")
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"tone.wav", "tone.flac", "moves.webp"} {
		data, err := os.ReadFile(sample(name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(pdfOf(3, false))
	f.Add([]byte("one\ntwo"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if seconds, bars, err := readWAV(bytes.NewReader(data), int64(len(data))); err == nil && (!(seconds >= 0) || len(bars) > waveBars) {
			t.Errorf("%v seconds, %d bars", seconds, len(bars))
		}
		if n := countPages(data); n < 0 || n > maxPages {
			t.Errorf("%d pages", n)
		}
		if s := excerpt(string(data)); len(s) > maxExcerpt {
			t.Errorf("%d bytes", len(s))
		}
		firstFrame(data)
	})
}
