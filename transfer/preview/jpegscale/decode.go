// Package jpegscale decodes JPEG pictures smaller than they are: to an eighth,
// a quarter or a half, straight from their coefficients. It reads the whole
// file, but computes only what the small picture shows, in a memory that is as
// small as the picture. It knows what cameras write (Huffman coded, 8 bits, one
// or three components, baseline; progressive to an eighth) and says
// ErrUnsupported of the rest. It may be called from anywhere.
package jpegscale

import (
	"errors"
	"image"
)

var (
	// ErrUnsupported says that the picture may be right, but is of a form that
	// is not decoded here: image/jpeg may know it.
	ErrUnsupported = errors.New("this form of JPEG is not scaled")
	// ErrFormat says that the bytes are no whole JPEG.
	ErrFormat = errors.New("not a JPEG picture, or a damaged one")
)

// Decode returns the picture in data at 1/denominator of its size, rounded up;
// denominator is 2, 4 or 8. What it returns is an *image.Gray or an *image.YCbCr.
func Decode(data []byte, denominator int) (image.Image, error) {
	d := &decoder{data: data, side: 8 / denominator}
	if denominator != 2 && denominator != 4 && denominator != 8 {
		return nil, ErrUnsupported
	}
	if err := d.run(); err != nil {
		return nil, err
	}
	return d.picture()
}

// component is one colour plane.
type component struct {
	id     byte
	h, v   int // sampling
	quant  byte
	dc, ac byte // which Huffman tables the scan uses
	across int  // blocks a row, whole MCUs
	down   int
	wide   int // blocks a row that are not padding: what a scan of its own has
	high   int
	pred   int32
	pix    []byte
	stride int
	dcs    []int16 // of a progressive picture, before the last scan
	seen   bool
}

type decoder struct {
	data []byte
	at   int
	side int // pixels of a block in the small picture: 1, 2 or 4

	width, height int
	progressive   bool
	framed        bool
	adobe         bool
	transform     byte
	maxH, maxV    int
	components    []component
	scan          []*component
	quant         [4][64]int32 // natural order
	hasQuant      [4]bool
	dc, ac        [4]*huffman
	restart       int
	defined       int // Huffman tables

	bits bitReader
}

// be16 reads a length at the place where the decoder is.
func (d *decoder) be16(at int) int { return int(d.data[at])<<8 | int(d.data[at+1]) }

// run reads markers until the picture is complete.
func (d *decoder) run() error {
	if len(d.data) < 4 || d.data[0] != 0xff || d.data[1] != 0xd8 {
		return ErrFormat
	}
	d.at = 2
	for {
		marker, ok := d.marker()
		if !ok || marker == 0xd9 { // the end; a picture that is cut off shows what came
			if d.complete() {
				return nil
			}
			return ErrFormat
		}
		if marker == 0x01 || marker >= 0xd0 && marker <= 0xd8 {
			continue // markers without a length
		}
		if d.at+2 > len(d.data) {
			return ErrFormat
		}
		n := d.be16(d.at)
		if n < 2 || d.at+n > len(d.data) {
			return ErrFormat
		}
		segment := d.data[d.at+2 : d.at+n]
		d.at += n
		if err := d.segment(marker, segment); err != nil {
			return err
		}
		if d.framed && !d.progressive && d.complete() {
			return nil
		}
	}
}

// marker finds the next one.
func (d *decoder) marker() (byte, bool) {
	for d.at+1 < len(d.data) {
		if d.data[d.at] != 0xff {
			d.at++
			continue
		}
		m := d.data[d.at+1]
		if m == 0xff {
			d.at++
			continue
		}
		d.at += 2
		if m != 0 {
			return m, true
		}
	}
	return 0, false
}

func (d *decoder) segment(marker byte, s []byte) error {
	switch marker {
	case 0xc0, 0xc1, 0xc2:
		return d.frame(marker, s)
	case 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf:
		return ErrUnsupported // lossless, hierarchical, arithmetic
	case 0xc4:
		return d.tables(s)
	case 0xdb:
		return d.quantization(s)
	case 0xdd:
		if len(s) < 2 {
			return ErrFormat
		}
		d.restart = int(s[0])<<8 | int(s[1])
	case 0xee:
		if len(s) >= 12 && string(s[:5]) == "Adobe" {
			d.adobe, d.transform = true, s[11]
		}
	case 0xda:
		return d.startScan(s)
	}
	return nil
}

