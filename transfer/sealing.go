package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"io"
	"sync"

	"satchel/net/priority"
	"satchel/net/seal"
)

// sealing is a body on its way through a Sealer: the window that is handed out,
// those behind it, which are sealed meanwhile, and the checksums of both forms. It outlives an attempt, so that after a cut nothing is read again but
// the window in question. Its source owns it.
type sealing struct {
	body   body // that is sealed
	input  *input
	sealer *seal.Sealer
	plain  *beside
	sealed hash.Hash32
	handed int64 // sealed bytes that may have left, in this run or an earlier one
	broken bool  // reading, sealing or recording failed: another one goes on from the record

	now   piece
	ahead *ahead // nil: nobody seals what comes next
}

// ahead is a goroutine that seals windows before they are asked for. It has a
// thread of its own, so it lives as long as windows are read in order.
type ahead struct {
	due   int64 // the window that ready has next
	ready chan piece
	free  chan []byte
	quit  chan struct{}
}

// windowsAhead are sealed while one leaves: with one alone, who sends would
// wait for its record to be on the disk.
const windowsAhead = 2

// piece is a window of the sealed file in memory.
type piece struct {
	k     int64 // which; -1: none
	bytes []byte
	lent  *int // how many still read of bytes; nil: nobody did
	err   error
}

// free is the memory of a window that is no longer read. What somebody still has is left
// to them: a connection that is about to end may be writing it.
func (p *piece) free() []byte {
	if p.lent != nil && *p.lent > 0 {
		return nil
	}
	return p.bytes
}

// input is what a Sealer reads: the file that the attempt has open.
type input struct {
	read func(p []byte, off int64) (int, error)
}

func (i *input) ReadAt(p []byte, off int64) (int, error) { return i.read(p, off) }

// newSealing begins, or goes on from a record if there is one; then it reads
// again what the record speaks of. Its hashing waits for words. Errors: the Sealer's,
// or read's.
func newSealing(b body, in *input, words *priority.Gate, record *seal.Record, save func(seal.Record) error) (*sealing, error) {
	x := &sealing{body: b, input: in, plain: &beside{Hash: sha256.New(), words: words}, sealed: crc32.New(castagnoli), now: piece{k: -1}}
	var err error
	if record == nil {
		if x.sealer, err = seal.NewSealer(in, b.size(), save); err == nil {
			x.sealer.Plain, x.sealer.Out = x.plain, x.sealed
		}
	} else {
		x.plain.begin()
		x.sealer, err = seal.ResumeSealer(in, *record, x.plain, x.sealed, save)
		x.plain.end()
	}
	if err != nil {
		return nil, err
	}
	x.handed = x.sealer.Sealed()
	return x, nil
}

