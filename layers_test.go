package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// house is every package of Satchel and the packages of ours that it may
// import; the reason stands beside each. docs/architecture.md draws it.
var house = map[string]struct {
	may  []string
	why  string
	fyne bool // may draw
}{
	"satchel": {[]string{"app", "net/priority", "net/relay", "storage", "transfer"},
		"main wires, and nothing else does", true},
	"app": {[]string{"chat", "app/session", "widgets"},
		"the shell turns a session's changes into values for widgets; it has no other way to the disk or the relay", true},
	"app/session": {[]string{"chat", "net/wire", "net/link", "net/seal", "net/priority", "storage", "transfer"},
		"the messenger without a screen: it must run where no screen is", false},
	"widgets": {[]string{"chat"},
		"what is drawn takes values and tells what was done to it; it starts no I/O", true},
	"transfer": {[]string{"chat", "net/google", "net/priority", "net/seal", "net/socket"},
		"moves and seals bytes; what a transfer means, and where it is kept, is the session's", false},
	"storage": {[]string{"chat"},
		"keeps values; who makes them is not its business", false},
	"net/wire":     {nil, "the contract stands alone, so that both ends can stand on it", false},
	"net/priority": {nil, "words before bytes, for both ends", false},
	"net/socket":   {nil, "connections that move large bodies in few steps, for both ends", false},
	"net/google":   {nil, "who asks Google for a bucket, for both ends", false},
	"net/link": {[]string{"net/wire"},
		"the client's end knows the contract, never the relay", false},
	"net/seal": {[]string{"chat"}, "seals values", false},
	"net/relay": {[]string{"net/google", "net/priority", "net/seal", "net/socket", "net/wire"},
		"the relay is blind: it checks chains, which hold no secret, and can't know what a message says, nor keep what a client keeps", false},
	"chat":              {nil, "the vocabulary knows nobody", false},
	"cmd/satchel-relay": {[]string{"net/priority", "net/relay"}, "the headless relay: no GUI library, no client", false},
	"cmd/satchelctl":    {[]string{"app/session", "net/priority"}, "the messenger at a prompt is the session and nothing beside it", false},
}

// TestLayers fails where an arrow of the house is broken. Packages below a
// room (transfer/preview, net/relay/store) keep its rules, and may import each
// other inside the room. Tests may reach further: they build the real thing.
func TestLayers(t *testing.T) {
	for _, p := range packages(t) {
		room, rules := roomOf(p.ImportPath)
		if rules == nil {
			if !isTool(p.ImportPath) {
				t.Errorf("%s is in no room of the house: put it below one, or give it one in layers_test.go and docs/architecture.md", p.ImportPath)
			}
			continue
		}
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, "fyne.io/") && !rules.fyne {
				t.Errorf("%s imports %s: Fyne is drawn with in app and widgets only", p.ImportPath, imported)
			}
			if !strings.HasPrefix(imported, "satchel/") {
				continue
			}
			other, _ := roomOf(imported)
			if other != room && !slices.Contains(rules.may, other) {
				t.Errorf("%s imports %s; it may import %v: %s", p.ImportPath, imported, rules.may, rules.why)
			}
		}
	}
}

// TestDesktopLinksNoClouds: the relay inside the program keeps files on the
// disk; what a big relay needs beside it stays out of what everybody downloads.
func TestDesktopLinksNoClouds(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "x11,migrated_fynedo", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range strings.Fields(string(out)) {
		if strings.HasPrefix(p, "satchel/net/relay/bucket/") || p == "satchel/net/relay/acme" || strings.HasPrefix(p, "github.com/caddyserver/") {
			t.Errorf("the desktop program links %s: only cmd/satchel-relay may", p)
		}
	}
}

// isTool tells of programs that serve the project, or show its use, and ship with nothing.
func isTool(path string) bool {
	return strings.HasPrefix(path, "satchel/internal/") || strings.HasPrefix(path, "satchel/examples/")
}

type rules = struct {
	may  []string
	why  string
	fyne bool
}

// roomOf finds the room that a package is in: the longest name that leads its path.
func roomOf(path string) (string, *rules) {
	if r, ok := house[path]; ok {
		return path, &r
	}
	for name := strings.TrimPrefix(path, "satchel/"); name != "."; {
		if r, ok := house[name]; ok {
			return name, &r
		}
		i := strings.LastIndexByte(name, '/')
		if i < 0 {
			break
		}
		name = name[:i]
	}
	return "", nil
}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "-tags", "x11,migrated_fynedo", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
