package metadata

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/webp"
)

// taken is a block of EXIF as a camera writes it: who, when, where, how held.
func taken(order binary.AppendByteOrder, orientation uint16) []byte {
	b := []byte("MM\x00\x2a\x00\x00\x00\x08")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		b = []byte("II\x2a\x00\x08\x00\x00\x00")
	}
	type entry struct {
		tag, kind uint16
		count     uint32
		data      []byte
	}
	u32 := func(v ...uint32) (out []byte) {
		for _, x := range v {
			out = order.AppendUint32(out, x)
		}
		return out
	}
	directory := func(at int, entries []entry) []byte {
		head := order.AppendUint16(nil, uint16(len(entries)))
		behind := at + 2 + 12*len(entries) + 4
		var tail []byte
		for _, e := range entries {
			head = order.AppendUint16(head, e.tag)
			head = order.AppendUint16(head, e.kind)
			head = order.AppendUint32(head, e.count)
			if len(e.data) <= 4 {
				head = append(head, append(bytes.Clone(e.data), 0, 0, 0, 0)[:4]...)
			} else {
				head = order.AppendUint32(head, uint32(behind+len(tail)))
				tail = append(tail, e.data...)
			}
		}
		return append(append(head, 0, 0, 0, 0), tail...)
	}
	gps := []entry{{1, 2, 2, []byte("N\x00")}, {2, 5, 3, u32(41, 1, 9, 1, 720, 100)}, {3, 2, 2, []byte("W\x00")}, {4, 5, 3, u32(8, 1, 36, 1, 3600, 100)}}
	exif := []entry{{tagTaken, 2, 20, []byte("2026:05:03 14:07:09\x00")}}
	build := func(exifAt, gpsAt int) []byte {
		return directory(8, []entry{{tagMake, 2, 5, []byte("Canon")}, {tagModel, 2, 13, []byte("Canon EOS R8\x00")},
			{tagOrientation, 3, 1, order.AppendUint16(nil, orientation)},
			{tagEXIF, 4, 1, u32(uint32(exifAt))}, {tagGPS, 4, 1, u32(uint32(gpsAt))}})
	}
	first := len(build(0, 0))
	second := directory(8+first, exif)
	b = append(b, build(8+first, 8+first+len(second))...)
	b = append(b, second...)
	return append(b, directory(8+first+len(second), gps)...)
}

func sample() image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, 24, 16))
	for i := range 24 * 16 {
		img.SetNRGBA(i%24, i/24, color.NRGBA{byte(i), byte(i * 3), byte(i * 7), 255})
	}
	return img
}

func segment(marker byte, data string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(data)+2)), data...)
}

// withSegments puts segments behind a JPEG's first marker.
func withSegments(jpg []byte, all ...[]byte) []byte {
	return append(append(bytes.Clone(jpg[:2]), bytes.Join(all, nil)...), jpg[2:]...)
}

func jpegOf(t testing.TB) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, sample(), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, sample()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// a 1 x 1 WebP, lossless
const pixel = "VP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"

