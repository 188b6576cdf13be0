package metadata

import (
	"errors"
	"io"
)

// ErrDamaged says that a picture's container makes no sense: what it says of
// itself can't be told, nor removed.
var ErrDamaged = errors.New("the picture is damaged")

// format reads one kind of container.
type format struct {
	read  func(r io.ReaderAt, size int64) (Facts, error)
	strip func(w io.Writer, r io.ReaderAt, size int64) error
}

var formats = map[string]format{
	"image/jpeg": {readJPEG, stripJPEG},
	"image/png":  {readPNG, stripPNG},
	"image/webp": {readWebP, stripWebP},
	"image/heic": {readHEIF, stripHEIF},
	"image/heif": {readHEIF, stripHEIF},
	"image/avif": {readHEIF, stripHEIF},
}

// Knows tells whether what a picture of this MIME type says can be removed.
// Other kinds (GIF, BMP) say nothing of places and cameras.
func Knows(mime string) bool { _, ok := formats[mime]; return ok }

// Read returns what a picture of a MIME type says of itself.
func Read(r io.ReaderAt, size int64, mime string) (Facts, error) {
	f, ok := formats[mime]
	if !ok {
		return Facts{}, nil
	}
	return f.read(r, size)
}

// Strip writes a copy that does not say it. Which way up the picture is, and
// its colours, stay. Other kinds than those that Knows names are ErrDamaged.
func Strip(w io.Writer, r io.ReaderAt, size int64, mime string) error {
	f, ok := formats[mime]
	if !ok {
		return ErrDamaged
	}
	return f.strip(w, r, size)
}

// bytesAt reads n bytes at a place.
func bytesAt(r io.ReaderAt, at int64, n int) ([]byte, error) {
	b := make([]byte, n)
	if got, err := r.ReadAt(b, at); got < n {
		if err == io.EOF {
			err = ErrDamaged
		}
		return nil, err
	}
	return b, nil
}

// copyRange writes bytes of r as they are.
func copyRange(w io.Writer, r io.ReaderAt, from, to int64) error {
	if s, ok := w.(*splicer); ok {
		return s.keep(from, to)
	}
	n, err := io.Copy(w, io.NewSectionReader(r, from, to-from))
	if err == nil && n < to-from {
		err = ErrDamaged
	}
	return err
}
