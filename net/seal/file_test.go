package seal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// boundaries of chunks and windows.
func fileSizes() []int64 {
	w := windowChunks * ChunkSize
	return []int64{0, 1, 15, 16, ChunkSize - 1, ChunkSize, ChunkSize + 1, 3 * ChunkSize, w - 1, w, w + 1, 2*w + 5}
}

// shrink makes windows of n chunks for one test.
func shrink(t *testing.T, n int64) {
	old := windowChunks
	windowChunks = n
	t.Cleanup(func() { windowChunks = old })
}

func noise(seed uint64, n int64) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(b)
	return b
}

func keepNone(Record) error { return nil }

func sealAll(t fataler, plain []byte) ([]byte, FileKeys) {
	t.Helper()
	s, err := NewSealer(bytes.NewReader(plain), int64(len(plain)), keepNone)
	if err != nil {
		t.Fatalf("%v", err)
	}
	sealed, err := io.ReadAll(io.NewSectionReader(s, 0, s.Size()))
	if err != nil {
		t.Fatalf("%v", err)
	}
	keys, err := s.Keys()
	if err != nil {
		t.Fatalf("%v", err)
	}
	return sealed, keys
}

func openAll(sealed []byte, keys FileKeys) ([]byte, error) {
	var out bytes.Buffer
	o, err := NewOpener(&out, keys, 0)
	if err != nil {
		return nil, err
	}
	o.Write(sealed)
	return out.Bytes(), o.Close()
}

func TestFileBoundaries(t *testing.T) {
	shrink(t, 5)
	for _, size := range fileSizes() {
		plain := noise(1, size)
		sealed, keys := sealAll(t, plain)
		if int64(len(sealed)) != SealedSize(size) || len(keys.Segments) != 1 {
			t.Errorf("%d bytes become %d, not %d; %d segments", size, len(sealed), SealedSize(size), len(keys.Segments))
		}
		got, err := openAll(sealed, keys)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %v", size, err)
		}
		f := must(NewFileReader(bytes.NewReader(sealed), keys))
		for _, off := range []int64{0, 1, size / 2, size - 1, size, size + 1} {
			if off < 0 {
				continue
			}
			p := make([]byte, 100)
			n, err := f.ReadAt(p, off)
			want := plain[min(off, size):min(off+100, size)]
			if !bytes.Equal(p[:n], want) || (err == io.EOF) != (n < 100) || err != nil && err != io.EOF {
				t.Errorf("%d bytes, at %d: %d, %v", size, off, n, err)
			}
		}
		// From the middle on, as a download that goes on does.
		for _, off := range []int64{size / 2, max(0, size-1)} {
			from, begin := SealedOffset(off)
			var out bytes.Buffer
			o := must(NewOpener(&out, keys, begin))
			for rest := sealed[from:]; len(rest) > 0; { // in odd pieces
				n := min(len(rest), 70_001)
				o.Write(rest[:n])
				rest = rest[n:]
			}
			if err := o.Close(); err != nil || !bytes.Equal(out.Bytes(), plain[begin:]) || o.Offset() != size {
				t.Errorf("%d bytes, from %d: %v", size, off, err)
			}
		}
	}
}

