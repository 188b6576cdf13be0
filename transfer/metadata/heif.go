package metadata

import (
	"cmp"
	"encoding/binary"
	"io"
	"slices"
)

// HEIF is what a HEIC or AVIF file says that it holds: pictures, and words on them.
type HEIF struct {
	Primary int // the item that is the picture
	// Thumbnail is a small copy of it, 0: none.
	Thumbnail int
	items     []heifItem
	primaryAt int64 // where the primary item's number is written
	wide      bool  // in four bytes, not in two
}

type heifItem struct {
	id      int
	kind    string
	extents [][2]int64 // from, to
}

const (
	maxMeta  = 1 << 20 // bytes of the box that lists items
	maxItems = 4096
)

// ParseHEIF reads the list of items.
func ParseHEIF(r io.ReaderAt, size int64) (*HEIF, error) {
	for at := int64(0); at+8 <= size; {
		head, err := bytesAt(r, at, int(min(16, size-at)))
		if err != nil {
			return nil, err
		}
		n, start := int64(binary.BigEndian.Uint32(head)), int64(8)
		if n == 1 && len(head) == 16 {
			n, start = int64(binary.BigEndian.Uint64(head[8:])), 16
		} else if n == 0 {
			n = size - at
		}
		if n < start || n > size-at {
			return nil, ErrDamaged
		}
		if string(head[4:8]) != "meta" {
			at += n
			continue
		}
		if n > maxMeta {
			return nil, ErrDamaged
		}
		b, err := bytesAt(r, at+start, int(n-start))
		if err != nil {
			return nil, err
		}
		h := &HEIF{}
		if err := h.meta(b, at+start, size); err != nil {
			return nil, err
		}
		return h, nil
	}
	return nil, ErrDamaged
}

// boxes calls each for the boxes in b, and tells where in b their content begins.
func boxes(b []byte, each func(name string, from int, content []byte) error) error {
	for at := 0; at+8 <= len(b); {
		n := int64(binary.BigEndian.Uint32(b[at:]))
		if n == 0 {
			n = int64(len(b) - at)
		}
		if n < 8 || n > int64(len(b)-at) {
			return ErrDamaged
		}
		if err := each(string(b[at+4:at+8]), at+8, b[at+8:at+int(n)]); err != nil {
			return err
		}
		at += int(n)
	}
	return nil
}

// numbers reads big-endian numbers of changing width; it never reads too far.
type numbers struct {
	b   []byte
	bad bool
}

func (n *numbers) take(width int) int64 {
	if width > len(n.b) {
		n.bad, n.b = true, nil
		return 0
	}
	var v uint64
	for _, x := range n.b[:width] {
		v = v<<8 | uint64(x)
	}
	n.b = n.b[width:]
	if v > 1<<62 {
		n.bad = true
		return 0
	}
	return int64(v)
}

// meta reads the content of the box: version, then boxes. at is where it lies.
func (h *HEIF) meta(b []byte, at, size int64) error {
	if len(b) < 4 {
		return ErrDamaged
	}
	b, at = b[4:], at+4
	var refs [][2]int // thumbnail, picture
	var data int64    // where the box of short items lies
	err := boxes(b, func(name string, from int, c []byte) error {
		switch name {
		case "pitm":
			n := numbers{b: c}
			h.wide = n.take(1) > 0
			n.take(3)
			h.primaryAt = at + int64(from) + 4
			h.Primary = int(n.take(h.idWidth(h.wide)))
			if n.bad {
				return ErrDamaged
			}
		case "idat":
			data = at + int64(from)
		case "iinf":
			return h.kinds(c)
		case "iref":
			return references(c, &refs)
		}
		return nil
	})
	if err == nil { // places need to know where the data is
		err = boxes(b, func(name string, _ int, c []byte) error {
			if name == "iloc" {
				return h.places(c, data, size)
			}
			return nil
		})
	}
	for _, ref := range refs {
		if ref[1] == h.Primary && h.item(ref[0]) != nil {
			h.Thumbnail = ref[0]
		}
	}
	return err
}

func (*HEIF) idWidth(wide bool) int {
	if wide {
		return 4
	}
	return 2
}

func (h *HEIF) item(id int) *heifItem {
	for i := range h.items {
		if h.items[i].id == id {
			return &h.items[i]
		}
	}
	return nil
}

// kinds reads what the items are.
func (h *HEIF) kinds(c []byte) error {
	if len(c) < 6 {
		return ErrDamaged
	}
	skip := 6
	if c[0] > 0 {
		skip = 8
	}
	if len(c) < skip {
		return ErrDamaged
	}
	return boxes(c[skip:], func(name string, _ int, e []byte) error {
		if name != "infe" || len(e) < 4 || e[0] < 2 {
			return nil
		}
		n := numbers{b: e[4:]}
		id := int(n.take(h.idWidth(e[0] > 2)))
		n.take(2)
		if n.bad || len(n.b) < 4 || len(h.items) == maxItems {
			return ErrDamaged
		}
		h.items = append(h.items, heifItem{id: id, kind: string(n.b[:4])})
		return nil
	})
}

