package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	"satchel/net/priority"
	"satchel/net/seal"
)

// sealing is a body on its way through a Sealer: the window that is handed out,
// the one behind it, which is sealed meanwhile, and the checksums of both
// forms. It outlives an attempt, so that after a cut nothing is read again but
// the window in question. Its source owns it.
type sealing struct {
	body   body // that is sealed
	input  *input
	sealer *seal.Sealer
	plain  hash.Hash
	sealed *beside
	handed int64 // sealed bytes that may have left, in this run or an earlier one
	broken bool  // reading, sealing or recording failed: another one goes on from the record

	now, next piece
	ahead     chan struct{} // closed when next is there; nil: nobody seals ahead
}

// piece is a window of the sealed file in memory.
type piece struct {
	k     int64 // which; -1: none
	bytes []byte
	err   error
}

// input is what a Sealer reads: the file that the attempt has open.
type input struct {
	read func(p []byte, off int64) (int, error)
}

func (i *input) ReadAt(p []byte, off int64) (int, error) { return i.read(p, off) }

// newSealing begins, or goes on from a record if there is one; then it reads
// again what the record speaks of. Errors: the Sealer's, or read's.
func newSealing(b body, in *input, record *seal.Record, save func(seal.Record) error) (*sealing, error) {
	x := &sealing{body: b, input: in, plain: sha256.New(), sealed: &beside{Hash: sha256.New()}, now: piece{k: -1}, next: piece{k: -1}}
	var err error
	if record == nil {
		if x.sealer, err = seal.NewSealer(in, b.size(), save); err == nil {
			x.sealer.Plain, x.sealer.Out = x.plain, x.sealed
		}
	} else {
		x.sealer, err = seal.ResumeSealer(in, *record, x.plain, x.sealed, save)
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

// window returns window k, and has the next one sealed.
func (x *sealing) window(k int64) ([]byte, error) {
	if x.now.k == k {
		return x.now.bytes, nil
	}
	x.join()
	x.now, x.next = x.next, x.now
	if x.now.k != k {
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
	if end, _ := seal.WindowAt(x.sealer.Size() - 1); k < end {
		x.ahead = make(chan struct{})
		go func() {
			defer close(x.ahead)
			priority.Background()
			x.fill(&x.next, k+1)
		}()
	}
	return x.now.bytes, nil
}

func (x *sealing) fill(w *piece, k int64) {
	w.k = k
	x.sealed.begin()
	defer x.sealed.end()
	if w.bytes, w.err = x.sealer.Window(k, w.bytes); w.err != nil {
		x.broken = true
	}
}

// join waits for the window that is sealed ahead.
func (x *sealing) join() {
	if x.ahead != nil {
		<-x.ahead
		x.ahead = nil
	}
}

// rest lets go of the memory until the next read.
func (x *sealing) rest() {
	x.join()
	for _, w := range []*piece{&x.now, &x.next} {
		seal.FreeWindow(w.bytes)
		*w = piece{k: -1}
	}
}

// finish seals what nobody read, and returns keys and checksums of the whole.
func (x *sealing) finish() (s sealed, err error) {
	x.join()
	for x.sealer.Sealed() < x.sealer.Size() {
		k, _ := seal.WindowAt(x.sealer.Sealed())
		if _, err := x.window(k); err != nil {
			return s, err
		}
		x.join()
	}
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
	store string // and of its sealed form
}

// beside is a hash of which a goroutine takes care between begin and end, while
// who writes goes on. What was written must stay as it is until end.
type beside struct {
	hash.Hash
	run   []byte // what was written in one piece of memory and not yet handed over
	bytes chan []byte
	done  chan struct{}
}

// besideRun is how many bytes the goroutine gets at a time, so that it is not
// woken up for each chunk.
const besideRun = 1 << 20

func (b *beside) begin() {
	b.bytes, b.done = make(chan []byte, seal.WindowSize/besideRun+1), make(chan struct{})
	go func() {
		defer close(b.done)
		priority.Background()
		for p := range b.bytes {
			b.Hash.Write(p)
		}
	}()
}

// end returns when all that was written is in the hash.
func (b *beside) end() {
	b.hand()
	close(b.bytes)
	<-b.done
	b.bytes = nil
}

// Write implements io.Writer.
func (b *beside) Write(p []byte) (int, error) {
	if b.bytes == nil {
		return b.Hash.Write(p)
	}
	if n := len(b.run); n > 0 && cap(b.run)-n >= len(p) && len(p) > 0 && &b.run[:n+1][n] == &p[0] {
		b.run = b.run[:n+len(p)]
	} else {
		b.hand()
		b.run = p
	}
	if len(b.run) >= besideRun {
		b.hand()
	}
	return len(p), nil
}

func (b *beside) hand() {
	if len(b.run) > 0 {
		b.bytes <- b.run
	}
	b.run = nil
}
