// Command licences writes app/licences.txt: the licence of everything that the
// programs are linked from. `go generate ./app` runs it after a change of go.mod.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := write("licences.txt"); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

// part is one module, or another work that is in the programs.
type part struct{ name, version, dir string }

func write(path string) error {
	parts, err := modules()
	if err != nil {
		return err
	}
	root, err := output("go", "env", "GOROOT")
	if err != nil {
		return err
	}
	parts = append(parts, part{"Go", "", strings.TrimSpace(root)}, part{"Inter", "", filepath.Join("..", "widgets", "fonts")})
	texts := map[string][]string{} // text → whose
	var order []string
	for _, p := range parts {
		text, err := licence(p.dir)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if texts[text] == nil {
			order = append(order, text)
		}
		texts[text] = append(texts[text], strings.TrimSpace(p.name+" "+p.version)+"\t"+kind(text))
	}
	slices.SortFunc(order, func(a, b string) int { return strings.Compare(texts[a][0], texts[b][0]) })
	var b bytes.Buffer
	for _, text := range order {
		fmt.Fprintf(&b, "\x1d%s\n\x1e%s\n", strings.Join(texts[text], "\n"), text)
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// modules are all that the three programs are linked from.
func modules() ([]part, error) {
	out, err := output("go", "list", "-e", "-deps", "-tags", "x11,migrated_fynedo,no_emoji",
		"-f", "{{with .Module}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}", "satchel", "satchel/cmd/satchel-relay", "satchel/cmd/satchelctl")
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var all []part
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) == 3 && f[0] != "satchel" && !seen[f[0]] {
			seen[f[0]] = true
			all = append(all, part{f[0], f[1], f[2]})
		}
	}
	slices.SortFunc(all, func(a, b part) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

func output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return string(out), err
}

// licence reads what a module lets others do with it, notices included.
func licence(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "UNLICEN") && !strings.HasPrefix(name, "COPYING") && !strings.HasPrefix(name, "NOTICE") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		text := strings.NewReplacer("\r", "", "\x1d", "", "\x1e", "", "\f", "", "\t", "    ").Replace(string(b))
		texts = append(texts, strings.TrimSpace(strings.ToValidUTF8(text, "?")))
	}
	if len(texts) == 0 {
		return "", fmt.Errorf("no licence in %s", dir)
	}
	return strings.Join(texts, "\n\n"), nil
}

// kind is what a licence is called.
func kind(text string) string {
	folded := strings.Join(strings.Fields(text), " ")
	for _, k := range []struct{ phrase, name string }{
		{"Apache License", "Apache 2.0"}, {"Mozilla Public License", "MPL 2.0"}, {"SIL OPEN FONT LICENSE", "OFL 1.1"},
		{"Permission is hereby granted, free of charge", "MIT"}, {"Neither the name", "BSD 3-Clause"}, {"names of its contributors may", "BSD 3-Clause"},
		{"Redistributions in binary form must reproduce", "BSD 2-Clause"}, {"Permission to use, copy, modify, and/or distribute", "ISC"},
		{"Permission to use, copy, modify, and distribute", "ISC"}, {"This is free and unencumbered software", "Unlicense"}, {"CC0", "CC0"}, {"DO WHAT THE FUCK YOU WANT", "WTFPL"},
	} {
		if strings.Contains(folded, k.phrase) {
			return k.name
		}
	}
	return "see the text"
}
