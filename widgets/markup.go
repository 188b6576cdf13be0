package widgets

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
)

// markStyle is how a run of a text differs from the words around it.
type markStyle uint8

const (
	markBold markStyle = 1 << iota
	markItalic
	markCode
	markMention
	markBlock // of lines of code
)

// span is a run of a text that is drawn in a style of its own, or leads somewhere.
type span struct {
	from, to int
	style    markStyle
	url      *url.URL // nil: it leads nowhere
}

// rich is a text as it is shown: without the signs that marked its spans. Spans
// are in order and do not overlap.
type rich struct {
	text  string
	spans []span
}

// Bounds of the parser: what comes behind them stays as it was written.
const (
	maxSpans    = 1000
	markupReach = 2000 // bytes from a sign to the one that closes it
	maxTries    = 4000 // signs that are looked for a partner
	maxLink     = 2000 // bytes of a link
)

// parseMarkup reads what people write: **bold**, *italic*, `code`, code between
// lines of ```, links, and @ before one of names. Signs that have no partner are
// words. It takes time in proportion to the text.
func parseMarkup(text string, names []string) rich {
	text = strings.ToValidUTF8(text, "\uFFFD")
	p := &markup{in: text, links: findLinks(text), names: names}
	p.read(0, len(text), 0)
	return rich{p.out.String(), p.spans}
}

type markup struct {
	in    string
	links []span // of in, in order
	names []string
	out   strings.Builder
	spans []span
	tries int
	plain int // in is copied up to here
}

// copy moves in[p.plain:to] to the output, in a style; "" of it leaves no span.
func (p *markup) copy(to int, style markStyle, u *url.URL) {
	if to <= p.plain {
		return
	}
	from := p.out.Len()
	p.out.WriteString(p.in[p.plain:to])
	p.plain = to
	if style != 0 || u != nil {
		p.spans = append(p.spans, span{from, p.out.Len(), style, u})
	}
}

// skip leaves signs out.
func (p *markup) skip(to int) { p.plain = to }

// read goes through in[from:to], all of which is in a style already.
func (p *markup) read(from, to int, style markStyle) {
	for at := from; at < to; {
		if len(p.spans) >= maxSpans || p.tries >= maxTries {
			break
		}
		if k, ok := p.linkAt(at, to); ok {
			p.copy(at, style, nil)
			p.copy(k.to, style, k.url)
			at = k.to
			continue
		}
		switch p.in[at] {
		case '`':
			at = p.code(at, to, style)
		case '*':
			at = p.stars(at, to, style)
		case '@':
			at = p.mention(at, to, style)
		default:
			at++
		}
	}
	p.copy(to, style, nil)
}

// linkAt is the link that begins at a byte and ends before to.
func (p *markup) linkAt(at, to int) (span, bool) {
	for len(p.links) > 0 && p.links[0].from < at {
		p.links = p.links[1:]
	}
	if len(p.links) > 0 && p.links[0].from == at && p.links[0].to <= to {
		return p.links[0], true
	}
	return span{}, false
}

// code reads `code`, and a block between ``` and ```.
func (p *markup) code(at, to int, style markStyle) int {
	p.tries++
	if strings.HasPrefix(p.in[at:to], "```") {
		// A block may be long: it is looked for to the end, once.
		if n := strings.Index(p.in[at+3:to], "```"); n > 0 {
			inner, end := at+3, at+3+n
			if line := strings.IndexByte(p.in[inner:end], '\n'); line >= 0 && !strings.ContainsAny(strings.TrimSpace(p.in[inner:inner+line]), " \t") {
				inner += line + 1 // the first line names the language
			}
			if stop := len(strings.TrimRight(p.in[:end], "\r\n")); stop > inner {
				p.copy(at, style, nil)
				p.skip(inner)
				p.copy(stop, style|markCode|markBlock, nil)
				p.skip(end + 3)
				return end + 3
			}
		}
		p.tries += maxTries / 40
		return at + 3
	}
	line := p.line(at+1, to)
	if n := strings.IndexByte(p.in[at+1:line], '`'); n > 0 {
		p.copy(at, style, nil)
		p.skip(at + 1)
		p.copy(at+1+n, style|markCode, nil)
		p.skip(at + 2 + n)
		return at + 2 + n
	}
	return at + 1
}

// line is where the line from at ends, within reach.
func (p *markup) line(at, to int) int {
	to = min(to, at+markupReach)
	if n := strings.IndexByte(p.in[at:to], '\n'); n >= 0 {
		return at + n
	}
	return to
}

// stars reads **bold** and *italic*.
func (p *markup) stars(at, to int, style markStyle) int {
	n := 1
	for at+n < to && p.in[at+n] == '*' {
		n++
	}
	sign, add := "*", markItalic
	if n == 2 {
		sign, add = "**", markBold
	}
	if n > 2 || style&add != 0 || !p.opens(at, at+n, to) {
		return at + n
	}
	p.tries++
	end := p.line(at+n, to)
	for from := at + n; from < end; {
		i := strings.Index(p.in[from:end], sign)
		if i < 0 {
			break
		}
		i += from
		run := i
		for run < end && p.in[run] == '*' {
			run++
		}
		if run-i == n && p.closes(i, run) && i > at+n {
			p.copy(at, style, nil)
			p.skip(at + n)
			p.read(at+n, i, style|add)
			p.skip(run)
			return run
		}
		from = run
	}
	return at + n
}

