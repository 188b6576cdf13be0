package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"satchel/chat"
	"satchel/net/priority"
	"satchel/net/seal"
)

// part is a download under way: a file that holds the first n bytes, opened
// and checked, checksum in step. What is on disk is read again, up to the last
// whole chunk, before anything is added.
type part struct {
	file    *os.File
	n, size int64
	out     *priority.Writer
	words   *priority.Gate
	meter   *meter
	caps    *caps
	ctx     context.Context
	bulk    priority.Bulk
	owed    int   // bytes since bulk last passed
	err     error // why nothing can be written any more

	hash    *beside
	aside   bool   // a goroutine of its own computes it
	stretch []byte // what that one gets next; nil: nothing
	filled  int
}

// Sizes in bytes.
const (
	turns    = 256 << 10 // between two looks at whether messages want to pass
	worthOne = 8 << 20   // what is left of a file to be worth a goroutine that hashes
)

func (e *Engine) partPath(id chat.TransferID) string {
	return filepath.Join(e.cfg.Folder, "parts", string(id)+".part")
}

// openPart opens or begins the part of a download of so many bytes.
func openPart(ctx context.Context, path string, size int64, m *meter, words *priority.Gate, caps *caps) (*part, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	p := &part{file: file, hash: &beside{Hash: sha256.New(), words: words}, size: size, meter: m, caps: caps, ctx: ctx, words: words, bulk: words.Bulk()}
	err = p.verify(ctx)
	if err == nil {
		err = reserve(file, size)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return p, nil
}

func (p *part) verify(ctx context.Context) error {
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	keep := info.Size()
	switch {
	case keep > p.size:
		keep = 0
	case keep < p.size: // goes on with the chunk of which only the beginning is there
		_, keep = seal.SealedOffset(keep)
	}
	if keep < info.Size() {
		if err := p.file.Truncate(keep); err != nil {
			return err
		}
	}
	for buf := make([]byte, min(1<<20, max(1, keep))); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := p.file.Read(buf)
		p.hash.Hash.Write(buf[:n])
		p.n += int64(n)
		p.meter.know(p.n)
		if errors.Is(err, io.EOF) {
			p.aside = p.size-p.n >= worthOne
			p.out = priority.NewWriter(p.file, p.n, p.size, p.words)
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Write adds bytes; never more than were announced.
func (p *part) Write(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	if p.n+int64(len(b)) > p.size {
		p.err = errMismatch
		return 0, p.err
	}
	p.caps.wait(p.ctx, chat.Download, len(b))
	if p.owed += len(b); p.owed >= turns {
		p.bulk.Pass(p.ctx, p.owed)
		p.owed = 0
	}
	n, err := p.out.Write(b)
	p.digest(b[:n])
	p.n += int64(n)
	if n > 0 {
		p.meter.moved.Store(true)
		p.meter.went.Add(int64(n))
		p.meter.know(p.n)
	}
	if err != nil {
		p.err = err
	}
	return n, err
}

// Room implements seal.Room: chunks are opened where they are hashed.
func (p *part) Room() []byte {
	if !p.aside {
		return nil
	}
	if p.stretch == nil {
		p.hash.begin()
		p.stretch, p.filled = p.hash.Room(), 0
	}
	return p.stretch[p.filled:]
}

// digest adds what was written to the checksum, now or a little later.
func (p *part) digest(b []byte) {
	if !p.aside {
		p.hash.Hash.Write(b)
		return
	}
	for len(b) > 0 {
		n, room := len(b), p.Room()
		if &room[0] != &b[0] {
			n = copy(room, b)
		}
		b, p.filled = b[n:], p.filled+n
		if len(p.stretch)-p.filled < seal.ChunkSize {
			p.handOver()
		}
	}
}

// handOver gives what is in the stretch to the goroutine that hashes.
func (p *part) handOver() {
	if p.filled > 0 {
		_, _ = p.hash.Write(p.stretch[:p.filled]) // a hash has no errors
		p.stretch, p.filled = nil, 0
	}
}

// flush has all that came in the file.
func (p *part) flush() error {
	if _, err := p.out.Flush(); p.err == nil {
		p.err = err
	}
	return p.err
}

// Close ends the writing: what was taken is in the file.
func (p *part) Close() error {
	p.rest()
	return errors.Join(p.flush(), p.file.Close())
}

// sum is the checksum of all that is there.
func (p *part) sum() string {
	p.rest()
	return hex.EncodeToString(p.hash.Sum(nil))
}

// rest returns when all that came is in the checksum, and nobody computes it.
func (p *part) rest() {
	p.handOver()
	p.hash.end()
	p.stretch = nil
}

func removePart(path string) { _ = os.Remove(path) }

// sweepParts removes the parts, records and copies of transfers that are no more.
func (e *Engine) sweepParts() {
	found, _ := os.ReadDir(filepath.Join(e.cfg.Folder, "parts"))
	for _, f := range found {
		ext := filepath.Ext(f.Name())
		if ext != ".part" && ext != ".seal" && ext != copyExt && ext != planExt && ext != partsExt {
			continue
		}
		e.mu.Lock()
		_, known := e.entries[chat.TransferID(strings.TrimSuffix(f.Name(), ext))]
		e.mu.Unlock()
		if !known {
			_ = os.RemoveAll(filepath.Join(e.cfg.Folder, "parts", f.Name()))
		}
	}
	e.sweepLists()
}
