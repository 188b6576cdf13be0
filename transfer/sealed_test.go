package transfer

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/chat"
	"satchel/net/seal"
)

// witness is a handler that notes what leaves of an upload under each key and
// nonce, and tells when so many bytes did.
type witness struct {
	Handler
	t      *testing.T
	record string // its path

	mu   sync.Mutex
	seen map[chunkOf][]span
	left int // bytes until enough is closed
	full chan struct{}
}

type chunkOf struct {
	key   seal.Secret
	chunk int64
}

// span is a run of bytes that left, from a byte of its chunk on.
type span struct {
	at    int
	bytes []byte
}

// contradicts tells whether two spans have different bytes in one place.
func (s span) contradicts(o span) bool {
	from, to := max(s.at, o.at), min(s.at+len(s.bytes), o.at+len(o.bytes))
	return from < to && !bytes.Equal(s.bytes[from-s.at:to-s.at], o.bytes[from-o.at:to-o.at])
}

func (w *witness) Upload(ctx context.Context, r *UploadRequest) (UploadResult, error) {
	watched := *r
	watched.Body = witnessed{r.Body, w}
	return w.Handler.Upload(ctx, &watched)
}

type witnessed struct {
	io.ReaderAt
	w *witness
}

func (b witnessed) ReadAt(p []byte, off int64) (int, error) {
	n, err := b.ReaderAt.ReadAt(p, off)
	b.w.saw(p[:n], off)
	return n, err
}

func (b witnessed) lend(off int64, n int) ([]byte, func(), error) {
	p, back, err := b.ReaderAt.(lender).lend(off, n)
	b.w.saw(p, off)
	return p, back, err
}

func (w *witness) saw(p []byte, off int64) {
	if len(p) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r := loadRecord(w.record)
	last, _ := seal.WindowAt(off + int64(len(p)) - 1)
	if r == nil || last >= r.Windows {
		w.t.Error("bytes leave before their record is on the disk")
		return
	}
	for len(p) > 0 {
		id := chunkOf{chunk: off / int64(seal.ChunkSize+16)}
		for _, s := range r.Keys.Segments {
			if s.First <= id.chunk {
				id.key = s.Key
			}
		}
		at := int(off % int64(seal.ChunkSize+16))
		n := min(len(p), seal.ChunkSize+16-at)
		now := span{at, bytes.Clone(p[:n])}
		if slices.ContainsFunc(w.seen[id], now.contradicts) {
			w.t.Errorf("chunk %d, from byte %d: one key and nonce, two ciphertexts", id.chunk, at)
		}
		w.seen[id] = append(w.seen[id], now)
		p, off = p[n:], off+int64(n)
		if w.left -= n; w.left <= 0 && w.full != nil {
			close(w.full)
			w.full = nil
		}
	}
}

// stopAfter returns a channel that is closed when so many bytes more have left.
func (w *witness) stopAfter(n int) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left, w.full = n, make(chan struct{})
	return w.full
}

// An upload is stopped anywhere, the file changes under the same date, the store
// loses bytes or claims some, and a backup brings an old record back, or none:
// no key and nonce meet two runs of bytes, and what is done at last is the file.
func TestNoNonceTwice(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 7))
			s := newServer(t, true)
			data := random(2*seal.WindowSize + 3<<20 + 77)
			path := write(t, "a.bin", data)
			up := uploadOf(t, path)
			folder, j := t.TempDir(), openJournal("")
			w := &witness{t: t, Handler: NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), seen: map[chunkOf][]span{},
				record: filepath.Join(folder, "parts", string(up.ID)+".seal")}
			if err := j.Save(up); err != nil {
				t.Fatal(err)
			}
			var backup []byte
			for range 6 {
				enough := w.stopAfter(1 + r.IntN(len(data)))
				over := make(chan struct{})
				b := start(t, j, w, func(c *Config) {
					changed := c.Changed
					c.Folder, c.Changed = folder, func(now chat.Transfer) {
						changed(now)
						if now.State.Ended() {
							close(over)
						}
					}
				})
				select {
				case <-enough:
				case <-over:
				case <-time.After(patience):
					t.Fatalf("it stands: %+v", j.get(up.ID))
				}
				b.stop()
				if j.get(up.ID).State.Ended() {
					break
				}
				switch r.IntN(6) {
				case 0, 1: // one byte changes, maybe of what has to be sent again
					at := r.IntN(len(data))
					if r.IntN(2) == 0 {
						at = r.IntN(2 * testChunk)
						for _, e := range storedIn(t, s.dir) {
							_ = os.Truncate(e, r.Int64N(int64(at)+1))
						}
					}
					data[at] ^= 1
					if err := os.WriteFile(path, data, 0o600); err != nil {
						t.Fatal(err)
					}
					if err := os.Chtimes(path, up.ModTime, up.ModTime); err != nil {
						t.Fatal(err)
					}
				case 2: // the store goes back, or claims more
					for _, e := range storedIn(t, s.dir) {
						_ = os.Truncate(e, r.Int64N(seal.SealedSize(int64(len(data)))))
					}
				case 3:
					backup, _ = os.ReadFile(w.record)
				case 4:
					if backup != nil {
						_ = os.WriteFile(w.record, backup, 0o600)
					}
				case 5:
					_ = os.Remove(w.record)
				}
			}
			b := start(t, j, w, func(c *Config) { c.Folder = folder })
			done := j.get(up.ID)
			if !done.State.Ended() {
				done = b.done(up.ID)
			}
			if !bytes.Equal(s.opened(t, done.File), data) || done.File.SHA256 != sum(data) {
				t.Error("what the server has is not the file")
			}
			b.stop()
			if _, err := os.Stat(w.record); err == nil {
				t.Error("the record with its keys is still there")
			}
		})
	}
}

