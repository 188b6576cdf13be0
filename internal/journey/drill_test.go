//go:build journey

package journey

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The drill of docs/operations.md, with people at the relay: a backup while it is
// served, all lost, put back, and everybody goes on. Then what is damaged on purpose
// is found and named.
func TestDrillAtThePrompt(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	mara, ines := join(t, r, "Mara Reyes"), join(t, r, "Inês Tavares")
	from := t.TempDir()
	for i, name := range []string{"a.bin", "b.bin"} {
		makeFile(t, filepath.Join(from, name), 200_000, byte(i))
		mara.ctl("send", "--to", ines.name, "--file", filepath.Join(from, name))
	}
	page, err := os.ReadFile(filepath.Join(root, "docs/operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)\n```drill\n(.*?)\n```\n").FindSubmatch(page)
	if block == nil {
		t.Fatal("docs/operations.md has no drill")
	}
	beside := t.TempDir()
	backup, copied := filepath.Join(beside, "today"), filepath.Join(beside, "drill")
	for line := range strings.SplitSeq(string(block[1]), "\n") {
		words := strings.Fields(strings.NewReplacer("/backup/today", backup, "/var/lib/satchel-drill", copied, "/var/lib/satchel", r.dir).Replace(line))
		out, errs, code := command(t, words[0], words[1:]...)
		if text := strings.Join(out, "\n"); code != 0 || len(out) == 0 || strings.Contains(text, "WRONG") {
			t.Fatalf("%s: %d %s %s", line, code, text, errs)
		}
	}
	ines.ctl("send", "--to", mara.name, "--text", "since the backup")

	r.run.kill()
	if err := os.RemoveAll(r.dir); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := command(t, "satchel-relay", "restore", backup, "--data", r.dir); code != 0 {
		t.Fatal(errs)
	}
	if out, errs, code := command(t, "satchel-relay", "doctor", "--data", r.dir); code != 0 {
		t.Fatal(out, errs)
	}
	r.start()
	mara.ctl("send", "--to", ines.name, "--text", "and on")
	heard := parse(t, ines.ctl("listen", "--count", "3", "--timeout", "60s", "--download", t.TempDir())...)
	got := map[string]string{} // in the order in which they are whole
	for _, m := range heard {
		if m.File != nil {
			got[m.File.Name] = sumOf(t, m.File.Path)
		}
	}
	for _, name := range []string{"a.bin", "b.bin"} {
		if got[name] != sumOf(t, filepath.Join(from, name)) {
			t.Errorf("%s differs: %v", name, heard)
		}
	}
	var texts []string
	for _, m := range parse(t, ines.ctl("history", "--with", mara.name)...) {
		texts = append(texts, m.Text)
	}
	if !slices.Equal(texts, []string{"", "", "since the backup", "and on"}) {
		t.Errorf("%q", texts)
	}

	// The copy beside is damaged: one file is gone, one changed, one is nobody's.
	var files []string
	if err := filepath.WalkDir(filepath.Join(copied, "files"), func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && len(e.Name()) == 32 {
			files = append(files, path)
		}
		return err
	}); err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	orphan := filepath.Join(copied, "files", strings.Repeat("ab", 16))
	b, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	for _, err := range []error{os.Remove(files[0]), os.WriteFile(files[1], b, 0o600), os.WriteFile(orphan, nil, 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	out, _, code := command(t, "satchel-relay", "doctor", "--data", copied)
	text := strings.Join(out, "\n")
	for _, want := range []string{filepath.Base(files[0]) + " is gone", filepath.Base(files[1]) + " is not what was uploaded", filepath.Base(orphan) + " is no file's"} {
		if code != 1 || !strings.Contains(text, want) {
			t.Errorf("%d: %q is not in %s", code, want, text)
		}
	}
}
