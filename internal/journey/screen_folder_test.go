//go:build journey

package journey

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A folder is dropped on a window and sent; the other one looks what is in it,
// chooses, and then has the rest, too.
func TestScreenFolder(t *testing.T) {
	d, _, mara, ines := desk(t, "dark")
	root := filepath.Join(t.TempDir(), "Harbour shoot")
	for i, path := range []string{"Day 1/rushes-001.mov", "Day 1/rushes-002.mov", "Day 1/sound/boom.wav", "Day 2/rushes-003.mov", "Notes/callsheet.pdf", "Notes/写真.txt", "budget.xlsx", "empty.txt"} {
		to := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		makeFile(t, to, int64(i*i)*41_300, byte(i))
	}
	makeFile(t, filepath.Join(root, "empty.txt"), 0, 1)
	if err := os.Symlink("/etc/hosts", filepath.Join(root, "hosts")); err != nil {
		t.Fatal(err)
	}
	mara.opens("Ines Tavares")
	mara.dropped(root)
	mara.wait("the folder on the send sheet", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Title == "Send a folder" })
	mara.steady("the button", func(s *screen) spot { return s.Spots["sheet-send"] })
	d.picture("folder-send")
	mara.click("sheet-send")
	mine := func(b *bubble) bool { return b.Mine && b.File == "Harbour shoot" }
	mara.wait("it is sent", func(s *screen) bool { b := find(s, mine); return b != nil && b.Seq > 0 })
	d.picture("folder-sent")

	// It comes back by the prompt, to the window.
	ines.ctl("send", "--to", "Mara Reyes", "--file", root)
	theirs := func(b *bubble) bool { return !b.Mine && b.File == "Harbour shoot" }
	mara.wait("theirs", func(s *screen) bool { return find(s, theirs) != nil })
	mara.pressOn("What is in it…", theirs)
	s := mara.wait("what is in it", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Name == "tree" && len(s.Sheet.Lines) > 8 })
	if !slices.Contains(s.Sheet.Lines, "Day 1") || !slices.Contains(s.Sheet.Lines, "  写真.txt") {
		t.Errorf("%q", s.Sheet.Lines)
	}
	mara.click(fmt.Sprintf("tick-%d", slices.Index(s.Sheet.Lines, "Notes")))
	mara.steady("the button", func(s *screen) spot { return s.Spots["fetch"] })
	d.picture("folder-tree")
	mara.click("fetch")
	here := mara.wait("the notes", func(s *screen) bool { b := find(s, theirs); return b != nil && b.Path != "" && b.Transfer == "" })
	path := find(here, theirs).Path
	if sumOf(t, filepath.Join(path, "Notes/callsheet.pdf")) != sumOf(t, filepath.Join(root, "Notes/callsheet.pdf")) {
		t.Error("another file came")
	}
	if _, err := os.Stat(filepath.Join(path, "Day 1")); err == nil {
		t.Error("what was not chosen came, too")
	}
	d.picture("folder-partly")
	mara.pressOn("What is in it…", theirs)
	mara.click("all")
	mara.steady("the button", func(s *screen) spot { return s.Spots["fetch"] })
	d.picture("folder-rest")
	mara.click("fetch")
	mara.wait("the rest", func(s *screen) bool {
		info, err := os.Stat(filepath.Join(path, "budget.xlsx"))
		b := find(s, theirs)
		return err == nil && info.Size() > 0 && b != nil && b.Transfer == ""
	})
	if sumOf(t, filepath.Join(path, "Day 1/sound/boom.wav")) != sumOf(t, filepath.Join(root, "Day 1/sound/boom.wav")) {
		t.Error("another file came")
	}
	d.picture("folder-whole")
}
