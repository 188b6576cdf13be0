package transfer

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName is how many bytes a name in a folder may have, on every system.
const maxName = 255

// ScrubName makes a plain file name of what a peer calls a file. The result
// can be created in a folder of any system, leads nowhere else, shows as what
// it is, and scrubs to itself. It is never empty.
func ScrubName(name string) string {
	name = norm.NFC.String(strings.ToValidUTF8(name, ""))
	// Only what stands behind the last separator of any system is the name.
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		switch {
		case hidden(r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		case strings.ContainsRune(`:*?"<>|`, r):
			return '_'
		}
		return r
	}, name)
	// Dropping and joining may have brought characters together that compose.
	name = norm.NFC.String(name)
	for {
		before := name
		name = strings.TrimRight(strings.TrimLeft(name, " ."), " .")
		stem, ext := splitName(name)
		name = fitName(stem, ext)
		if first, _, _ := strings.Cut(name, "."); reserved(first) {
			name = "_" + name
		}
		if name == before {
			break
		}
	}
	if name == "" {
		return "file"
	}
	return name
}

// hidden tells of characters that are not seen, or that turn what is seen
// around: controls, direction marks, zero-width ones, what fonts don't have.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co, unicode.Zl, unicode.Zp) ||
		r == utf8.RuneError || r == '\u034f' || r == '\u115f' || r == '\u1160' || r == '\u17b4' || r == '\u17b5' || r == '\u3164' || r == '\uffa0' ||
		unicode.Is(unicode.Variation_Selector, r)
}

// reserved tells of names that are devices on Windows, whatever follows the first dot.
func reserved(stem string) bool {
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if digit, ok := strings.CutPrefix(stem, port); ok && utf8.RuneCountInString(digit) == 1 && strings.ContainsAny(digit, "0123456789¹²³") {
			return true
		}
	}
	return false
}

// splitName parts a name from its extension, dot included; an ending that is
// longer than extensions are belongs to the name.
func splitName(name string) (stem, ext string) {
	ext = path.Ext(name)
	if len(ext) > 32 || len(ext) == len(name) || strings.ContainsRune(ext, ' ') {
		return name, ""
	}
	return name[:len(name)-len(ext)], ext
}

// fitName joins both, with the stem cut, between characters, to what a name may have.
func fitName(stem, ext string) string {
	room := maxName - len(ext)
	if len(stem) > room {
		for room > 0 && (!utf8.RuneStart(stem[room]) || !norm.NFC.PropertiesString(stem[room:]).BoundaryBefore()) {
			room--
		}
		stem = strings.TrimRight(stem[:room], " ")
	}
	return stem + ext
}
