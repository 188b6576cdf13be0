package preview

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxExcerpt   = 600 // bytes
	excerptLines = 6
	excerptWidth = 90 // characters of a line
)

// isText tells whether a file is shown by its first lines.
func isText(kind string) bool {
	switch kind {
	case "text/html", "text/rtf", "text/vcard", "text/calendar": // their first lines say nothing to a person
		return false
	case "application/json", "application/yaml", "application/javascript", "application/x-sh":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

// text takes the first lines of a text or of code.
func (j *job) text(file *source) error {
	head := make([]byte, 4<<10)
	n, err := io.ReadFull(file.reader(), head)
	if err != nil && n == 0 {
		return nil
	}
	j.found.File.Excerpt = excerpt(string(head[:n]))
	return nil
}

// excerpt is the beginning of a text, in a few short lines.
func excerpt(s string) string {
	s = strings.TrimPrefix(s, "\ufeff")
	if len(s) == 4<<10 { // the last character may be cut
		for i := 0; i < utf8.UTFMax && !utf8.ValidString(s); i++ {
			s = s[:len(s)-1]
		}
	}
	if !utf8.ValidString(s) {
		return ""
	}
	var lines []string
	size := 0
	for line := range strings.Lines(s) {
		line = strings.TrimRightFunc(strings.ReplaceAll(line, "\t", "    "), unicode.IsSpace)
		line = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
				return -1
			}
			return r
		}, line)
		if line == "" && (len(lines) == 0 || lines[len(lines)-1] == "") {
			continue
		}
		if runes := []rune(line); len(runes) > excerptWidth {
			line = string(runes[:excerptWidth-1]) + "…"
		}
		if size += len(line) + 1; size > maxExcerpt {
			break
		}
		if lines = append(lines, line); len(lines) == excerptLines {
			break
		}
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}