// storedIn are the files of uploads in a folder of tusd's.
func storedIn(t *testing.T, dir string) (paths []string) {
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if filepath.Ext(f.Name()) == "" {
			paths = append(paths, filepath.Join(dir, f.Name()))
		}
	}
	return paths
}

// What is lent of a window stays as it is until it is given back, whatever is read
// and sealed meanwhile, and in the next attempt, too.
func TestLentWindowStays(t *testing.T) {
	data := random(3*seal.WindowSize + 9)
	up := uploadOf(t, write(t, "a.bin", data))
	src := func() *source {
		s, err := openSource(t.Context(), &up, newMeter(0), nil, new(caps))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := src()
	if err := first.seal(nil, nil, func(seal.Record) error { return nil }); err != nil {
		t.Fatal(err)
	}
	size := first.sealing.sealer.Size()
	var all [2]bytes.Buffer
	var lent, was [][]byte
	var backs []func()
	read := func(s *source, to *bytes.Buffer) {
		for off := int64(0); off < size; {
			p, back, err := s.lend(off, 3<<20)
			if err != nil {
				t.Fatal(err)
			}
			if off == 0 { // is never given back in time
				lent, was, backs = append(lent, p), append(was, bytes.Clone(p)), append(backs, back)
			} else {
				defer back()
			}
			to.Write(p)
			off += int64(len(p))
		}
	}
	read(first, &all[0])
	first.Close()
	second := src()
	if err := second.seal(first.sealing, nil, nil); err != nil {
		t.Fatal(err)
	}
	read(second, &all[1])
	for i := range lent {
		if !bytes.Equal(lent[i], was[i]) {
			t.Error("a window was used again while somebody had it")
		}
		backs[i]()
	}
	if !bytes.Equal(all[0].Bytes(), all[1].Bytes()) {
		t.Error("the second attempt sends something else")
	}
	sealed, err := second.finish()
	if err != nil || sealed.plain != sum(data) {
		t.Errorf("its checksum is %v (%v)", sealed.plain, err)
	}
	second.Close()
}

// A store that always claims what it was not sent is told so in words.
func TestLyingStore(t *testing.T) {
	s := newServer(t, true)
	size := int64(2 * testChunk)
	s.setFault(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == "HEAD" {
			status(200, "Upload-Offset", fmt.Sprint(testChunk), "Upload-Length", fmt.Sprint(seal.SealedSize(size)))(w, r)
		}
		return r.Method == "HEAD"
	})
	b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), nil)
	id := b.queue(uploadOf(t, write(t, "a.bin", random(int(size)))))
	b.failed(id, "makes no sense")
	if s.gone.Load() > 0 {
		t.Error("it was believed")
	}
}

