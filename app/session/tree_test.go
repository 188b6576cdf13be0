package session

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/chat"
)

// This file comes behind full_linux_test.go: go test notes each file that a test
// opens, thousands here, in one that must stay below the limit that is set there.

// tree is a folder of a few hundred files, of all kinds that there are.
func tree(t *testing.T) (root string) {
	t.Helper()
	root = filepath.Join(t.TempDir(), "Projecto – 写真")
	put := func(path, from string) {
		t.Helper()
		to := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 290 {
		file, _ := source(t, fmt.Sprint(i), 100+i*37)
		put(fmt.Sprintf("%d/%d/%d.txt", i%7, i%3, i), file)
	}
	big, _ := source(t, "big", 3<<20)
	put("big.bin", big)
	for _, name := range []string{"empty", "0/empty.txt", "日本/写真.jpg", ".hidden/config", "a b/ü.txt"} {
		file, _ := source(t, "x", len(name)%3*500)
		put(name, file)
	}
	for _, name := range []string{"nothing", "0/nothing/in/it"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	return root
}

// contents is what is in a folder, links left out: checksums by path.
func contents(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case d.IsDir():
			all[rel+"/"] = "folder"
		case d.Type().IsRegular():
			all[rel] = sumOf(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func sameEntries(t *testing.T, got, want map[string]string) {
	t.Helper()
	for path := range want {
		if got[path] != want[path] {
			t.Errorf("%s is %q, want %q", path, got[path], want[path])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
}

func (p *person) fetched(conv chat.ConversationID, id chat.MessageID) chat.Transfer {
	p.t.Helper()
	var got chat.Transfer
	p.wait("the folder", func() bool {
		got, _ = p.TransferOf(conv, id)
		return got.State == chat.TransferDone || got.State == chat.TransferFailed
	})
	if got.State != chat.TransferDone {
		p.t.Fatal(got.Reason)
	}
	return got
}

// A folder goes as a tree, comes in part and then whole, and the second time only
// what changed goes, and comes.
func TestFolders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	root := tree(t)
	survey, err := mara.Survey(mara.bounded(), root, nil)
	if err != nil || survey.Files != 296 || survey.Links != 1 || survey.Others != 0 {
		t.Fatalf("%+v, %v", survey, err)
	}
	var last chat.MessageID
	send := func() *chat.File {
		t.Helper()
		sent, err := mara.SendFiles(mara.bounded(), conv, []string{root}, chat.Content{Text: "All of it"})
		if err != nil || len(sent) != 1 || sent[0].Content.Kind != chat.KindFolder {
			t.Fatal(sent, err)
		}
		m := mara.flushed(sent...)[0]
		joao.wait("the message", func() bool { _, ok, _ := joao.Message(conv, m.ID); return ok })
		got, _, _ := joao.Message(conv, m.ID)
		f := got.Content.File
		if !f.IsFolder() || f.Name != filepath.Base(root) || f.Folder.Left != 0 || strings.Contains(f.URL, "://") {
			t.Fatalf("%+v", f)
		}
		last = m.ID
		return f
	}
	first := send()
	if first.Size != survey.Size || first.Folder.Files != 296 || first.Folder.Pack != first.Size+first.Folder.List || len(first.Folder.Earlier) != 0 {
		t.Errorf("%+v %+v", first, first.Folder)
	}
	firstID := last

	// A part of it, chosen in the list.
	list, err := joao.Tree(joao.bounded(), conv, firstID)
	if err != nil {
		t.Fatal(err)
	}
	var half []int
	want := map[string]string{"./": "folder"}
	all := contents(t, root)
	for i, e := range list {
		if e.Here {
			t.Errorf("%s is here, and nobody asked for it", e.Path)
		}
		if !e.Folder && i%2 == 0 {
			half = append(half, i)
			want[e.Path] = all[e.Path]
			for dir := filepath.Dir(e.Path); dir != "."; dir = filepath.Dir(dir) {
				want[dir+"/"] = "folder"
			}
		}
	}
	if err := joao.DownloadSome(joao.bounded(), conv, firstID, nil); !isRefusal(err) {
		t.Error(err)
	}
	if err := joao.DownloadSome(joao.bounded(), conv, firstID, half); err != nil {
		t.Fatal(err)
	}
	part := joao.fetched(conv, firstID)
	sameEntries(t, contents(t, part.Path), want)
	list, _ = joao.Tree(joao.bounded(), conv, firstID)
	for i, e := range list {
		if !e.Folder && e.Here != (i%2 == 0) {
			t.Errorf("%s: here is %v", e.Path, e.Here)
		}
	}

	// And then the rest.
	if err := joao.Download(conv, firstID); err != nil {
		t.Fatal(err)
	}
	joao.wait("all of it", func() bool {
		x, _ := joao.TransferOf(conv, firstID)
		return x.ID != part.ID && x.State == chat.TransferDone
	})
	whole := joao.fetched(conv, firstID)
	if whole.Path != part.Path || joao.Path(conv, firstID) != whole.Path {
		t.Errorf("%s and %s", whole.Path, part.Path)
	}
	sameEntries(t, contents(t, whole.Path), all)

	// Three files change, one is new, one goes: no more than these bytes go.
	changed := int64(0)
	for i, name := range []string{"0/0/0.txt", "日本/写真.jpg", "1/2/8.txt", "new/one.txt"} {
		file, _ := source(t, "changed", 2000+i)
		changed += int64(2000 + i)
		to := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file, to); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(root, "empty")); err != nil {
		t.Fatal(err)
	}
	second := send()
	if got := second.Folder.Pack - second.Folder.List; got != changed || len(second.Folder.Earlier) != 1 || second.Folder.Earlier[0].Message != firstID {
		t.Errorf("%d bytes went, %d changed: %+v", got, changed, second.Folder)
	}
	secondID := last
	if err := joao.Download(conv, secondID); err != nil {
		t.Fatal(err)
	}
	after := joao.fetched(conv, secondID)
	sameEntries(t, contents(t, after.Path), contents(t, root))
	sameEntries(t, contents(t, whole.Path), all) // the first stays as it was

	// The third time it comes to somebody who has nothing of it, from both packs.
	third := send()
	if got := third.Folder.Pack - third.Folder.List; got != 0 || len(third.Folder.Earlier) != 2 {
		t.Errorf("%d bytes went: %+v", got, third.Folder)
	}
	for _, path := range []string{whole.Path, after.Path} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := joao.Download(conv, last); err != nil {
		t.Fatal(err)
	}
	sameEntries(t, contents(t, joao.fetched(conv, last).Path), contents(t, root))

	// It makes room like any file, and comes back.
	room, err := joao.Room()
	if err != nil || len(room.Held) != 1 {
		t.Fatalf("%+v, %v", room.Held, err)
	}
	freed, err := joao.Free(joao.bounded(), Choice{})
	if err != nil || freed.Files != 1 || freed.Last != 0 || joao.Path(conv, last) != "" {
		t.Errorf("%+v, %v", freed, err)
	}
	if err := joao.Download(conv, last); err != nil {
		t.Fatal(err)
	}
	back := joao.fetched(conv, last)
	sameEntries(t, contents(t, back.Path), contents(t, root))
	// What was changed since stays.
	if err := os.WriteFile(filepath.Join(back.Path, "mine.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if freed, err = joao.Free(joao.bounded(), Choice{}); err != nil || freed.Last != 1 || joao.Path(conv, last) == "" {
		t.Errorf("%+v, %v", freed, err)
	}

	// Forwarded, it is the same folder, and nothing goes again.
	notes := joao.direct("self")
	if err := joao.Forward(joao.bounded(), conv, []chat.MessageID{last}, notes); err != nil {
		t.Fatal(err)
	}
	page, _ := joao.Messages(notes, 0, 10)
	copied := joao.flushed(page[len(page)-1])[0]
	if err := joao.Download(notes, copied.ID); err != nil {
		t.Fatal(err)
	}
	joao.fetched(notes, copied.ID)
}