// What a store may do to a sealed file.
func TestFileAttacks(t *testing.T) {
	plain := noise(2, 5*ChunkSize+100)
	sealed, keys := sealAll(t, plain)
	other, otherKeys := sealAll(t, noise(3, 5*ChunkSize+100))
	same, _ := sealAll(t, plain) // the same file, sealed again
	if bytes.Equal(same[:100], sealed[:100]) {
		t.Error("two uploads of a file look alike")
	}
	c := func(b []byte, i int) []byte { return b[i*sealedChunk : min((i+1)*sealedChunk, len(b))] }
	glue := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	flip := func(at int) []byte { b := bytes.Clone(sealed); b[at] ^= 4; return b }
	smaller, larger := keys.clone(), keys.clone()
	smaller.Size, larger.Size = 5*ChunkSize, 6*ChunkSize
	for name, a := range map[string]struct {
		b    []byte
		keys FileKeys
		want error
	}{
		"as it is":               {sealed, keys, nil},
		"nothing":                {nil, keys, ErrTruncated},
		"cut by one":             {sealed[:len(sealed)-1], keys, ErrTruncated},
		"cut at a chunk":         {sealed[:5*sealedChunk], keys, ErrTruncated},
		"cut, size lowered":      {sealed[:5*sealedChunk], smaller, ErrSealed},
		"size raised":            {sealed, larger, ErrSealed},
		"longer":                 {append(bytes.Clone(sealed), 0), keys, ErrSealed},
		"exchanged chunks":       {glue(c(sealed, 1), c(sealed, 0), sealed[2*sealedChunk:]), keys, ErrSealed},
		"a chunk twice":          {glue(c(sealed, 0), c(sealed, 0), sealed[2*sealedChunk:]), keys, ErrSealed},
		"a chunk dropped":        {glue(c(sealed, 0), sealed[2*sealedChunk:]), keys, ErrSealed},
		"a chunk of another":     {glue(c(sealed, 0), c(other, 1), sealed[2*sealedChunk:]), keys, ErrSealed},
		"a chunk of its double":  {glue(c(sealed, 0), c(same, 1), sealed[2*sealedChunk:]), keys, ErrSealed},
		"head of one, tail of 2": {glue(sealed[:3*sealedChunk], other[3*sealedChunk:]), keys, ErrSealed},
		"another file":           {other, keys, ErrSealed},
		"its keys exchanged":     {sealed, otherKeys, ErrSealed},
		"first bit":              {flip(0), keys, ErrSealed},
		"a bit in a tag":         {flip(sealedChunk - 1), keys, ErrSealed},
		"last bit":               {flip(len(sealed) - 1), keys, ErrSealed},
	} {
		got, err := openAll(a.b, a.keys)
		if !bytes.HasPrefix(plain, got) {
			t.Errorf("%s: gave out what was not in the file", name)
		}
		if !errors.Is(err, a.want) || (err == nil) != (a.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, a.want)
		}
		f := must(NewFileReader(bytes.NewReader(a.b), a.keys))
		all := make([]byte, f.Size())
		n, err := f.ReadAt(all, 0)
		if !bytes.HasPrefix(plain, all[:n]) || a.want != nil && name != "longer" && err == nil {
			t.Errorf("%s: read at random: %v", name, err)
		}
	}
}

// store is what a relay has of an upload. It remembers, of every key and
// nonce, the bytes that ever left under it.
type store struct {
	t     fataler
	bytes []byte
	seen  map[[44]byte][]byte
}

// pull copies up to n sealed bytes from offset on, and checks the one rule.
func (st *store) pull(s *Sealer, offset, n int64) error {
	p := make([]byte, min(n, s.Size()-offset))
	m, err := s.ReadAt(p, offset)
	for at := int64(0); at < int64(m); {
		i := (offset + at) / sealedChunk
		begin := i * sealedChunk
		end := min(begin+sealedChunk, s.Size(), offset+int64(m))
		_, nonce, _ := s.cipher.use(i)
		id := [44]byte(append(bytes.Clone(s.keys.Segments[s.cipher.segment].Key[:]), nonce...))
		known := st.seen[id]
		if known == nil {
			known = make([]byte, sealedChunk)
			st.seen[id] = known
		}
		for x := offset + at; x < end; x++ {
			// 0 stands for never seen; a byte that is 0 is compared where it matters: with 255 others.
			if old := known[x-begin]; old != 0 && old != p[x-offset] {
				st.t.Fatalf("chunk %d, byte %d: one key and nonce, two ciphertexts", i, x-begin)
			}
			known[x-begin] = p[x-offset]
		}
		at = end - offset
	}
	st.bytes = append(st.bytes[:min(offset, int64(len(st.bytes)))], p[:m]...)
	if err == io.EOF {
		err = nil
	}
	return err
}

