package jpegscale

import "encoding/binary"

// huffman decodes one table's symbols.
type huffman struct {
	// one has for 16 bits that lie ahead the first symbol and its length:
	// symbol<<8 | bits; 0 where no code begins so.
	one []uint16
	// many has for the same 16 bits how far all symbols of AC coefficients that
	// are complete in them lead: made when first needed.
	many []uint32
}

func newHuffman(counts [16]byte, symbols []byte) (*huffman, error) {
	h := &huffman{one: make([]uint16, 1<<16)}
	code, at := 0, 0
	for i, n := range counts {
		bits := i + 1
		for range int(n) {
			if code >= 1<<bits {
				return nil, ErrFormat
			}
			from := code << (16 - bits)
			entry := uint16(symbols[at])<<8 | uint16(bits)
			fill := h.one[from : from+1<<(16-bits)]
			for j := range fill {
				fill[j] = entry
			}
			code++
			at++
		}
		code <<= 1
	}
	return h, nil
}

// What an entry of many says: the bits to skip, by how many coefficients that
// leads on, and whether the block ended.
const (
	manyBits  = 0xff
	manyShift = 8
	manyMask  = 0x7f
	manyEnd   = 1 << 16
)

// skipping returns the table that leads over AC coefficients: several small
// ones at a time, with their values.
func (h *huffman) skipping() []uint32 {
	if h.many != nil {
		return h.many
	}
	h.many = make([]uint32, 1<<16)
	for ahead := range h.many {
		used, on := 0, 0
		var end uint32
		for {
			e := h.one[uint16(ahead<<used)]
			bits := int(e & 0xff)
			size := int(e>>8) & 15
			if bits == 0 || used+bits+size > 16 {
				break
			}
			run := int(e >> 12)
			used += bits + size
			if size == 0 && run != 15 {
				end = manyEnd
				break
			}
			on += run + 1
			if on > 63 {
				used = 0 // can't be: the slow way says so
				break
			}
		}
		h.many[ahead] = uint32(used) | uint32(on)<<manyShift | end
	}
	return h.many
}

// bitReader hands out the bits of a scan, without the bytes that are stuffed in.
type bitReader struct {
	data  []byte
	at    int
	buf   uint64 // bits that lie ahead, at its top
	count int
	past  int  // bytes that were made up behind the end
	ended bool // at a marker, or at the end of the data
}

// fill makes 48 bits ready, at least. Behind the end they are zeros.
func (b *bitReader) fill() {
	if !b.ended && b.at+8 <= len(b.data) {
		x := binary.BigEndian.Uint64(b.data[b.at:])
		if y := ^x; (y-0x0101010101010101)&^y&0x8080808080808080 == 0 { // no 0xff
			n := (64 - b.count) >> 3
			b.buf |= x >> b.count
			b.count += n << 3
			b.at += n
			if b.count < 64 {
				b.buf &= ^uint64(0) << (64 - b.count)
			}
			return
		}
	}
	for b.count <= 56 {
		var v byte
		switch {
		case b.ended || b.at >= len(b.data):
			b.ended = true
			b.past++
		case b.data[b.at] != 0xff:
			v = b.data[b.at]
			b.at++
		case b.at+1 < len(b.data) && b.data[b.at+1] == 0:
			v = 0xff
			b.at += 2
		default:
			b.ended = true
			b.past++
		}
		b.buf |= uint64(v) << (56 - b.count)
		b.count += 8
	}
}

func (b *bitReader) skip(n int) { b.buf <<= n; b.count -= n }

// reset begins anew at a byte.
func (b *bitReader) reset(at int) { b.at, b.buf, b.count, b.past, b.ended = at, 0, 0, 0, false }

// overrun tells whether bits were used that are not in the data.
func (b *bitReader) overrun() bool { return b.past > 0 && b.past*8 > b.count }

// receive reads a value of so many bits, by the rules of JPEG. There are enough.
func (b *bitReader) receive(bits int) int32 {
	if bits == 0 {
		return 0
	}
	v := int32(b.buf >> (64 - bits))
	b.skip(bits)
	if v < 1<<(bits-1) {
		v += -1<<bits + 1
	}
	return v
}