func webpOf(exif []byte) []byte {
	body := "WEBPVP8X\x0a\x00\x00\x00" + string([]byte{webpEXIF | webpXMP}) + "\x00\x00\x00\x00\x00\x00\x00\x00\x00" + pixel
	chunk := binary.LittleEndian.AppendUint32([]byte("EXIF"), uint32(len(exif)))
	chunk = append(chunk, exif...)
	if len(exif)%2 == 1 {
		chunk = append(chunk, 0)
	}
	body += string(chunk) + "XMP \x04\x00\x00\x00<x/>"
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// pictures are files that say everything, by MIME type.
func pictures(t testing.TB) map[string][][]byte {
	big, little := taken(binary.BigEndian, 6), taken(binary.LittleEndian, 6)
	icc := segment(0xe2, string(iccName)+"\x01\x01profile")
	jpegs := [][]byte{}
	for _, exif := range [][]byte{big, little} {
		jpegs = append(jpegs, append(withSegments(jpegOf(t), segment(0xe1, string(exifName)+string(exif)), icc,
			segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta/>"), segment(0xed, "Photoshop 3.0\x00"), segment(0xfe, "a comment of Canon")), "Canon behind the end"...))
	}
	p := pngOf(t)
	pngs := [][]byte{bytes.Join([][]byte{p[:33], pngChunk("eXIf", big), pngChunk("tEXt", []byte("Author\x00Canon")), pngChunk("tIME", []byte("1234567")), p[33:], []byte("Canon")}, nil)}
	heic, err := os.ReadFile(filepath.Join("testdata", "photo.heic"))
	if err != nil {
		t.Fatal(err)
	}
	return map[string][][]byte{"image/jpeg": jpegs, "image/png": pngs, "image/webp": {webpOf(big), webpOf(append(little, 0))}, "image/heic": {heic}}
}

// What is removed is gone to the last byte, and the picture is the same.
func TestStrip(t *testing.T) {
	for mime, files := range pictures(t) {
		for _, data := range files {
			f, err := Read(bytes.NewReader(data), int64(len(data)), mime)
			if err != nil || !f.Place || math.Abs(f.Lat-41.152) > 1e-6 || math.Abs(f.Lon+8.61) > 1e-6 || f.Camera != "Canon EOS R8" || f.Taken != "2026:05:03 14:07:09" {
				t.Fatalf("%s: %+v, %v", mime, f, err)
			}
			if mime != "image/heic" && f.Orientation != 6 {
				t.Errorf("%s: orientation %d", mime, f.Orientation)
			}
			var out bytes.Buffer
			if err := Strip(&out, bytes.NewReader(data), int64(len(data)), mime); err != nil {
				t.Fatalf("%s: %v", mime, err)
			}
			for _, word := range []string{"Canon", "2026:05", "xmpmeta", "<x/>", "Photoshop"} {
				if bytes.Contains(out.Bytes(), []byte(word)) {
					t.Errorf("%s still has %q", mime, word)
				}
			}
			after, err := Read(bytes.NewReader(out.Bytes()), int64(out.Len()), mime)
			if err != nil || after.Place || after.Camera != "" || after.Taken != "" || after.Orientation != f.Orientation {
				t.Errorf("%s after: %+v, %v", mime, after, err)
			}
			if mime == "image/jpeg" && !bytes.Contains(out.Bytes(), []byte("profile")) {
				t.Error("the colour profile is gone")
			}
			same(t, mime, data, out.Bytes())
			spliceIs(t, mime, data, out.Bytes())
		}
	}
}

// spliceIs tells whether the pieces of a picture are the copy that Strip writes, from
// wherever they are read.
func spliceIs(t *testing.T, mime string, data, want []byte) {
	t.Helper()
	pieces, err := Pieces(bytes.NewReader(data), int64(len(data)), mime)
	if err != nil || Size(pieces) != int64(len(want)) {
		t.Fatalf("%s: %d pieces of %d bytes, not %d: %v", mime, len(pieces), Size(pieces), len(want), err)
	}
	r := Spliced(bytes.NewReader(data), pieces)
	for _, run := range []int{1, 7, 4096, len(want), len(want) + 1} {
		for _, at := range []int{0, 1, len(want) / 2, len(want) - 1, len(want)} {
			got := make([]byte, run)
			n, err := r.ReadAt(got, int64(at))
			if end := min(at+run, len(want)); n != end-at || !bytes.Equal(got[:n], want[at:end]) || (err == io.EOF) != (at+run > len(want)) {
				t.Fatalf("%s: %d bytes at %d: %d, %v", mime, run, at, n, err)
			}
		}
	}
}

// same compares what is drawn.
func same(t *testing.T, mime string, a, b []byte) {
	decode := map[string]func([]byte) (image.Image, error){
		"image/jpeg": func(b []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(b)) },
		"image/png":  func(b []byte) (image.Image, error) { return png.Decode(bytes.NewReader(b)) },
		"image/webp": func(b []byte) (image.Image, error) { return webp.Decode(bytes.NewReader(b)) },
	}[mime]
	if decode == nil { // HEIC: nothing moved
		if len(a) != len(b) {
			t.Errorf("%s: %d bytes became %d", mime, len(a), len(b))
		}
		return
	}
	x, err1 := decode(a)
	y, err2 := decode(b)
	if err1 != nil || err2 != nil || x.Bounds() != y.Bounds() {
		t.Fatalf("%s: %v, %v", mime, err1, err2)
	}
	for i := range x.Bounds().Dx() * x.Bounds().Dy() {
		if px, py := i%x.Bounds().Dx(), i/x.Bounds().Dx(); x.At(px, py) != y.At(px, py) {
			t.Fatalf("%s differs at %d, %d", mime, px, py)
		}
	}
}

// A file that ends too early is refused at every byte, never half cleaned.
func TestStripDamaged(t *testing.T) {
	for mime, files := range pictures(t) {
		if mime == "image/heic" {
			continue // the last bytes are pixels, of which nobody here knows how many there are
		}
		whole := files[0]
		var clean bytes.Buffer
		if err := Strip(&clean, bytes.NewReader(whole), int64(len(whole)), mime); err != nil {
			t.Fatal(err)
		}
		for n := range clean.Bytes() {
			var out bytes.Buffer
			if err := Strip(&out, bytes.NewReader(clean.Bytes()[:n]), int64(n), mime); err == nil {
				t.Fatalf("%s: %d of %d bytes were taken", mime, n, clean.Len())
			}
		}
	}
	if err := Strip(&bytes.Buffer{}, bytes.NewReader([]byte("BM")), 2, "image/bmp"); !errors.Is(err, ErrDamaged) {
		t.Errorf("a bitmap: %v", err)
	}
}

// A camera's thumbnail can take the picture's place.
func TestThumbnailOfHEIF(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "photo.heic"))
	if err != nil {
		t.Fatal(err)
	}
	h, err := ParseHEIF(bytes.NewReader(data), int64(len(data)))
	if err != nil || h.Primary == 0 || h.Thumbnail == 0 || h.Thumbnail == h.Primary {
		t.Fatalf("%+v, %v", h, err)
	}
	h.MakePrimary(data, h.Thumbnail)
	if again, err := ParseHEIF(bytes.NewReader(data), int64(len(data))); err != nil || again.Primary != h.Thumbnail {
		t.Errorf("%+v, %v", again, err)
	}
}

func FuzzStrip(f *testing.F) {
	for mime, files := range pictures(f) {
		for _, data := range files {
			f.Add(data, mime)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, mime string) {
		before, err := Read(bytes.NewReader(data), int64(len(data)), mime)
		if err != nil && mime != "image/heic" && mime != "image/avif" && mime != "image/heif" {
			if Strip(&bytes.Buffer{}, bytes.NewReader(data), int64(len(data)), mime) == nil && Knows(mime) {
				t.Error("stripped what can't be read")
			}
		}
		var out bytes.Buffer
		if Strip(&out, bytes.NewReader(data), int64(len(data)), mime) != nil {
			if pieces, err := Pieces(bytes.NewReader(data), int64(len(data)), mime); err == nil {
				t.Errorf("%s: %d pieces of what can't be cleaned", mime, len(pieces))
			}
			return
		}
		if out.Len() < 1<<16 && out.Len() > 0 {
			spliceIs(t, mime, data, out.Bytes())
		}
		after, err := Read(bytes.NewReader(out.Bytes()), int64(out.Len()), mime)
		if err != nil || after.Place || after.Camera != "" || after.Taken != "" || after.Orientation > 1 && after.Orientation != before.Orientation {
			t.Errorf("%s: %+v became %+v, %v", mime, before, after, err)
		}
	})
}