// An upload that is cut, resumed, lied to, set back to older records, and
// whose file changes meanwhile: no key and nonce ever seal two runs of bytes
// that leave, and what ends as done is the file.
func TestUploadSchedules(t *testing.T) {
	shrink(t, 2)
	size := 3*windowChunks*ChunkSize + 12345
	original := noise(4, size)
	rapid.Check(t, func(t *rapid.T) {
		file := bytes.Clone(original)
		st := &store{t: t, seen: map[[44]byte][]byte{}}
		var records []Record
		save := func(r Record) error {
			if rapid.IntRange(0, 9).Draw(t, "save") == 0 {
				return io.ErrShortWrite
			}
			records = append(records, Record{r.Windows, r.Sum, r.Keys.clone()})
			return nil
		}
		sum := sha256.New()
		s := must(NewSealer(bytes.NewReader(file), size, save))
		s.Plain = sum
		changed := false
		for range rapid.IntRange(3, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0: // the file changes somewhere
				at := rapid.Int64Range(0, size-1).Draw(t, "at")
				file[at] ^= 1
				changed = true
			case 1, 2: // killed; the newest record, or an old one from a backup
				if len(records) == 0 {
					s = must(NewSealer(bytes.NewReader(file), size, save))
					sum.Reset()
					s.Plain = sum
					st.bytes = nil
					continue
				}
				r := records[len(records)-1]
				if rapid.Bool().Draw(t, "backup") {
					r = rapid.SampledFrom(records).Draw(t, "record")
				}
				r = *must(ParseRecord(r.Marshal()))
				sum.Reset()
				next, err := ResumeSealer(bytes.NewReader(file), r, sum, nil, save)
				if err != nil {
					wantError(t, err, ErrChanged)
					if !changed {
						t.Fatalf("said to have changed: %v", err)
					}
					return
				}
				s = next
				st.bytes = st.bytes[:min(int64(len(st.bytes)), s.Sealed())]
			case 3: // the store went back, or lies
				offset := rapid.Int64Range(0, int64(len(st.bytes))).Draw(t, "back")
				if err := st.pull(s, offset, 100_000); err != nil && s.fail == nil && !changed {
					t.Fatalf("back to %d: %v", offset, err)
				}
			case 4: // it says that it has more than was ever sent
				if _, err := s.ReadAt(make([]byte, 1), s.Sealed()+1); s.Sealed() < s.Size() {
					wantError(t, err, ErrOffset)
				}
			default:
				if err := st.pull(s, int64(len(st.bytes)), rapid.Int64Range(1, 2*sealedWindow()).Draw(t, "more")); err != nil && s.fail == nil && !changed {
					t.Fatalf("%v", err)
				}
			}
		}
		if s.fail != nil || int64(len(st.bytes)) < s.Size() {
			_, err := s.Keys()
			if s.Sealed() < s.Size() {
				wantError(t, err, ErrTruncated)
			}
			return
		}
		keys, err := s.Keys()
		if err != nil {
			t.Fatalf("%v", err)
		}
		keys = *must(ParseFileKeys(keys.Marshal()))
		got, err := openAll(st.bytes, keys)
		if err != nil && !changed {
			t.Fatalf("%v", err)
		}
		if err == nil && s.passed == windowsOf(size) && sha256.Sum256(got) != [32]byte(sum.Sum(nil)) {
			t.Fatalf("what was sealed is not what the checksum says")
		}
		if err == nil && !changed && !bytes.Equal(got, original) {
			t.Fatalf("the file differs")
		}
	})
}

