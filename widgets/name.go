package widgets

import (
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2/lang"
)

// How long names may get: those of people and devices in characters, as the relay
// counts them, and those of groups in bytes of UTF-8, for which room is sealed.
const (
	MaxName  = 64
	MaxTitle = 256
)

// NameTooLong says by how much a person's name is too long; "" when it is not.
func NameTooLong(name string) string {
	over := utf8.RuneCountInString(folded(name)) - MaxName
	if over <= 0 {
		return ""
	}
	return lang.N("A name has at most {{.Most}} characters: this one has {{.Count}} too many.", over, map[string]any{"Most": MaxName, "Count": over})
}

// TitleTooLong says by how much a group's name is too long; "" when it is not. People
// count characters: those are counted that must go at its end.
func TitleTooLong(title string) string {
	title, over := folded(title), 0
	for len(title) > MaxTitle {
		_, n := utf8.DecodeLastRuneInString(title)
		title, over = title[:len(title)-n], over+1
	}
	if over == 0 {
		return ""
	}
	return lang.N("The name is too long: {{.Count}} characters must go.", over, map[string]any{"Count": over})
}

// tellLong has words say by how much a name is too long, if it is, and no more of it
// once it is not; was is what it returned before: whether the name is.
func tellLong(words *Paragraph, long string, was bool) bool {
	if long != "" || was {
		words.SetText(long)
	}
	return long != ""
}

// folded is a name as it is kept: without white space around it, and one between words.
func folded(name string) string { return strings.Join(strings.Fields(name), " ") }