// opens tells whether a sign at in[from:to] begins something: behind a space or
// punctuation, before a letter.
func (p *markup) opens(from, to, end int) bool {
	if to >= end {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(p.in[:from])
	after, _ := utf8.DecodeRuneInString(p.in[to:])
	return !unicode.IsSpace(after) && (from == 0 || !isWordRune(before))
}

// closes tells whether a sign at in[from:to] ends something.
func (p *markup) closes(from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(p.in[:from])
	after, _ := utf8.DecodeRuneInString(p.in[to:])
	return !unicode.IsSpace(before) && (to == len(p.in) || !isWordRune(after))
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// Mentions tells whether a text has an @ before name, which is one of names. What
// stands in code is nobody's name.
func Mentions(text, name string, names []string) bool {
	if !strings.Contains(text, "@") {
		return false
	}
	r := parseMarkup(text, names)
	return slices.ContainsFunc(r.spans, func(s span) bool {
		return s.style&markMention != 0 && strings.EqualFold(r.text[s.from:s.to], "@"+name)
	})
}

// mention reads @ and a name.
func (p *markup) mention(at, to int, style markStyle) int {
	p.tries++
	if before, _ := utf8.DecodeLastRuneInString(p.in[:at]); len(p.names) == 0 || at > 0 && isWordRune(before) {
		return at + 1
	}
	best := 0
	for _, name := range p.names {
		end := at + 1 + len(name)
		if len(name) <= best || end > to || !strings.EqualFold(p.in[at+1:end], name) {
			continue
		}
		if after, _ := utf8.DecodeRuneInString(p.in[end:]); end == len(p.in) || !isWordRune(after) {
			best = len(name)
		}
	}
	if best == 0 {
		return at + 1
	}
	p.copy(at, style, nil)
	p.copy(at+1+best, style|markMention, nil)
	return at + 1 + best
}

var linkPattern = regexp.MustCompile(`(?i)\b(?:https?://|satchel://|mailto:|www\.)[^\s<>"'\x60\x{2028}\x{2029}]+`)

// findLinks finds what a click may open: http, https, mailto and satchel only,
// without the punctuation that ends the sentence around it.
func findLinks(text string) []span {
	if !strings.Contains(text, ":") && !strings.Contains(strings.ToLower(text), "www.") {
		return nil
	}
	var links []span
	for _, m := range linkPattern.FindAllStringIndex(text, maxSpans) {
		from, to := m[0], m[1]
		if to-from > maxLink {
			continue
		}
		for to > from {
			r, n := utf8.DecodeLastRuneInString(text[from:to])
			if r == ')' && strings.Count(text[from:to], "(") >= strings.Count(text[from:to], ")") || !strings.ContainsRune(".,;:!?)]}*_…", r) {
				break
			}
			to -= n
		}
		raw := text[from:to]
		if len(raw) >= 4 && strings.EqualFold(raw[:4], "www.") {
			raw = "https://" + raw
		}
		if u, err := url.Parse(raw); err == nil && (u.Host != "" || u.Scheme == "mailto" && strings.Contains(u.Opaque, "@")) {
			links = append(links, span{from: from, to: to, url: u})
		}
	}
	return links
}

// cut is the text up to a byte, and the spans in it.
func (r rich) cut(to int) rich {
	out := rich{text: r.text[:to]}
	for _, s := range r.spans {
		if s.from < to {
			s.to = min(s.to, to)
			out.spans = append(out.spans, s)
		}
	}
	return out
}

// tabsAsSpaces writes four spaces for a tab, whose width depends on where it stands.
func (r rich) tabsAsSpaces() rich {
	if !strings.Contains(r.text, "\t") {
		return r
	}
	const spaces = "    "
	var tabs []int
	for i := range len(r.text) {
		if r.text[i] == '\t' {
			tabs = append(tabs, i)
		}
	}
	moved := func(at int) int {
		n, _ := slices.BinarySearch(tabs, at)
		return at + n*(len(spaces)-1)
	}
	out := rich{text: strings.ReplaceAll(r.text, "\t", spaces), spans: slices.Clone(r.spans)}
	for i := range out.spans {
		out.spans[i].from, out.spans[i].to = moved(out.spans[i].from), moved(out.spans[i].to)
	}
	return out
}

// over is the style of a span on top of that of its text.
func (m markStyle) over(s fyne.TextStyle) fyne.TextStyle {
	s.Bold = s.Bold || m&(markBold|markMention) != 0
	s.Italic = s.Italic || m&markItalic != 0
	s.Monospace = m&markCode != 0
	return s
}

// PlainText is what a text says, without the signs of its markup.
func PlainText(text string) string { return parseMarkup(text, nil).text }
