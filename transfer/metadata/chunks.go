package metadata

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

const pngStart = "\x89PNG\r\n\x1a\n"

// leftOut are the chunks of a PNG that say what is not drawn.
var leftOut = map[string]bool{"eXIf": true, "tEXt": true, "zTXt": true, "iTXt": true, "tIME": true}

// pngChunks calls each for every chunk, from its length to behind its checksum.
func pngChunks(r io.ReaderAt, size int64, each func(name string, from, to int64) error) error {
	start, err := bytesAt(r, 0, len(pngStart))
	if err != nil {
		return err
	}
	if string(start) != pngStart {
		return ErrDamaged
	}
	for at := int64(len(pngStart)); ; {
		head, err := bytesAt(r, at, 8)
		if err != nil {
			return err
		}
		name, to := string(head[4:]), at+12+int64(binary.BigEndian.Uint32(head))
		if to > size {
			return ErrDamaged
		}
		if err := each(name, at, to); err != nil || name == "IEND" {
			return err
		}
		at = to
	}
}

func readPNG(r io.ReaderAt, size int64) (Facts, error) {
	var f Facts
	err := pngChunks(r, size, func(name string, from, to int64) error {
		if !leftOut[name] {
			return nil
		}
		f.Other = true
		if n := to - from - 12; name == "eXIf" && n <= maxEXIF {
			b, err := bytesAt(r, from+8, int(n))
			if err != nil {
				return err
			}
			readEXIF(b, &f)
		}
		return nil
	})
	return f, err
}

func stripPNG(w io.Writer, r io.ReaderAt, size int64) error {
	f, err := readPNG(r, size)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, pngStart); err != nil {
		return err
	}
	return pngChunks(r, size, func(name string, from, to int64) error {
		if leftOut[name] {
			return nil
		}
		if err := copyRange(w, r, from, to); err != nil || name != "IHDR" || f.Orientation < 2 {
			return err
		}
		_, err := w.Write(pngChunk("eXIf", uprightEXIF(f.Orientation)))
		return err
	})
}

func pngChunk(name string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, name...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// What the flags of a WebP's first chunk say is in it.
const (
	webpEXIF = 0x08
	webpXMP  = 0x04
)

// webpChunks calls each for every chunk, from its name to behind its padding.
func webpChunks(r io.ReaderAt, size int64, each func(name string, from, to int64, length uint32) error) error {
	head, err := bytesAt(r, 0, 12)
	if err != nil {
		return err
	}
	end := 8 + int64(binary.LittleEndian.Uint32(head[4:]))
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WEBP" || end > size {
		return ErrDamaged
	}
	for at := int64(12); at+8 <= end; {
		head, err := bytesAt(r, at, 8)
		if err != nil {
			return err
		}
		n := binary.LittleEndian.Uint32(head[4:])
		to := at + 8 + int64(n) + int64(n&1)
		if to > end {
			if to = end; at+8+int64(n) > end { // the last padding may be missing
				return ErrDamaged
			}
		}
		if err := each(string(head[:4]), at, to, n); err != nil {
			return err
		}
		at = to
	}
	return nil
}

func readWebP(r io.ReaderAt, size int64) (Facts, error) {
	var f Facts
	err := webpChunks(r, size, func(name string, from, _ int64, n uint32) error {
		switch name {
		case "EXIF":
			f.Other = true
			if n > maxEXIF {
				return nil
			}
			b, err := bytesAt(r, from+8, int(n))
			if err != nil {
				return err
			}
			if len(b) > 6 && string(b[:6]) == string(exifName) {
				b = b[6:]
			}
			readEXIF(b, &f)
		case "XMP ":
			f.Other = true
		}
		return nil
	})
	return f, err
}

func stripWebP(w io.Writer, r io.ReaderAt, size int64) error {
	f, err := readWebP(r, size)
	if err != nil {
		return err
	}
	var exif []byte
	if f.Orientation > 1 {
		exif = uprightEXIF(f.Orientation)
		exif = append(binary.LittleEndian.AppendUint32([]byte("EXIF"), uint32(len(exif))), exif...)
	}
	total, extended := int64(4+len(exif)), false
	if err := webpChunks(r, size, func(name string, from, to int64, n uint32) error {
		if name != "EXIF" && name != "XMP " {
			total += 8 + int64(n) + int64(n&1)
		}
		extended = extended || name == "VP8X"
		return nil
	}); err != nil {
		return err
	}
	if !extended && exif != nil {
		return ErrDamaged // EXIF without the chunk that announces it
	}
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(total))
	if _, err := w.Write(append(head, "WEBP"...)); err != nil {
		return err
	}
	err = webpChunks(r, size, func(name string, from, to int64, n uint32) error {
		switch name {
		case "EXIF", "XMP ":
			return nil
		case "VP8X":
			b, err := bytesAt(r, from, int(min(to-from, 18)))
			if err != nil || len(b) < 18 || n != 10 {
				return ErrDamaged
			}
			if b[8] &^= webpXMP | webpEXIF; exif != nil {
				b[8] |= webpEXIF
			}
			_, err = w.Write(b)
			return err
		}
		if err := copyRange(w, r, from, to); err != nil {
			return err
		}
		if to-from < 8+int64(n)+int64(n&1) {
			_, err := w.Write([]byte{0})
			return err
		}
		return nil
	})
	if err == nil && exif != nil {
		_, err = w.Write(exif)
	}
	return err
}
