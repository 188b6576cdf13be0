package tiles

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"satchel/chat"
)

// pieceOf is a piece of one colour.
func pieceOf(t *testing.T, w, h int, c color.Color) []byte {
	t.Helper()
	img := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{c})
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// enormous makes a PNG say that it has 2^31 - 1 pixels a side.
func enormous(piece []byte) []byte {
	const head = 12 // where the first chunk's name is; its checksum is behind 13 bytes
	for i := range 8 {
		piece[head+4+i] = []byte{0x7f, 0xff, 0xff, 0xff}[i%4]
	}
	binary.BigEndian.PutUint32(piece[head+17:], crc32.ChecksumIEEE(piece[head:head+17]))
	return piece
}

// server is a map server that answers as it is told, and what it was asked.
func server(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, x, y int)) (from chat.MapServer, asked func() []string) {
	t.Helper()
	var mu sync.Mutex
	var all []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		all = append(all, r.URL.Path)
		mu.Unlock()
		var z, x, y int
		if n, _ := fmt.Sscanf(r.URL.Path, "/%d/%d/%d.png", &z, &x, &y); n != 3 || z != zoom || r.UserAgent() != userAgent || r.Header.Get("Cookie") != "" {
			t.Errorf("%s of %s", r.URL, r.UserAgent())
		}
		answer(w, r, x, y)
	}))
	t.Cleanup(s.Close)
	return chat.MapServer{Address: s.URL + "/{z}/{x}/{y}.png"}, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// The picture is made of the pieces around the place, which is in its middle.
func TestPicture(t *testing.T) {
	colours := map[[2]int]color.RGBA{{0, 0}: {250, 10, 10, 255}, {1, 0}: {10, 250, 10, 255}, {0, 1}: {10, 10, 250, 255}, {1, 1}: {240, 240, 10, 255}}
	for _, pixels := range []int{256, 512} {
		from, asked := server(t, func(w http.ResponseWriter, _ *http.Request, x, y int) {
			w.Write(pieceOf(t, pixels, pixels, colours[[2]int{x - 16383, y - 16383}]))
		})
		got, err := Picture(t.Context(), from, 0, 0) // where four pieces meet
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(bytes.NewReader(got))
		if err != nil || len(got) > chat.MaxMap || img.Bounds().Dx() != chat.MapWidth || img.Bounds().Dy() != chat.MapHeight {
			t.Fatalf("%d bytes, %v %v", len(got), img.Bounds(), err)
		}
		for corner, want := range colours {
			at := image.Pt(40+corner[0]*240, 20+corner[1]*88)
			r, g, b, _ := img.At(at.X, at.Y).RGBA()
			for i, v := range []uint32{r, g, b} {
				if is, w := int(v>>8), int([]uint8{want.R, want.G, want.B}[i]); is < w-30 || is > w+30 {
					t.Errorf("%v is %d %d %d, not %v", at, r>>8, g>>8, b>>8, want)
					break
				}
			}
		}
		all := asked()
		if slices.Sort(all); !slices.Equal(all, []string{"/15/16383/16383.png", "/15/16383/16384.png", "/15/16384/16383.png", "/15/16384/16384.png"}) {
			t.Errorf("%q", all)
		}
	}
}

// What is no map is none, whatever it is; and nothing is waited for for ever.
func TestNoPicture(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request){
		"gone":       func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		"forbidden":  func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no key", http.StatusForbidden) },
		"empty":      func(http.ResponseWriter, *http.Request) {},
		"words":      func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("<html>welcome</html>")) },
		"one pixel":  func(w http.ResponseWriter, r *http.Request) { w.Write(pieceOf(t, 1, 1, color.Black)) },
		"no square":  func(w http.ResponseWriter, r *http.Request) { w.Write(pieceOf(t, 512, 256, color.Black)) },
		"enormous":   func(w http.ResponseWriter, r *http.Request) { w.Write(enormous(pieceOf(t, 256, 256, color.Black))) },
		"half of it": func(w http.ResponseWriter, r *http.Request) { w.Write(pieceOf(t, 256, 256, color.Black)[:60]) },
		"endless": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		},
	} {
		from, asked := server(t, func(w http.ResponseWriter, r *http.Request, _, _ int) { answer(w, r) })
		if got, err := Picture(ctx, from, 41.15, -8.61); !errors.Is(err, chat.ErrNoMap) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if n := len(asked()); n == 0 || n > 6 {
			t.Errorf("%s: asked %d times", name, n)
		}
	}

	silent, _ := server(t, func(_ http.ResponseWriter, r *http.Request, _, _ int) { <-r.Context().Done() })
	short, end := context.WithTimeout(ctx, 50*time.Millisecond) // as patience is, and sooner over
	defer end()
	if _, err := Picture(short, silent, 41.15, -8.61); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a server that says nothing: %v", err)
	}
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	if _, err := Picture(ctx, chat.MapServer{Address: nobody.URL + "/{z}/{x}/{y}"}, 41.15, -8.61); err == nil || errors.Is(err, chat.ErrNoMap) {
		t.Errorf("nobody listens: %v", err)
	}
	none, asked := server(t, func(http.ResponseWriter, *http.Request, int, int) {})
	if _, err := Picture(ctx, none, 89, 0); !errors.Is(err, chat.ErrNoMap) || len(asked()) > 0 {
		t.Errorf("the pole: %v, asked %q", err, asked())
	}
	if _, err := Picture(ctx, chat.MapServer{Address: "tiles"}, 0, 0); !errors.Is(err, chat.ErrMapServer) {
		t.Error(err)
	}
}

// Never more than six pieces, each where it belongs, also where the map ends.
func TestAround(t *testing.T) {
	for _, at := range [][2]float64{{0, 0}, {41.15, -8.61}, {-33.8568, 151.2153}, {0, 180}, {0, -180}, {mostLat, 0}, {-mostLat, 179.999}} {
		all := around(at[0], at[1])
		if len(all) == 0 || len(all) > 6 {
			t.Errorf("%v: %d pieces", at, len(all))
		}
		for _, w := range all {
			if w.x < 0 || w.x >= 1<<zoom || w.y < 0 || w.y >= 1<<zoom || w.left <= -side || w.left >= chat.MapWidth || w.top <= -side || w.top >= chat.MapHeight {
				t.Errorf("%v: %+v", at, w)
			}
		}
	}
}