// ReadAt hands out sealed bytes.
func (x *sealing) ReadAt(p []byte, off int64) (n int, err error) {
	size := x.sealer.Size()
	for n < len(p) && off < size {
		k, begin := seal.WindowAt(off)
		b, err := x.window(k)
		if err != nil {
			return n, err
		}
		m := copy(p[n:], b[off-begin:])
		n, off = n+m, off+int64(m)
		x.handed = max(x.handed, off)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// lend hands out the n sealed bytes from off on, or those of them that lie together.
// Who has read them counts borrowed down.
func (x *sealing) lend(off int64, n int) (p []byte, borrowed *int, err error) {
	k, begin := seal.WindowAt(off)
	b, err := x.window(k)
	if err != nil {
		return nil, nil, err
	}
	if x.now.lent == nil {
		x.now.lent = new(int)
	}
	*x.now.lent++
	p = b[off-begin:]
	p = p[:min(n, len(p))]
	x.handed = max(x.handed, off+int64(len(p)))
	return p, x.now.lent, nil
}

// window returns window k, and has the next ones sealed.
func (x *sealing) window(k int64) ([]byte, error) {
	if x.now.k == k {
		return x.now.bytes, nil
	}
	if a := x.ahead; a != nil && a.due == k {
		a.free <- x.now.free()
		x.now = <-a.ready
		a.due++
	} else {
		x.stop()
		x.now = piece{k: -1, bytes: x.now.free()}
		// A reader that skips ahead has what it skipped sealed first.
		first, _ := seal.WindowAt(x.sealer.Sealed())
		for j := min(first, k); j <= k; j++ {
			if x.fill(&x.now, j); x.now.err != nil {
				break
			}
		}
	}
	if err := x.now.err; err != nil {
		x.now.k = -1
		return nil, err
	}
	if end, _ := seal.WindowAt(x.sealer.Size() - 1); x.ahead == nil && k < end {
		x.sealAhead(k+1, end)
	}
	return x.now.bytes, nil
}

// sealAhead begins to seal the windows from one to another.
func (x *sealing) sealAhead(from, to int64) {
	a := &ahead{due: from, ready: make(chan piece, windowsAhead), free: make(chan []byte, windowsAhead+1), quit: make(chan struct{})}
	for range windowsAhead {
		a.free <- nil
	}
	x.ahead = a
	go func() {
		defer close(a.ready)
		priority.Background()
		for k := from; k <= to; k++ {
			var w piece
			select {
			case w.bytes = <-a.free:
			case <-a.quit:
				return
			}
			x.fill(&w, k)
			a.ready <- w // there is a place for all that there are
			if w.err != nil {
				return
			}
		}
	}()
}

func (x *sealing) fill(w *piece, k int64) {
	w.k = k
	x.plain.begin()
	if w.bytes, w.err = x.sealer.Window(k, w.bytes); w.err != nil {
		x.broken = true
	}
}

// stop ends the goroutines, until the next window is read. All that was sealed
// is in the checksums then.
func (x *sealing) stop() {
	if a := x.ahead; a != nil {
		close(a.quit)
		for w := range a.ready {
			seal.FreeWindow(w.bytes)
		}
		for len(a.free) > 0 {
			seal.FreeWindow(<-a.free)
		}
		x.ahead = nil
	}
	x.plain.end()
}

// rest lets go of the memory until the next read.
func (x *sealing) rest() {
	x.stop()
	seal.FreeWindow(x.now.free())
	x.now = piece{k: -1}
}

// finish seals what nobody read, and returns keys and checksums of the whole.
func (x *sealing) finish() (s sealed, err error) {
	x.stop()
	for x.sealer.Sealed() < x.sealer.Size() {
		k, _ := seal.WindowAt(x.sealer.Sealed())
		x.now = piece{k: -1, bytes: x.now.free()}
		if x.fill(&x.now, k); x.now.err != nil {
			x.now.k = -1
			return s, x.now.err
		}
	}
	x.plain.end()
	keys, err := x.sealer.Keys()
	if err != nil {
		return s, err
	}
	return sealed{keys.Marshal(), hex.EncodeToString(x.plain.Sum(nil)), hex.EncodeToString(x.sealed.Sum(nil))}, nil
}

// sealed is what a file became.
type sealed struct {
	key   []byte // as in chat.File
	plain string // SHA-256, in hexadecimal, of the file
	store string // CRC-32C, in hexadecimal, of its sealed form
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// beside is a hash of which a goroutine takes care between begin and end, while
// who writes goes on. Both may be called again. It is a seal.Room: what it gets lies in its own memory.
type beside struct {
	hash.Hash
	words      *priority.Gate
	free, full chan []byte
	done       chan struct{}
	lent       []byte // to who writes
}

// stretches is how many pieces of memory it has: one is hashed, one is sealed,
// and one is ready or waits.
const stretches = 3

// spareStretches are pieces that nobody uses, until the collector comes.
var spareStretches = sync.Pool{New: func() any { return new([seal.Stretch]byte) }}

func (b *beside) begin() {
	if b.full != nil {
		return
	}
	b.free, b.full, b.done = make(chan []byte, stretches), make(chan []byte, stretches), make(chan struct{})
	for range stretches {
		b.free <- nil // taken when it is needed: most files are small
	}
	go func(free, full chan []byte, done chan struct{}) {
		defer close(done)
		priority.Background()
		bulk := b.words.Bulk()
		for p := range full {
			bulk.Pass(context.Background(), len(p))
			b.Hash.Write(p)
			free <- p[:cap(p)]
		}
	}(b.free, b.full, b.done)
}

// end returns when all that was written is in the hash.
func (b *beside) end() {
	if b.full == nil {
		return
	}
	close(b.full)
	<-b.done
	if b.lent != nil {
		b.free <- b.lent
	}
	for range stretches {
		if p := <-b.free; p != nil {
			spareStretches.Put((*[seal.Stretch]byte)(p))
		}
	}
	b.free, b.full, b.lent = nil, nil, nil
}

// Room implements seal.Room. What it lent and nobody wrote it lends again.
func (b *beside) Room() []byte {
	if b.lent == nil {
		if b.lent = <-b.free; b.lent == nil {
			b.lent = spareStretches.Get().(*[seal.Stretch]byte)[:]
		}
	}
	return b.lent
}

// Write takes what was read into Room.
func (b *beside) Write(p []byte) (int, error) {
	b.full <- p
	b.lent = nil
	return len(p), nil
}