// The record is for nobody else's eyes, and goes with the upload.
func TestRecordGoesWithItsUpload(t *testing.T) {
	s := newServer(t, true)
	stuck := make(chan struct{})
	defer close(stuck)
	s.setFault(func(w http.ResponseWriter, r *http.Request) bool { return r.Method == "PATCH" && ended(r, stuck) })
	b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), nil)
	id := b.queue(uploadOf(t, write(t, "a.bin", random(3*testChunk))))
	path := b.recordPath(id)
	b.wait(id, "recorded", func(t chat.Transfer) bool { return t.Offset > 0 })
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := b.Cancel(id); err != nil {
		t.Fatal(err)
	}
	b.state(id, chat.TransferCancelled)
	b.stop()
	if _, err := os.Stat(path); err == nil {
		t.Error("cancelled, and its keys are still there")
	}
}

// One of two slots may break at any byte, and the other counts.
func TestRecordSlots(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parts", "x.seal")
	keys := seal.FileKeys{Size: 5 * seal.WindowSize, Segments: []seal.Segment{{Key: seal.Secret(bytes.Repeat([]byte{1}, 32))}}}
	save := func(windows int64, key byte) {
		t.Helper()
		keys.Segments[0].Key = seal.Secret(bytes.Repeat([]byte{key}, 32))
		if err := saveRecord(path, seal.Record{Windows: windows, Keys: keys}); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(windows int64, key byte) {
		t.Helper()
		if r := loadRecord(path); r == nil || r.Windows != windows || r.Keys.Segments[0].Key[0] != key {
			t.Errorf("it holds %+v", r)
		}
	}
	if loadRecord(path) != nil {
		t.Error("a record of nothing")
	}
	for w := range int64(4) {
		save(w+1, 1)
		holds(w+1, 1)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 3, 4, 40, 100} { // the fourth lies in the first slot
		broken := bytes.Clone(whole)
		broken[at] ^= 0xff
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		holds(3, 1)
	}
	for _, n := range []int{0, 3, 35, 36, 37} {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if loadRecord(path) != nil {
			t.Errorf("a record of %d bytes", n)
		}
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	save(1, 2) // new keys: the old ones are gone
	holds(1, 2)
	if b, err := os.ReadFile(path); err != nil || bytes.Contains(b, bytes.Repeat([]byte{1}, 32)) {
		t.Errorf("the old key is still there, %v", err)
	}
}

// Nothing that the wire carries tells what the file is.
func TestNothingLeaks(t *testing.T) {
	s := newServer(t, true)
	var mu sync.Mutex
	var heard bytes.Buffer
	s.setFault(func(w http.ResponseWriter, r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprint(&heard, r.Method, " ", r.URL, err)
		_ = r.Header.Write(&heard)
		heard.Write(body)
		return false
	})
	picture := photo(t, 400, 300)
	const name = "Férias em Sintra.png"
	for _, tus := range []TusConfig{{Tickets: s.issue(s.URL)}, {Endpoint: s.URL + "/files/"}} {
		if tus.Tickets == nil {
			s.tickets = false
		}
		b := start(t, openJournal(""), NewTus(tus), nil)
		done := b.done(b.queue(uploadOf(t, write(t, name, picture))))
		b.stop()
		digest, _ := hex.DecodeString(done.File.SHA256)
		if len(done.File.Thumbnail) == 0 || heard.Len() < len(picture) {
			t.Fatal("there is nothing to leak")
		}
		for what, secret := range map[string][]byte{
			"name": []byte("Sintra"), "name, encoded": []byte(base64.StdEncoding.EncodeToString([]byte(name)))[:12], "type": []byte("image/"), "ending": []byte(".png"),
			"checksum": []byte(done.File.SHA256), "checksum, raw": digest, "checksum, encoded": []byte(base64.StdEncoding.EncodeToString(digest)),
			"thumbnail": done.File.Thumbnail[len(done.File.Thumbnail)/2:][:16], "placeholder": done.File.Placeholder, "picture": picture[len(picture)/2:][:16],
			"key": done.File.Key[len(done.File.Key)-32:],
		} {
			if bytes.Contains(heard.Bytes(), secret) || strings.Contains(heard.String(), hex.EncodeToString(secret)) {
				t.Errorf("the server learns the %s", what)
			}
		}
		heard.Reset()
	}
}

// What is shown counts the file's own bytes, and never goes back while it moves,
// though connections are cut.
func TestProgressIsPlainAndMonotonic(t *testing.T) {
	t.Parallel()
	s := newServer(t, true)
	cuts := int64(0)
	p := newProxy(t, s.URL, func() int64 { cuts++; return 2<<20 + cuts*100_000 }, nil)
	var mu sync.Mutex
	last := map[chat.TransferID]chat.Transfer{}
	b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(p.url())}), func(c *Config) {
		changed := c.Changed
		c.Changed = func(now chat.Transfer) {
			mu.Lock()
			before, ok := last[now.ID]
			last[now.ID] = now
			mu.Unlock()
			if now.Offset < 0 || now.Offset > now.File.Size {
				t.Errorf("%d of %d", now.Offset, now.File.Size)
			}
			if ok && before.State == chat.TransferMoving && now.State == chat.TransferMoving && now.Offset < before.Offset {
				t.Errorf("%v goes from %d back to %d", now.Direction, before.Offset, now.Offset)
			}
			changed(now)
		}
	})
	data := random(12<<20 + 5)
	up := b.done(b.queue(uploadOf(t, write(t, "a.bin", data))))
	down := b.queue(downloadOf(up.File))
	b.arrivedAs(down, "a.bin", data)
	if up.Offset != int64(len(data)) || b.done(down).Offset != int64(len(data)) {
		t.Errorf("at the end %d", up.Offset)
	}
}

