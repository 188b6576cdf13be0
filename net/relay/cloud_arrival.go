package relay

import (
	"context"
	"encoding"
	"fmt"
	"hash"
	"io"
	"sync"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

// arrival is an upload during one request.
type arrival struct {
	*cloud
	file  store.File // as the store has it
	hash  hash.Hash
	parts int
	buf   []byte // what is behind the last part
	size  int64  // of a part
}

func (c *cloud) arrival(ctx context.Context, f store.File) (*arrival, error) {
	a := &arrival{cloud: c, file: f, hash: newChecksum(f), size: c.partSize(f)}
	if f.Hashed > 0 {
		if err := a.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(f.Hash); err != nil {
			return nil, fmt.Errorf("the hash of an upload can't be read: %w", err)
		}
	}
	a.parts = int(f.Hashed / a.size)
	if f.Tail == "" {
		return a, nil
	}
	in, err := c.bucket.Get(ctx, f.Tail, 0)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	a.buf, err = io.ReadAll(io.LimitReader(in, a.size))
	if err == nil && int64(len(a.buf)) != f.Hashed%a.size {
		err = io.ErrUnexpectedEOF
	}
	return a, err
}

var buffers = sync.Pool{New: func() any { b := make([]byte, copyBuffer); return &b }}

func (c *cloud) write(ctx context.Context, f store.File, offset int64, src io.Reader) (n int64, err error) {
	if offset != f.Hashed {
		return 0, store.ErrConflict // another relay went on with it
	}
	// The client's going does not end what is kept: it would be sent again.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), cloudTime)
	defer cancel()
	a, err := c.arrival(keep, f)
	if err != nil {
		return 0, err
	}
	bulk := c.relay.words.Bulk()
	small := buffers.Get().(*[]byte)
	defer buffers.Put(small)
	var failed error
	for failed == nil {
		room := min(int64(len(*small)), a.size-int64(len(a.buf)))
		bulk.Pass(ctx, int(room))
		m, rerr := io.ReadAtLeast(src, (*small)[:room], 1)
		a.buf = append(a.buf, (*small)[:m]...)
		a.hash.Write((*small)[:m])
		c.relay.metrics.up.Add(float64(m))
		if int64(len(a.buf)) == a.size {
			again, end := context.WithTimeout(context.WithoutCancel(ctx), cloudTime)
			failed = a.keepPart(again)
			end()
		}
		if rerr != nil {
			break
		}
	}
	if failed == nil {
		last, end := context.WithTimeout(context.WithoutCancel(ctx), cloudTime)
		defer end()
		failed = a.keepRest(last)
	}
	return a.file.Hashed - f.Hashed, failed
}

// keepPart makes a part of what was gathered; the last one may be short.
func (a *arrival) keepPart(ctx context.Context) error {
	f, name := a.file, objectName(a.file)
	var err error
	if f.Upload == "" {
		if f.Upload, err = a.bucket.Begin(ctx, name); err != nil {
			return err
		}
	}
	n := a.parts + 1
	tag, err := a.bucket.Part(ctx, name, f.Upload, n, a.buf)
	if err != nil {
		return err
	}
	if err := a.relay.at(stepPart); err != nil {
		return err
	}
	arrived := int64(a.parts)*a.size + int64(len(a.buf))
	if err := a.advance(ctx, store.Progress{Upload: f.Upload, Part: n, Tag: tag}, arrived-f.Hashed); err != nil {
		return err
	}
	a.parts, a.buf = n, a.buf[:0]
	return nil
}

// keepRest makes a tail of what was gathered behind the last part, or the last
// part where nothing else will come.
func (a *arrival) keepRest(ctx context.Context) error {
	arrived := int64(a.parts)*a.size + int64(len(a.buf))
	switch {
	case arrived == a.file.Hashed:
		return nil
	case arrived == a.file.Size && a.parts > 0:
		return a.keepPart(ctx)
	case arrived == a.file.Size: // all of a small file
		if err := a.bucket.Put(ctx, objectName(a.file), a.buf); err != nil {
			return err
		}
		if err := a.relay.at(stepPart); err != nil {
			return err
		}
		return a.advance(ctx, store.Progress{}, arrived-a.file.Hashed)
	}
	tail := objectName(a.file) + ".tail." + wire.NewID()
	if err := a.bucket.Put(ctx, tail, a.buf); err != nil {
		return err
	}
	if err := a.relay.at(stepPart); err != nil {
		return err
	}
	return a.advance(ctx, store.Progress{Upload: a.file.Upload, Tail: tail}, arrived-a.file.Hashed)
}

// advance notes that more bytes are in the bucket for good.
func (a *arrival) advance(ctx context.Context, p store.Progress, more int64) error {
	state, err := a.hash.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return err
	}
	p.Hashed, p.Hash = a.file.Hashed+more, state
	if err := a.relay.store.Advance(a.file.ID, a.file.Hashed, p); err != nil {
		return err
	}
	old := a.file.Tail
	a.file.Hashed, a.file.Hash, a.file.Upload, a.file.Tail = p.Hashed, p.Hash, p.Upload, p.Tail
	if old != "" {
		_ = a.bucket.Delete(ctx, old) // else the sweeper does
	}
	return nil
}
