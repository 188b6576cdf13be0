package app

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold makes text comparable: lower case, without accents, white space folded.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(strings.Join(strings.Fields(s), " "))) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// matches tells whether every word of what is looked for begins a word of the name.
func matches(name, find string) bool {
	words := strings.Fields(fold(name))
	for _, f := range strings.Fields(find) {
		found := false
		for _, w := range words {
			found = found || strings.HasPrefix(w, f)
		}
		if !found {
			return false
		}
	}
	return true
}