// The story of docs/security.md in one piece: cut in the middle of a chunk,
// killed, changed.
func TestResume(t *testing.T) {
	shrink(t, 3)
	size := 2*windowChunks*ChunkSize + 99
	file := noise(5, size)
	var last Record
	save := func(r Record) error { last = r; return nil }
	s := must(NewSealer(bytes.NewReader(file), size, save))
	head := make([]byte, sealedWindow()+sealedChunk/2) // half of a chunk of the second window
	if _, err := s.ReadAt(head, 0); err != nil {
		t.Fatal(err)
	}
	if last.Windows != 2 || s.Sealed() != 2*sealedWindow() {
		t.Fatalf("recorded %d windows", last.Windows)
	}
	sum := sha256.New()
	again, err := ResumeSealer(bytes.NewReader(file), last, sum, nil, save)
	if err != nil {
		t.Fatal(err)
	}
	tail := make([]byte, s.Size()-int64(len(head)))
	if _, err := again.ReadAt(tail, int64(len(head))); err != nil {
		t.Fatal(err)
	}
	keys, err := again.Keys()
	if err != nil || len(keys.Segments) != 2 || keys.Segments[1].First != 2*windowChunks {
		t.Fatalf("%v, %d segments", err, len(keys.Segments))
	}
	got, err := openAll(append(head, tail...), keys)
	if err != nil || !bytes.Equal(got, file) || [32]byte(sum.Sum(nil)) != sha256.Sum256(file) {
		t.Fatalf("%v", err)
	}
	// In one run, going back gives the same bytes.
	back := make([]byte, 1000)
	if _, err := again.ReadAt(back, 500); err != nil || !bytes.Equal(back, head[500:1500]) {
		t.Fatalf("%v", err)
	}
	// Changed in what was sent: nothing leaves.
	file[sealedChunk] ^= 1
	if _, err := ResumeSealer(bytes.NewReader(file), last, nil, nil, save); !errors.Is(err, ErrChanged) {
		t.Errorf("resume: %v", err)
	}
	again.window = -1
	n, err := again.ReadAt(back, 500)
	wantError(t, err, ErrChanged)
	if n != 0 {
		t.Errorf("%d bytes left", n)
	}
	file[sealedChunk] ^= 1
	// It became shorter.
	_, err = ResumeSealer(bytes.NewReader(file[:size-1]), last, nil, nil, save)
	wantError(t, err, ErrChanged)
	// A record of other keys.
	bad := Record{last.Windows, last.Sum, last.Keys.clone()}
	bad.Keys.Segments[0].Key[0] ^= 1
	_, err = ResumeSealer(bytes.NewReader(file), bad, nil, nil, save)
	wantError(t, err, ErrChanged)
}

// A sealer whose record could not be kept gives nothing out and ends.
func TestSaveFails(t *testing.T) {
	full := errors.New("disk full")
	s := must(NewSealer(bytes.NewReader(noise(6, 100)), 100, func(Record) error { return full }))
	for range 2 {
		n, err := s.ReadAt(make([]byte, 10), 0)
		if n != 0 {
			t.Error("bytes left without a record")
		}
		wantError(t, err, full)
	}
	_, err := NewSealer(nil, MaxFileSize+1, keepNone)
	wantError(t, err, ErrLimit)
	_, err = NewSealer(nil, -1, keepNone)
	wantError(t, err, ErrLimit)
	many := FileKeys{Size: MaxFileSize}
	for i := range int64(MaxSegments) {
		many.Segments = append(many.Segments, Segment{i, Secret{1}})
	}
	s = newSealer(bytes.NewReader(nil), FileKeys{Size: 0, Segments: many.Segments}, keepNone)
	_, err = s.ReadAt(make([]byte, 1), 0)
	wantError(t, err, ErrLimit)
}

func TestFileKeysOrder(t *testing.T) {
	for name, k := range map[string]FileKeys{
		"none":          {Size: 1},
		"not from 0":    {Size: 1 << 20, Segments: []Segment{{1, Secret{}}}},
		"not ascending": {Size: 1 << 20, Segments: []Segment{{0, Secret{}}, {2, Secret{}}, {2, Secret{}}}},
		"behind it":     {Size: 1 << 20, Segments: []Segment{{0, Secret{}}, {16, Secret{}}}},
	} {
		if _, err := ParseFileKeys(k.Marshal()); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, off := range []int64{1, -ChunkSize, 2 * ChunkSize} {
		_, err := NewOpener(io.Discard, FileKeys{Size: 100, Segments: []Segment{{}}}, off)
		wantError(t, err, ErrOffset)
	}
}