// A download goes on at the chunk of which only the beginning is here, and
// fetches nothing before it.
func TestDownloadGoesOnAtAChunk(t *testing.T) {
	for _, have := range []int{0, 1, seal.ChunkSize - 1, seal.ChunkSize, 5*seal.ChunkSize + 9, 9 * seal.ChunkSize} {
		t.Run(fmt.Sprint(have), func(t *testing.T) {
			t.Parallel()
			s := newServer(t, true)
			data := random(9*seal.ChunkSize + 100)
			f := s.put(t, "a.bin", data)
			j, folder := openJournal(""), t.TempDir()
			down := downloadOf(f)
			part := filepath.Join(folder, "parts", string(down.ID)+".part")
			err := os.MkdirAll(filepath.Dir(part), 0o700)
			if err == nil {
				err = os.WriteFile(part, data[:have], 0o600)
			}
			if err == nil {
				err = j.Save(down)
			}
			if err != nil {
				t.Fatal(err)
			}
			first := make(chan string, 1)
			s.setFault(func(w http.ResponseWriter, r *http.Request) bool {
				select {
				case first <- r.Header.Get("Range"):
				default:
				}
				return false
			})
			b := start(t, j, NewTus(TusConfig{Tickets: s.issue(s.URL)}), func(c *Config) { c.Folder = folder })
			b.wait(down.ID, "known", func(chat.Transfer) bool { return true })
			b.arrivedAs(down.ID, "a.bin", data)
			from, _ := seal.SealedOffset(int64(have))
			if got := <-first; !strings.HasPrefix(got, fmt.Sprintf("bytes=%d-", from)) {
				t.Errorf("it asked for %s", got)
			}
			if _, err := os.Stat(part); err == nil || !os.IsNotExist(err) {
				t.Errorf("the part: %v", err)
			}
		})
	}
}

// The checksum of a part is that of its bytes, whoever computes it, however they
// come, and wherever it went on.
func TestPartChecksum(t *testing.T) {
	for _, size := range []int{0, 1, worthOne - 1, worthOne, worthOne + seal.ChunkSize + 5, worthOne + 3*seal.Stretch} {
		data := random(size)
		sealer, err := seal.NewSealer(bytes.NewReader(data), int64(size), func(seal.Record) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := io.ReadAll(io.NewSectionReader(sealer, 0, sealer.Size()))
		if err != nil {
			t.Fatal(err)
		}
		keys, err := sealer.Keys()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "parts", "a.part")
		for _, upTo := range []int{len(sealed) / 3, len(sealed)} {
			p, err := openPart(t.Context(), path, int64(size), newMeter(0), nil, new(caps))
			if err != nil {
				t.Fatal(err)
			}
			from, begin := seal.SealedOffset(p.n)
			if int(from) < upTo {
				o, err := seal.NewOpener(p, keys, begin)
				if err != nil {
					t.Fatal(err)
				}
				for rest := sealed[from:upTo]; len(rest) > 0; {
					n := min(len(rest), 100_003)
					if _, err := o.Write(rest[:n]); err != nil {
						t.Fatal(err)
					}
					rest = rest[n:]
				}
			}
			if got, want := p.sum(), sum(data[:p.n]); got != want {
				t.Errorf("%d of %d bytes: the checksum is %s, want %s", p.n, size, got, want)
			}
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes: the part is something else (%v)", size, err)
		}
	}
}
