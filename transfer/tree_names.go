package transfer

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"satchel/chat"
)

// places returns entries with the paths that they have below a folder here,
// slash-separated: every name in them is one that ScrubName would give, no two are
// the same for a system that ignores case, and none leads elsewhere. Paths that
// nobody sends who means well have the whole list refused, in a sentence.
func places(name string, entries []chat.TreeEntry) ([]chat.TreeEntry, error) {
	if len(entries) > chat.MaxTreeEntries {
		return nil, badList("The folder %s has more than %d files, so nothing of it was fetched. Ask for it to be sent again.", name, chat.MaxTreeEntries)
	}
	folding := cases.Fold()
	top := &placed{folding: &folding}
	out := make([]chat.TreeEntry, len(entries))
	for i := range entries {
		e := entries[i]
		parts, wrong := splitPath(e.Path)
		switch wrong {
		case pathUnreadable:
			return nil, badList("The folder %s has a file without a name that can be read, so nothing of it was fetched. Ask for it to be sent again.", name)
		case pathDeep:
			return nil, badList("The folder %s has “%s”, which lies too deep, so nothing of it was fetched. Ask for it to be sent again.", name, shortPath(e.Path))
		case pathOutside:
			return nil, badList("The folder %s has “%s”, which would lie outside of it, so nothing of it was fetched. Ask for it to be sent again.", name, shortPath(e.Path))
		case pathNone:
			return nil, badList("The folder %s has “%s”, which is no path, so nothing of it was fetched. Ask for it to be sent again.", name, shortPath(e.Path))
		}
		at, path := top, ""
		for j, part := range parts {
			last := j == len(parts)-1
			next := at.child(part, last && !e.Folder)
			if next == nil || last && next.whole {
				return nil, badList("The folder %s has “%s” twice, so nothing of it was fetched. Ask for it to be sent again.", name, shortPath(e.Path))
			}
			if path != "" {
				path += "/"
			}
			path += next.name
			next.whole = next.whole || last
			at = next
		}
		e.Path = path
		out[i] = e
	}
	return out, nil
}

// What is wrong with a path.
type wrongPath int

const (
	pathGood wrongPath = iota
	pathUnreadable
	pathDeep
	pathOutside
	pathNone
)

// splitPath cuts a path at its slashes, or says why it is refused.
func splitPath(path string) (parts []string, wrong wrongPath) {
	switch {
	case path == "" || !utf8.ValidString(path) || strings.ContainsRune(path, 0):
		return nil, pathUnreadable
	case len(path) > chat.MaxTreePath || strings.Count(path, "/") >= chat.MaxTreeDepth:
		return nil, pathDeep
	case strings.HasPrefix(path, "/"):
		return nil, pathOutside
	}
	parts = strings.Split(path, "/")
	for _, p := range parts {
		switch p {
		case "", ".":
			return nil, pathNone
		case "..":
			return nil, pathOutside
		}
	}
	return parts, pathGood
}

// placed is a folder or a file that has its place.
type placed struct {
	name  string
	file  bool
	whole bool               // an entry is this one
	of    map[string]*placed // by the sender's name
	taken map[string]int     // names below it, folded, and which variant of them may be free

	folding *cases.Caser
}

// fold is a name as systems compare it that ignore case.
func (p *placed) fold(name string) string { return norm.NFC.String(p.folding.String(name)) }

// child returns what the sender calls so, with a place; nil when it can't be both
// a file and a folder.
func (p *placed) child(name string, file bool) *placed {
	if known := p.of[name]; known != nil {
		if known.file || file {
			return nil
		}
		return known
	}
	if p.of == nil {
		p.of, p.taken = map[string]*placed{}, map[string]int{}
	}
	plain := scrubPart(name)
	key := p.fold(plain)
	n := p.taken[key]
	free := numbered(plain, n)
	for n > 0 && p.taken[p.fold(free)] > 0 {
		n++
		free = numbered(plain, n)
	}
	c := &placed{name: free, file: file, folding: p.folding}
	p.of[name] = c
	p.taken[p.fold(free)] = max(1, p.taken[p.fold(free)])
	p.taken[key] = n + 1
	return c
}

// scrubPart is ScrubName for a name in a folder, where one may begin with a dot:
// it is hidden, and belongs to what a project is.
func scrubPart(name string) string {
	name = strings.ReplaceAll(name, `\`, "_")
	if rest, ok := strings.CutPrefix(name, "."); ok && strings.Trim(rest, ". ") != "" {
		stem, ext := splitName("." + ScrubName(rest))
		return fitName(stem, ext)
	}
	return ScrubName(name)
}

// shortPath is a path as a sentence may have it.
func shortPath(path string) string {
	path = strings.Map(func(r rune) rune {
		if hidden(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(path, "�"))
	if r := []rune(path); len(r) > 80 {
		return string(r[:40]) + "…" + string(r[len(r)-38:])
	}
	return path
}
