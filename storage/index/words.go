package index

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"satchel/chat"
)

const (
	maxWord  = 40   // bytes of a word that count
	maxWords = 2000 // of one message
)

// words are what a text is found by, each once. Scripts that put no space
// between words are cut into pairs of characters, and the last character of a
// run stands alone: so every pair, and as the beginning of one every single
// character, finds it.
func words(text string) []string {
	var all []string
	cut(text, func(word string, dense bool) bool {
		if !dense {
			all = append(all, clip(word))
			return len(all) < maxWords
		}
		runes := []rune(word)
		for i := range runes {
			all = append(all, string(runes[i:min(i+2, len(runes))]))
		}
		return len(all) < maxWords
	})
	slices.Sort(all)
	return slices.Compact(all)
}

// wanted is one word of a question.
type wanted struct {
	word   string
	prefix bool // words that begin so are meant, too
}

// question reads what somebody looks for: every word must be there, and the
// last one may be only begun.
func question(text string) []wanted {
	var all []wanted
	open := false // nothing closes the last word
	if r, _ := utf8.DecodeLastRuneInString(text); text != "" {
		open = unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
	}
	cut(text, func(word string, dense bool) bool {
		if !dense {
			all = append(all, wanted{clip(word), false})
			return len(all) < 32
		}
		runes := []rune(word)
		if len(runes) == 1 {
			all = append(all, wanted{word, true}) // also inside of what is written together
		}
		for i := 0; i+1 < len(runes); i++ {
			all = append(all, wanted{string(runes[i : i+2]), false})
		}
		return len(all) < 32
	})
	if n := len(all); n > 0 && open {
		all[n-1].prefix = true
	}
	return all
}

// clip shortens a word to what counts of it.
func clip(word string) string {
	if len(word) <= maxWord {
		return word
	}
	n := maxWord
	for !utf8.RuneStart(word[n]) {
		n--
	}
	return word[:n]
}

// cut calls f for each run of letters and digits of the folded text; dense ones
// are of a script without spaces. It ends when f returns false.
func cut(text string, f func(word string, dense bool) bool) {
	text = chat.Fold(strings.ToValidUTF8(text, " "))
	const (
		none = iota
		spaced
		dense
	)
	kind := func(r rune) int {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
			return dense
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return spaced
		}
		return none
	}
	from, was := 0, none
	for at, r := range text {
		is := kind(r)
		if is == was {
			continue
		}
		if was != none && !f(text[from:at], was == dense) {
			return
		}
		from, was = at, is
	}
	if was != none {
		f(text[from:], was == dense)
	}
}
