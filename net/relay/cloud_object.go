package relay

import (
	"context"
	"errors"
	"io"

	"satchel/net/relay/bucket"
)

// object reads an object of a bucket as a file; bytes are asked for when they
// are read, from where that is.
type object struct {
	ctx    context.Context
	bucket bucket.Bucket
	name   string
	size   int64
	at     int64
	in     io.ReadCloser // at at, or nil
}

func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 {
		return 0, errors.New("relay: before the beginning")
	}
	if offset != o.at {
		o.close()
	}
	o.at = offset
	return offset, nil
}

func (o *object) Read(b []byte) (n int, err error) {
	if o.at >= o.size {
		return 0, io.EOF
	}
	if o.in == nil {
		if o.in, err = o.bucket.Get(o.ctx, o.name, o.at); err != nil {
			return 0, err
		}
	}
	n, err = o.in.Read(b)
	o.at += int64(n)
	if errors.Is(err, io.EOF) && o.at < o.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (o *object) close() {
	if o.in != nil {
		o.in.Close()
		o.in = nil
	}
}
