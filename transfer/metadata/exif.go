package metadata

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode"

	"satchel/chat"
)

// Facts is what a picture says of how it was taken.
type Facts = chat.PictureFacts

// maxEXIF is how many bytes of EXIF are looked into: a JPEG has at most 64 KiB.
const maxEXIF = 256 << 10

// The tags of EXIF that are looked at.
const (
	tagMake        = 0x010f
	tagModel       = 0x0110
	tagOrientation = 0x0112
	tagDateTime    = 0x0132
	tagEXIF        = 0x8769
	tagGPS         = 0x8825
	tagTaken       = 0x9003
)

// tiff reads a block of EXIF: an offset of the block is a number from its start.
type tiff struct {
	data  []byte
	order binary.ByteOrder
}

// readEXIF adds to f what a block of EXIF says; it begins with "II" or "MM".
func readEXIF(data []byte, f *Facts) {
	t := tiff{data: data}
	switch {
	case len(data) < 8:
		return
	case string(data[:2]) == "II":
		t.order = binary.LittleEndian
	case string(data[:2]) == "MM":
		t.order = binary.BigEndian
	default:
		return
	}
	f.Other = true // there is a block, whatever it says
	var vendor, model string
	var exif, gps uint32
	t.directory(t.order.Uint32(data[4:]), func(tag, kind uint16, count uint32, value []byte) {
		switch tag {
		case tagMake:
			vendor = text(value)
		case tagModel:
			model = text(value)
		case tagDateTime:
			f.Taken = text(value)
		case tagOrientation:
			if kind == 3 && len(value) >= 2 {
				if o := int(t.order.Uint16(value)); o >= 1 && o <= 8 {
					f.Orientation = o
				}
			}
		case tagEXIF, tagGPS:
			if kind == 4 && len(value) >= 4 {
				if tag == tagEXIF {
					exif = t.order.Uint32(value)
				} else {
					gps = t.order.Uint32(value)
				}
			}
		}
	})
	if exif > 0 {
		t.directory(exif, func(tag, _ uint16, _ uint32, value []byte) {
			if tag == tagTaken {
				f.Taken = text(value)
			}
		})
	}
	if gps > 0 {
		t.place(gps, f)
	}
	// Models often begin with the maker's name.
	if f.Camera = model; vendor != "" && !strings.HasPrefix(strings.ToLower(model), strings.ToLower(vendor)) {
		f.Camera = strings.TrimSpace(vendor + " " + model)
	}
}

// directory goes through the entries at an offset. value is the entry's, bounded.
func (t *tiff) directory(at uint32, entry func(tag, kind uint16, count uint32, value []byte)) {
	if int64(at)+2 > int64(len(t.data)) {
		return
	}
	n := int(t.order.Uint16(t.data[at:]))
	entries := t.data[at+2:]
	for ; n > 0 && len(entries) >= 12; n-- {
		e := entries[:12]
		entries = entries[12:]
		kind, count := t.order.Uint16(e[2:]), t.order.Uint32(e[4:])
		if kind >= uint16(len(kindSize)) {
			continue
		}
		size := int64(kindSize[kind]) * int64(count)
		value := e[8:]
		if size > 4 {
			from := int64(t.order.Uint32(e[8:]))
			if from+size > int64(len(t.data)) {
				continue
			}
			value = t.data[from : from+size]
		} else {
			value = value[:size]
		}
		entry(t.order.Uint16(e), kind, count, value)
	}
}

// kindSize is how many bytes a value has, by its kind.
var kindSize = [...]int{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8}

// place reads latitude and longitude.
func (t *tiff) place(at uint32, f *Facts) {
	var lat, lon float64
	var hasLat, hasLon bool
	signs := [2]float64{1, 1}
	t.directory(at, func(tag, kind uint16, count uint32, value []byte) {
		switch {
		case (tag == 1 || tag == 3) && len(value) > 0 && (value[0] == 'S' || value[0] == 'W'):
			signs[tag/2] = -1
		case tag == 2 && kind == 5 && count == 3:
			lat, hasLat = t.degrees(value)
		case tag == 4 && kind == 5 && count == 3:
			lon, hasLon = t.degrees(value)
		}
	})
	if lat, lon = lat*signs[0], lon*signs[1]; hasLat && hasLon && math.Abs(lat) <= 90 && math.Abs(lon) <= 180 {
		f.Place, f.Lat, f.Lon = true, lat, lon
	}
}

// degrees reads degrees, minutes and seconds, as fractions.
func (t *tiff) degrees(value []byte) (float64, bool) {
	var sum float64
	part := 1.0
	for range 3 {
		above, below := t.order.Uint32(value), t.order.Uint32(value[4:])
		if below == 0 && above != 0 {
			return 0, false
		}
		if below != 0 {
			sum += float64(above) / float64(below) / part
		}
		part *= 60
		value = value[8:]
	}
	return sum, true
}

// text is a value as words, without what can't be shown.
func text(value []byte) string {
	s, _, _ := strings.Cut(string(value), "\x00")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
	if len(s) > 64 {
		s = strings.ToValidUTF8(s[:64], "")
	}
	return strings.TrimSpace(s)
}

// uprightEXIF is a block that says which way up a picture is, and nothing else.
func uprightEXIF(orientation int) []byte {
	return []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(orientation), 0, 0, 0, 0, 0, 0}
}
