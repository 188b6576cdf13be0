package metadata

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
)

// segments calls each for the segments of a JPEG up to its first scan, and
// returns where that begins. from is where the marker is, data what follows the length.
func segments(r io.ReaderAt, size int64, each func(marker byte, from, to int64, data func() ([]byte, error)) error) (int64, error) {
	start, err := bytesAt(r, 0, 2)
	if err != nil {
		return 0, err
	}
	if start[0] != 0xff || start[1] != 0xd8 {
		return 0, ErrDamaged
	}
	at := int64(2)
	for {
		head, err := bytesAt(r, at, 4)
		if err != nil {
			return 0, err
		}
		if head[0] != 0xff {
			return 0, ErrDamaged
		}
		if head[1] == 0xff { // a byte of filling
			at++
			continue
		}
		marker, n := head[1], int64(binary.BigEndian.Uint16(head[2:]))
		if marker == 0xda {
			return at, nil
		}
		if marker == 0 || marker == 0x01 || marker >= 0xd0 && marker <= 0xd9 || n < 2 || at+2+n > size {
			return 0, ErrDamaged
		}
		from, to := at, at+2+n
		if err := each(marker, from, to, func() ([]byte, error) { return bytesAt(r, from+4, int(to-from-4)) }); err != nil {
			return 0, err
		}
		at = to
	}
}

var (
	exifName = []byte("Exif\x00\x00")
	iccName  = []byte("ICC_PROFILE\x00")
	jfifName = []byte("JFIF\x00")
)

func readJPEG(r io.ReaderAt, size int64) (Facts, error) {
	var f Facts
	_, err := segments(r, size, func(marker byte, _, _ int64, data func() ([]byte, error)) error {
		if marker != 0xfe && (marker < 0xe0 || marker > 0xef) {
			return nil
		}
		b, err := data()
		if err != nil {
			return err
		}
		if marker == 0xe1 && bytes.HasPrefix(b, exifName) {
			readEXIF(b[len(exifName):], &f)
		} else if !staysInJPEG(marker, b) {
			f.Other = true
		}
		return nil
	})
	return f, err
}

// staysInJPEG tells whether a decoder needs a segment to show the right colours.
func staysInJPEG(marker byte, data []byte) bool {
	switch marker {
	case 0xe0:
		return bytes.HasPrefix(data, jfifName)
	case 0xe2:
		return bytes.HasPrefix(data, iccName)
	case 0xee:
		return bytes.HasPrefix(data, []byte("Adobe"))
	}
	return marker != 0xfe && (marker < 0xe0 || marker > 0xef)
}

// stripJPEG copies what is needed to draw the picture: tables, scans, colour
// profile. What lies behind the picture's end, as second pictures and films of
// telephones do, goes with the rest.
func stripJPEG(w io.Writer, r io.ReaderAt, size int64) error {
	f, err := readJPEG(r, size)
	if err != nil {
		return err
	}
	head := []byte{0xff, 0xd8}
	if f.Orientation > 1 {
		exif := append(bytes.Clone(exifName), uprightEXIF(f.Orientation)...)
		head = append(head, 0xff, 0xe1)
		head = binary.BigEndian.AppendUint16(head, uint16(len(exif)+2))
		head = append(head, exif...)
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	scan, err := segments(r, size, func(marker byte, from, to int64, data func() ([]byte, error)) error {
		b, err := data()
		if err != nil {
			return err
		}
		if !staysInJPEG(marker, b) {
			return nil
		}
		return copyRange(w, r, from, to)
	})
	if err != nil {
		return err
	}
	return copyScans(w, r, scan, size)
}

// copyScans copies from the first scan to the end of the picture, without
// segments between the scans that are not needed to draw it.
func copyScans(w io.Writer, r io.ReaderAt, at, size int64) error {
	in := bufio.NewReaderSize(io.NewSectionReader(r, at, size-at), 64<<10)
	from := at // of what is kept and not copied yet; at is the next byte that is read
	next := func() (byte, error) {
		at++
		return in.ReadByte()
	}
	for {
		b, err := next()
		if err != nil {
			return ErrDamaged // no end of the picture
		}
		if b != 0xff {
			continue
		}
		marker, err := next()
		for err == nil && marker == 0xff {
			marker, err = next()
		}
		if err != nil {
			return ErrDamaged
		}
		if marker == 0 || marker >= 0xd0 && marker <= 0xd7 {
			continue
		}
		if marker == 0xd9 {
			return copyRange(w, r, from, at)
		}
		start := at - 2
		var length [2]byte
		if _, err := io.ReadFull(in, length[:]); err != nil {
			return ErrDamaged
		}
		n := int(binary.BigEndian.Uint16(length[:]))
		if n < 2 {
			return ErrDamaged
		}
		data := make([]byte, n-2)
		if _, err := io.ReadFull(in, data); err != nil {
			return ErrDamaged
		}
		at += int64(n)
		if staysInJPEG(marker, data) {
			continue
		}
		if err := copyRange(w, r, from, start); err != nil {
			return err
		}
		from = at
	}
}