// references reads which items are thumbnails of which.
func references(c []byte, refs *[][2]int) error {
	if len(c) < 4 {
		return ErrDamaged
	}
	width := 2
	if c[0] > 0 {
		width = 4
	}
	return boxes(c[4:], func(name string, _ int, e []byte) error {
		if name != "thmb" {
			return nil
		}
		n := numbers{b: e}
		from := int(n.take(width))
		for range n.take(2) {
			to := int(n.take(width))
			if n.bad {
				return ErrDamaged
			}
			*refs = append(*refs, [2]int{from, to})
		}
		return nil
	})
}

// places reads where the items' bytes are.
func (h *HEIF) places(c []byte, data, size int64) error {
	if len(c) < 8 {
		return ErrDamaged
	}
	version := c[0]
	n := numbers{b: c[4:]}
	widths, more := n.take(1), n.take(1)
	offset, length, base, index := int(widths>>4), int(widths&15), int(more>>4), int(more&15)
	if version == 0 {
		index = 0
	}
	if version > 2 || offset > 8 || length > 8 || base > 8 || index > 8 {
		return ErrDamaged
	}
	wide := version == 2
	for range n.take(h.idWidth(wide)) {
		id, method := int(n.take(h.idWidth(wide))), int64(0)
		if version > 0 {
			method = n.take(2) & 15
		}
		n.take(2)
		from := n.take(base)
		if method == 1 {
			from += data
		}
		it := h.item(id)
		for range n.take(2) {
			n.take(index)
			at := from + n.take(offset)
			to := at + n.take(length)
			if n.bad {
				return ErrDamaged
			}
			if it == nil || method > 1 {
				continue
			}
			if at < 0 || to < at || to > size || len(it.extents) == maxItems {
				return ErrDamaged
			}
			it.extents = append(it.extents, [2]int64{at, to})
		}
		if n.bad {
			return ErrDamaged
		}
	}
	return nil
}

// MakePrimary changes, in a copy of the file in memory, which item the picture is.
func (h *HEIF) MakePrimary(file []byte, id int) {
	if h.wide {
		binary.BigEndian.PutUint32(file[h.primaryAt:], uint32(id))
	} else {
		binary.BigEndian.PutUint16(file[h.primaryAt:], uint16(id))
	}
}

// words are the items that say what is not drawn, in the order of the file.
func (h *HEIF) words() (out [][2]int64, kinds []string) {
	for _, it := range h.items {
		if it.kind != "Exif" && it.kind != "mime" {
			continue
		}
		for i, e := range it.extents {
			out = append(out, e)
			if kind := it.kind; i > 0 || len(it.extents) > 1 {
				kinds = append(kinds, "")
			} else {
				kinds = append(kinds, kind)
			}
		}
	}
	return out, kinds
}

func readHEIF(r io.ReaderAt, size int64) (Facts, error) {
	var f Facts
	h, err := ParseHEIF(r, size)
	if err != nil {
		return f, err
	}
	for _, it := range h.items {
		switch it.kind {
		case "mime":
			f.Other = true
		case "Exif":
			f.Other = true
			if len(it.extents) != 1 || it.extents[0][1]-it.extents[0][0] > maxEXIF {
				continue
			}
			b, err := bytesAt(r, it.extents[0][0], int(it.extents[0][1]-it.extents[0][0]))
			if err != nil {
				return f, err
			}
			n := numbers{b: b}
			if skip := n.take(4); !n.bad && skip <= int64(len(n.b)) {
				readEXIF(n.b[skip:], &f)
			}
		}
	}
	f.Orientation = 0 // HEIF turns pictures by a property of its own, which stays
	return f, nil
}

// stripHEIF copies the file and blanks the words: places in the file are named
// by number, so nothing may move.
func stripHEIF(w io.Writer, r io.ReaderAt, size int64) error {
	h, err := ParseHEIF(r, size)
	if err != nil {
		return err
	}
	extents, kinds := h.words()
	order := make([]int, len(extents))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(extents[a][0], extents[b][0]) })
	at := int64(0)
	for _, i := range order {
		from, to := extents[i][0], extents[i][1]
		if from < at { // over another: no camera writes that
			return ErrDamaged
		}
		if err := copyRange(w, r, at, from); err != nil {
			return err
		}
		blank := make([]byte, min(to-from, 64<<10))
		if kinds[i] == "mime" {
			for j := range blank {
				blank[j] = ' '
			}
		}
		for left := to - from; left > 0; {
			part := blank[:min(left, int64(len(blank)))]
			if left == to-from && kinds[i] == "Exif" && len(part) >= 18 {
				part = append([]byte{0, 0, 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8}, part[12:]...) // no entries
			}
			if _, err := w.Write(part); err != nil {
				return err
			}
			left -= int64(len(part))
		}
		at = to
	}
	return copyRange(w, r, at, size)
}
