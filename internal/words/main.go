// Command words keeps app/translations true to the code: every string that goes
// to the screen by lang.L and lang.N, and every sentence that the session and the
// transfers may show there, is a key of every language, and nothing else is.
//
//	go run ./internal/words          says what is missing, as lines to paste
//	go run ./internal/words -write   adds what is missing, with the English words
//	                                 (to translate), and drops what nobody says
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Folders whose strings are on the screen, and whose sentences may get there.
var (
	drawn     = []string{"app", "widgets"}
	sentences = []string{"app/session", "transfer", "transfer/dir", "transfer/web", "transfer/webdav", "transfer/s3", "transfer/gs", "transfer/azblob", "transfer/stores", "net/link"}
)

func main() {
	write := flag.Bool("write", false, "add what is missing and drop what nobody says")
	flag.Parse()
	if err := run(".", *write); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root string, write bool) error {
	said, wrong, err := collect(root)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(root, "app/translations/*.json"))
	if err != nil {
		return err
	}
	for _, path := range files {
		have, err := read(path)
		if err != nil {
			return err
		}
		if write {
			have = mend(said, have)
			if err := os.WriteFile(path, encode(have), 0o644); err != nil {
				return err
			}
		}
		wrong = append(wrong, compare(filepath.Base(path), said, have)...)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%s", strings.Join(wrong, "\n"))
	}
	return nil
}

// words are what a key says in one language.
type words struct {
	One   string `json:"one,omitempty"`
	Other string `json:"other"`
}

// collect finds all keys of the code; plural tells those of lang.N. wrong names
// what can't be a key.
func collect(root string) (said map[string]bool, wrong []string, err error) {
	said = map[string]bool{}
	for _, folder := range append(slices.Clone(drawn), sentences...) {
		paths, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil {
			return nil, nil, err
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				return nil, nil, err
			}
			c := &collector{set: set, said: said}
			if slices.Contains(drawn, folder) {
				ast.Inspect(file, c.screen)
			} else {
				ast.Inspect(file, c.sentence)
			}
			wrong = append(wrong, c.wrong...)
		}
	}
	return said, wrong, nil
}

type collector struct {
	set   *token.FileSet
	said  map[string]bool // key → it has a plural
	wrong []string
}

// screen takes what lang is given, and finds words that go to the screen without it.
func (c *collector) screen(n ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return true
	}
	name := called(call)
	if name == "lang.L" || name == "lang.N" {
		if key, ok := constant(call.Args[0]); ok {
			c.said[key] = c.said[key] || name == "lang.N"
		} else if keys := dynamic[c.source(call.Args[0])]; keys != nil {
			for _, k := range keys {
				c.said[k] = false
			}
		} else {
			c.wrong = append(c.wrong, fmt.Sprintf("%s: %s(%s) is not constant: nobody can translate it", c.set.Position(call.Pos()), name, c.source(call.Args[0])))
		}
		return true
	}
	if i, shows := shown[name[strings.LastIndexByte(name, '.')+1:]]; shows {
		for _, arg := range call.Args[min(i, len(call.Args)):] {
			if text, ok := constant(arg); ok && letters(text) && !names[text] {
				c.wrong = append(c.wrong, fmt.Sprintf("%s: %q goes to the screen without lang.L", c.set.Position(arg.Pos()), text))
			}
		}
	}
	return true
}

// shown are functions whose constant strings, from the given argument on, are read
// by people.
var shown = map[string]int{"NewButton": 1, "NewIconButton": 1, "NewParagraph": 0, "NewToggle": 0, "NewPicker": 0, "NewSheet": 0, "NewHeading": 0,
	"NewFact": 0, "NewMenuItem": 0, "SetPlaceHolder": 0, "SetHint": 0, "SetStatus": 0, "notice": 0, "Say": 0, "Fail": 0, "SetDetail": 0, "NewMenu": 0}

// names are the same in every language.
var names = map[string]bool{"MIT": true, "Satchel ": true, "Satchel": true}

// dynamic are the arguments that are not constant, and what they can be.
var dynamic = map[string][]string{"c.Text": {}} // in a bubble: why it can't be opened, a sentence of the session

func init() {
	for d := time.Sunday; d <= time.Saturday; d++ {
		dynamic["t.Weekday().String()"] = append(dynamic["t.Weekday().String()"], d.String())
		dynamic["t.Weekday().String()[:3]"] = append(dynamic["t.Weekday().String()[:3]"], d.String()[:3])
	}
	for m := time.January; m <= time.December; m++ {
		dynamic["t.Month().String()"] = append(dynamic["t.Month().String()"], m.String())
		dynamic["t.Month().String()[:3]"] = append(dynamic["t.Month().String()[:3]"], m.String()[:3])
	}
}

// sentence takes what reads like one: from a capital to a full stop. What is
// logged is for nobody's eyes.
func (c *collector) sentence(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		if name := called(n); strings.Contains(name, "log.") {
			return false
		}
	case *ast.GenDecl:
		for _, s := range n.Specs {
			if v, ok := s.(*ast.ValueSpec); ok {
				for i, name := range v.Names {
					if i < len(v.Values) && strings.HasPrefix(name.Name, "Err") {
						if call, ok := v.Values[i].(*ast.CallExpr); ok && called(call) == "errors.New" {
							if text, ok := constant(call.Args[0]); ok {
								c.said[text] = false
							}
						}
					}
				}
			}
		}
	case *ast.BinaryExpr:
		if text, ok := constant(n); ok {
			c.take(text)
			return false
		}
		if text, ok := pieced(n); ok {
			c.said[text] = false
			return false
		}
	case *ast.BasicLit:
		if text, ok := constant(n); ok {
			c.take(text)
		}
	}
	return true
}

