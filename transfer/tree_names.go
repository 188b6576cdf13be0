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
		return nil, badList(name, "has too many files")
	}
	folding := cases.Fold()
	top := &placed{folding: &folding}
	out := make([]chat.TreeEntry, len(entries))
	for i := range entries {
		e := entries[i]
		parts, why := splitPath(e.Path)
		if why != "" {
			return nil, badList(name, why)
		}
		at, path := top, ""
		for j, part := range parts {
			last := j == len(parts)-1
			next := at.child(part, last && !e.Folder)
			if next == nil || last && next.whole {
				return nil, badList(name, "has “"+shortPath(e.Path)+"” twice")
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

// splitPath cuts a path at its slashes, or says why it is refused.
func splitPath(path string) (parts []string, why string) {
	switch {
	case path == "" || !utf8.ValidString(path) || strings.ContainsRune(path, 0):
		return nil, "has a file without a name that can be read"
	case len(path) > chat.MaxTreePath || strings.Count(path, "/") >= chat.MaxTreeDepth:
		return nil, "has “" + shortPath(path) + "”, which lies too deep"
	case strings.HasPrefix(path, "/"):
		return nil, "has “" + shortPath(path) + "”, which would lie outside of it"
	}
	parts = strings.Split(path, "/")
	for _, p := range parts {
		switch {
		case p == "" || p == ".":
			return nil, "has “" + shortPath(path) + "”, which is no path"
		case p == "..":
			return nil, "has “" + shortPath(path) + "”, which would lie outside of it"
		}
	}
	return parts, ""
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