// frame reads how the picture is made up, and makes room for it.
func (d *decoder) frame(marker byte, s []byte) error {
	if d.framed || len(s) < 6 {
		return ErrFormat
	}
	d.framed, d.progressive = true, marker == 0xc2
	if s[0] != 8 || d.progressive && d.side != 1 {
		return ErrUnsupported
	}
	d.height, d.width = int(s[1])<<8|int(s[2]), int(s[3])<<8|int(s[4])
	count := int(s[5])
	if d.height == 0 || count != 1 && count != 3 {
		return ErrUnsupported
	}
	if d.width == 0 || len(s) < 6+3*count {
		return ErrFormat
	}
	d.components = make([]component, count)
	for i := range d.components {
		c, b := &d.components[i], s[6+3*i:]
		c.id, c.h, c.v, c.quant = b[0], int(b[1]>>4), int(b[1]&15), b[2]
		if c.h == 0 || c.v == 0 || c.h > 4 || c.v > 4 || c.quant > 3 {
			return ErrFormat
		}
		for _, other := range d.components[:i] {
			if other.id == c.id {
				return ErrFormat
			}
		}
		d.maxH, d.maxV = max(d.maxH, c.h), max(d.maxV, c.v)
	}
	if count == 1 { // what is alone is not sampled
		d.components[0].h, d.components[0].v, d.maxH, d.maxV = 1, 1, 1, 1
	}
	across, down := ceil(d.width, 8*d.maxH), ceil(d.height, 8*d.maxV)
	for i := range d.components {
		c := &d.components[i]
		c.across, c.down = across*c.h, down*c.v
		c.wide = ceil(ceil(d.width*c.h, d.maxH), 8)
		c.high = ceil(ceil(d.height*c.v, d.maxV), 8)
		c.stride = c.across * d.side
		c.pix = make([]byte, c.stride*c.down*d.side)
		if d.progressive {
			c.dcs = make([]int16, c.across*c.down)
		}
	}
	return nil
}

func ceil(a, b int) int { return (a + b - 1) / b }

func (d *decoder) quantization(s []byte) error {
	for len(s) > 0 {
		wide, to := s[0]>>4, s[0]&15
		size := 64 << wide
		if wide > 1 || to > 3 || len(s) < 1+size {
			return ErrFormat
		}
		for i := range 64 {
			if wide == 1 {
				d.quant[to][zigzag[i]] = int32(s[1+2*i])<<8 | int32(s[2+2*i])
			} else {
				d.quant[to][zigzag[i]] = int32(s[1+i])
			}
		}
		d.hasQuant[to] = true
		s = s[1+size:]
	}
	return nil
}

// maxTables is how many Huffman tables one file may define: each takes time.
const maxTables = 512

func (d *decoder) tables(s []byte) error {
	for len(s) > 0 {
		if len(s) < 17 {
			return ErrFormat
		}
		class, to, count := s[0]>>4, s[0]&15, 0
		for _, n := range s[1:17] {
			count += int(n)
		}
		if d.defined++; class > 1 || to > 3 || count > 256 || len(s) < 17+count || d.defined > maxTables {
			return ErrFormat
		}
		h, err := newHuffman([16]byte(s[1:17]), s[17:17+count])
		if err != nil {
			return err
		}
		if class == 0 {
			d.dc[to] = h
		} else {
			d.ac[to] = h
		}
		s = s[17+count:]
	}
	return nil
}

// complete tells whether every plane was in a scan.
func (d *decoder) complete() bool {
	for i := range d.components {
		if !d.components[i].seen {
			return false
		}
	}
	return d.framed
}

// picture hands the planes out, cut to the picture's size.
func (d *decoder) picture() (image.Image, error) {
	if d.progressive {
		for i := range d.components {
			c := &d.components[i]
			if !d.hasQuant[c.quant] {
				return nil, ErrFormat
			}
			q := d.quant[c.quant][0]
			for j, v := range c.dcs {
				c.pix[j] = level(int32(v) * q)
			}
		}
	}
	w, h := ceil(d.width*d.side, 8), ceil(d.height*d.side, 8)
	y := &d.components[0]
	if len(d.components) == 1 {
		return &image.Gray{Pix: y.pix, Stride: y.stride, Rect: image.Rect(0, 0, w, h)}, nil
	}
	cb, cr := &d.components[1], &d.components[2]
	rgb := y.id == 'R' && cb.id == 'G' && cr.id == 'B'
	if d.adobe && d.transform == 0 || !d.adobe && rgb || cb.h != cr.h || cb.v != cr.v || y.h%cb.h != 0 || y.v%cb.v != 0 || y.h != d.maxH || y.v != d.maxV {
		return nil, ErrUnsupported
	}
	ratio, ok := ratios[[2]int{y.h / cb.h, y.v / cb.v}]
	if !ok {
		return nil, ErrUnsupported
	}
	return &image.YCbCr{Y: y.pix, Cb: cb.pix, Cr: cr.pix, YStride: y.stride, CStride: cb.stride, SubsampleRatio: ratio, Rect: image.Rect(0, 0, w, h)}, nil
}

var ratios = map[[2]int]image.YCbCrSubsampleRatio{
	{1, 1}: image.YCbCrSubsampleRatio444, {2, 1}: image.YCbCrSubsampleRatio422, {2, 2}: image.YCbCrSubsampleRatio420,
	{1, 2}: image.YCbCrSubsampleRatio440, {4, 1}: image.YCbCrSubsampleRatio411, {4, 2}: image.YCbCrSubsampleRatio410,
}

// level makes a pixel of a block's mean, eight times which is v.
func level(v int32) byte {
	v = (v+4)>>3 + 128
	return byte(min(max(v, 0), 255))
}

// zigzag leads from the order in the file to the natural one.
var zigzag = [64]byte{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}
