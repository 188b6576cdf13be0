package metadata

import "io"

// Piece is a run of a cleaned picture's bytes: those From..To of the picture itself,
// or, where there are any, Bytes.
type Piece struct {
	From  int64  `json:"from,omitempty"`
	To    int64  `json:"to,omitempty"`
	Bytes []byte `json:"bytes,omitempty"`
}

func (p *Piece) size() int64 {
	if len(p.Bytes) > 0 {
		return int64(len(p.Bytes))
	}
	return p.To - p.From
}

// Bounds of what is kept of a picture beside its own bytes: no camera comes near.
const (
	maxPieces = 10_000
	maxOwn    = 1 << 20 // bytes
)

// Pieces tells of which bytes the copy is that Strip would write, so that it can be
// read where the picture lies. ErrDamaged as of Strip.
func Pieces(r io.ReaderAt, size int64, mime string) ([]Piece, error) {
	s := splicer{size: size}
	if err := Strip(&s, r, size, mime); err != nil {
		return nil, err
	}
	return s.pieces, nil
}

// splicer is written to by Strip, and notes what the copy is made of.
type splicer struct {
	size   int64 // of the picture
	pieces []Piece
	own    int // bytes
}

// Write implements io.Writer.
func (s *splicer) Write(b []byte) (int, error) {
	if s.own += len(b); s.own > maxOwn || len(s.pieces) >= maxPieces {
		return 0, ErrDamaged
	}
	if n := len(s.pieces); n > 0 && len(s.pieces[n-1].Bytes) > 0 {
		s.pieces[n-1].Bytes = append(s.pieces[n-1].Bytes, b...)
	} else if len(b) > 0 {
		s.pieces = append(s.pieces, Piece{Bytes: append([]byte(nil), b...)})
	}
	return len(b), nil
}

// keep notes a run of the picture.
func (s *splicer) keep(from, to int64) error {
	n := len(s.pieces)
	switch {
	case from < 0 || to < from || to > s.size || n >= maxPieces:
		return ErrDamaged
	case from == to:
	case n > 0 && len(s.pieces[n-1].Bytes) == 0 && s.pieces[n-1].To == from:
		s.pieces[n-1].To = to
	default:
		s.pieces = append(s.pieces, Piece{From: from, To: to})
	}
	return nil
}

// Size is how many bytes pieces have.
func Size(pieces []Piece) (n int64) {
	for i := range pieces {
		n += pieces[i].size()
	}
	return n
}

// Spliced reads the copy that pieces of r are.
func Spliced(r io.ReaderAt, pieces []Piece) io.ReaderAt { return spliced{r, pieces} }

type spliced struct {
	r      io.ReaderAt
	pieces []Piece
}

// ReadAt implements io.ReaderAt.
func (s spliced) ReadAt(out []byte, at int64) (n int, err error) {
	for i := range s.pieces {
		p := &s.pieces[i]
		size := p.size()
		if at >= size {
			at -= size
			continue
		}
		if n == len(out) {
			return n, nil
		}
		part := out[n:][:min(int64(len(out)-n), size-at)]
		if len(p.Bytes) > 0 {
			copy(part, p.Bytes[at:])
		} else if got, err := s.r.ReadAt(part, p.From+at); got < len(part) {
			return n + got, err
		}
		n, at = n+len(part), 0
	}
	if n < len(out) {
		return n, io.EOF
	}
	return n, nil
}