// pieced is a sentence into which something is put by adding it up, such as the
// name of a file: with %s where that stands. It ends with words of its own: what
// ends with something else is translated piece by piece.
func pieced(n *ast.BinaryExpr) (string, bool) {
	var parts []ast.Expr
	var flat func(e ast.Expr) bool
	flat = func(e ast.Expr) bool {
		if b, ok := e.(*ast.BinaryExpr); ok {
			return b.Op == token.ADD && flat(b.X) && flat(b.Y)
		}
		parts = append(parts, e)
		return true
	}
	if !flat(n) {
		return "", false
	}
	text, last := "", ""
	for _, e := range parts {
		s, ok := constant(e)
		if last = s; !ok {
			s = "%s"
		}
		text += s
	}
	own := strings.ReplaceAll(text, "%s", "")
	if last == "" || !strings.ContainsAny(last[len(last)-1:], ".!?") || strings.Count(own, " ") < 3 || strings.ContainsAny(text, "\n\t") || strings.Contains(text, "%s%s") {
		return "", false
	}
	return text, true
}

func (c *collector) take(text string) {
	first, last := []rune(text), strings.TrimRight(text, " ")
	if len(first) > 0 && unicode.IsUpper(first[0]) && strings.Contains(last, " ") && strings.ContainsAny(last[len(last)-1:], ".!?") && !strings.ContainsAny(text, "\n\t") {
		c.said[text] = false
	}
}

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return called(&ast.CallExpr{Fun: f.X}) + "." + f.Sel.Name
	}
	return ""
}

// constant is a string that stands in the code.
func constant(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			s, err := strconv.Unquote(e.Value)
			return s, err == nil
		}
	case *ast.BinaryExpr:
		x, ok := constant(e.X)
		y, ok2 := constant(e.Y)
		return x + y, ok && ok2 && e.Op == token.ADD
	case *ast.ParenExpr:
		return constant(e.X)
	}
	return "", false
}

func (c *collector) source(e ast.Expr) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, c.set, e); err != nil {
		return err.Error()
	}
	return b.String()
}

func letters(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }

// compare says what differs between the code and a file, as lines for it.
func compare(file string, said map[string]bool, have map[string]words) (wrong []string) {
	var missing []string
	for _, key := range slices.Sorted(maps.Keys(said)) {
		w, ok := have[key]
		switch {
		case !ok:
			missing = append(missing, line(key, english(key, said[key])))
		case said[key] != (w.One != ""):
			wrong = append(wrong, fmt.Sprintf("%s: %q has a plural in one of code and file only", file, key))
		default:
			for _, text := range []string{w.One, w.Other} {
				if got, want := holes(text), holes(key); text != "" && !slices.Equal(got, want) && (text != w.One || !subset(got, want)) {
					wrong = append(wrong, fmt.Sprintf("%s: %q takes %v, and its translation %v", file, key, want, got))
				}
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(have)) {
		if _, ok := said[key]; !ok {
			wrong = append(wrong, fmt.Sprintf("%s: nobody says %q any more", file, key))
		}
	}
	if len(missing) > 0 {
		wrong = append(wrong, file+" lacks these lines; go run ./internal/words -write adds them in English:\n"+strings.Join(missing, ",\n"))
	}
	return wrong
}

// hole is where something is put in.
var hole = regexp.MustCompile(`\{\{\.\w+\}\}|%[svdqw]`)

// holes are those of a text: the named ones in any order, the verbs in theirs.
func holes(text string) []string {
	found := hole.FindAllString(text, -1)
	slices.SortStableFunc(found, func(a, b string) int {
		if a[0] == '%' && b[0] == '%' {
			return 0
		}
		return strings.Compare(a, b)
	})
	return slices.CompactFunc(found, func(a, b string) bool { return a == b && a[0] == '{' })
}

// subset lets the word for one leave the number out.
func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

func english(key string, plural bool) words {
	if plural {
		return words{key, key}
	}
	return words{Other: key}
}

// mend adds what is missing and drops what nobody says.
func mend(said map[string]bool, have map[string]words) map[string]words {
	out := map[string]words{}
	for key, plural := range said {
		w, ok := have[key]
		if !ok || plural != (w.One != "") {
			w = english(key, plural)
		}
		out[key] = w
	}
	return out
}

func read(path string) (map[string]words, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	out := map[string]words{}
	for key, v := range raw {
		var w words
		if json.Unmarshal(v, &w.Other) != nil {
			if err := json.Unmarshal(v, &w); err != nil {
				return nil, fmt.Errorf("%s: %q: %w", path, key, err)
			}
		}
		out[key] = w
	}
	return out, nil
}

// encode writes a file, sorted, a key a line.
func encode(all map[string]words) []byte {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		lines = append(lines, line(key, all[key]))
	}
	return []byte("{\n" + strings.Join(lines, ",\n") + "\n}\n")
}

func line(key string, w words) string {
	quote := func(v any) string {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return err.Error()
		}
		return strings.TrimSpace(b.String())
	}
	if w.One != "" {
		return "\t" + quote(key) + ": " + quote(w)
	}
	return "\t" + quote(key) + ": " + quote(w.Other)
}
