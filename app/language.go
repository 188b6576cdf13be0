package app

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"fyne.io/fyne/v2/lang"

	"satchel/widgets"
)

// The languages of the window, each under its own name; the first is the one
// that the code is written in. A file of translations/ belongs to each: English
// sentence → sentence, or an object with "one" and "other" for lang.N. Sentences
// of the session are keys as its code has them, verbs (%s, %q) included.
var languages = []struct{ code, name string }{{"en", "English"}, {"pt", "Português"}}

//go:embed translations
var translations embed.FS

// speech is one language.
type speech struct {
	code     string
	words    map[string]words
	patterns []pattern // of keys with verbs, the longest first
}

// words are what a key says; one is of a single thing, "" where there is no plural.
type words struct{ one, other string }

// UnmarshalJSON takes a string, or an object with one and other.
func (w *words) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &w.other) == nil {
		return nil
	}
	var both struct{ One, Other string }
	err := json.Unmarshal(b, &both)
	w.one, w.other = both.One, both.Other
	return err
}

// pattern finds what was put into a sentence of the session.
type pattern struct {
	find *regexp.Regexp
	key  string
}

// spoken is the language of the window; nil: English, as it stands in the code.
var spoken atomic.Pointer[speech]

// Fyne's lang follows the system's locale alone, and is asked by variables: they
// are ours from the start on, before anybody reads them.
func init() { lang.L, lang.N = say, sayMany }

// readSpeech reads one of the languages.
func readSpeech(code string) (*speech, error) {
	b, err := translations.ReadFile("translations/" + code + ".json")
	if err != nil {
		return nil, err
	}
	s := &speech{code: code}
	if err := json.Unmarshal(b, &s.words); err != nil {
		return nil, fmt.Errorf("%s.json: %w", code, err)
	}
	for key := range s.words {
		if verb.MatchString(key) {
			p := regexp.QuoteMeta(key)
			p = verb.ReplaceAllString(p, "(.+)")
			s.patterns = append(s.patterns, pattern{regexp.MustCompile("(?is)^" + p + "$"), key})
		}
	}
	slices.SortFunc(s.patterns, func(a, b pattern) int { return len(b.key) - len(a.key) })
	return s, nil
}

// verb is where a sentence of the session has something put in.
var verb = regexp.MustCompile(`%[svdqw]`)

// setLanguage speaks a language from now on; "" is the system's. What is drawn
// already stays: see App.redraw.
func setLanguage(code string) {
	if code == "" {
		code = systemLanguage()
	}
	if s := spoken.Load(); s != nil && s.code == code {
		return
	}
	s, err := readSpeech(code)
	if err != nil {
		s = nil // a test reads all: English it is
	}
	spoken.Store(s)
	widgets.SetLanguage(code)
}

// systemLanguage is the first of ours that the system asks for.
func systemLanguage() string {
	locale := strings.ToLower(lang.SystemLocale().LanguageString())
	for _, l := range languages {
		if locale == l.code || strings.HasPrefix(locale, l.code+"-") {
			return l.code
		}
	}
	return languages[0].code
}

// say is lang.L.
func say(key string, data ...any) string {
	s := spoken.Load()
	if s == nil {
		return fill(key, data)
	}
	if w, ok := s.words[key]; ok {
		return fill(w.other, data)
	}
	if s.code != languages[0].code {
		return lang.Localize(key, data...) // Fyne's own words
	}
	return fill(key, data)
}

// sayMany is lang.N. Both languages count alike: one is one, all else is many.
func sayMany(key string, count int, data ...any) string {
	s := spoken.Load()
	if s == nil {
		return fill(key, data)
	}
	w, ok := s.words[key]
	switch {
	case !ok:
		return fill(key, data)
	case count == 1 && w.one != "":
		return fill(w.one, data)
	}
	return fill(w.other, data)
}

// fill puts values where {{.Name}} stands.
func fill(text string, data []any) string {
	if len(data) == 0 || !strings.Contains(text, "{{") {
		return text
	}
	values, ok := data[0].(map[string]any)
	if !ok {
		return lang.Localize(text, data...)
	}
	var out strings.Builder // no Replacer: it costs more than all the rest of a row
	for {
		before, rest, open := strings.Cut(text, "{{.")
		name, after, closed := strings.Cut(rest, "}}")
		v, known := values[name]
		if !open || !closed {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(before)
		if known {
			fmt.Fprint(&out, v)
		} else {
			out.WriteString("{{." + name + "}}")
		}
		text = after
	}
}

// told is a sentence of the session in the window's language. What is not known
// stays as it is: better English than nothing.
func told(text string) string {
	s := spoken.Load()
	if s == nil || s.code == languages[0].code || text == "" {
		return text
	}
	for _, key := range []string{text, strings.TrimSuffix(text, "."), lowered(text), lowered(strings.TrimSuffix(text, "."))} {
		if w, ok := s.words[key]; ok {
			return sentenced(w.other)
		}
	}
	for key, w := range s.words {
		if rest, ok := strings.CutPrefix(text, key); ok && strings.HasSuffix(key, " ") {
			return w.other + told(rest)
		}
	}
	for _, p := range s.patterns {
		for _, t := range []string{text, strings.TrimSuffix(text, ".")} {
			if found := p.find.FindStringSubmatch(t); found != nil {
				n := 0
				words := verb.ReplaceAllStringFunc(s.words[p.key].other, func(string) string {
					n++
					if n < len(found) {
						return found[n]
					}
					return ""
				})
				if strings.HasPrefix(s.words[p.key].other, "%") {
					return words // a name, as it is
				}
				return sentenced(words)
			}
		}
	}
	return text
}

func lowered(s string) string {
	if s != "" && s[0] >= 'A' && s[0] <= 'Z' {
		return string(s[0]+'a'-'A') + s[1:]
	}
	return s
}
