package transfer

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"satchel/chat"
)

// folderOf writes files below a folder of that name; a path that ends in a slash is
// a folder.
func folderOf(t testing.TB, name string, files map[string][]byte) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), name)
	for path, data := range files {
		to := filepath.Join(root, filepath.FromSlash(path))
		dir := filepath.Dir(to)
		if strings.HasSuffix(path, "/") {
			dir = to
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if dir == to {
			continue
		}
		if err := os.WriteFile(to, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func folderUpload(t testing.TB, root string) chat.Transfer {
	t.Helper()
	var s Survey
	if err := s.Look(t.Context(), root, nil); err != nil {
		t.Fatal(err)
	}
	return chat.Transfer{ID: chat.NewTransferID(), Direction: chat.Upload, Conversation: "c", Message: chat.MessageID(fmt.Sprint("m", created.Add(1))), Path: root,
		File: chat.File{Name: filepath.Base(root), Size: s.Size, Folder: &chat.Folder{Files: s.Files}}, Created: time.UnixMilli(created.Add(1))}
}

// sameTree holds that two folders have the same in them.
func sameTree(t testing.TB, got, want string) {
	t.Helper()
	read := func(root string) map[string]string {
		all := map[string]string{}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, _ := filepath.Rel(root, path)
			if d.IsDir() {
				all[rel] = "folder"
				return nil
			}
			data, err := os.ReadFile(path)
			all[rel] = sum(data)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return all
	}
	a, b := read(got), read(want)
	for path := range b {
		if a[path] != b[path] {
			t.Errorf("%s: %q, want %q", path, a[path], b[path])
		}
	}
	for path := range a {
		if b[path] == "" {
			t.Errorf("%s is too many", path)
		}
	}
}

// A folder goes and comes as it is, whatever is cut, and the programs of both ends
// end in between.
func TestFolderThroughCutsAndRestarts(t *testing.T) {
	s := newServer(t, true)
	cut := int64(700 << 10)
	p := newProxy(t, s.URL, func() int64 { return cut }, nil)
	files := map[string][]byte{"a/empty": nil, "bare/": nil, "a/b/large": random(3*testChunk + 17), "z": random(2 * testChunk), ".hidden": []byte("x"), "写真/日本.txt": []byte("日本")}
	for i := range 40 {
		files[fmt.Sprintf("many/%03d.txt", i)] = random(i * 331)
	}
	root := folderOf(t, "tree", files)
	up := folderUpload(t, root)
	j := openJournal(filepath.Join(t.TempDir(), "journal"))
	dir := t.TempDir()
	begin := func() *bench {
		return start(t, openJournal(j.path), NewTus(TusConfig{Chunk: testChunk / 2, Tickets: s.issue(p.url())}), func(c *Config) { c.Folder = dir })
	}
	if err := j.Save(up); err != nil {
		t.Fatal(err)
	}
	through := func(id chat.TransferID) chat.Transfer {
		t.Helper()
		for n := 0; ; n++ {
			b := begin()
			if n < 3 {
				b.wait(id, "under way", func(t chat.Transfer) bool {
					return t.State == chat.TransferDone || t.State == chat.TransferMoving && t.Offset > int64(n+1)*testChunk
				})
				b.stop()
				if got := openJournal(j.path).get(id); got.State == chat.TransferDone {
					return got
				}
				continue
			}
			got := b.done(id)
			b.cleared()
			b.stop()
			return got
		}
	}
	sent := through(up.ID)
	if f := sent.File.Folder; f.Files != len(files)-1 || f.Left != 0 || sent.File.Size != up.File.Size || sent.Offset != sent.File.Size {
		t.Fatalf("%+v of %+v", f, sent)
	}
	down := downloadOf(sent.File)
	down.Message = up.Message
	j = openJournal(j.path)
	if err := j.Save(down); err != nil {
		t.Fatal(err)
	}
	came := through(down.ID)
	sameTree(t, came.Path, root)
	if p.cuts.Load() == 0 {
		t.Error("nothing was cut")
	}
}

// What changes, goes or is locked away while a folder is sent is left out, and
// named; all else arrives.
func TestFolderChangesUnderWay(t *testing.T) {
	s := newServer(t, true)
	root := folderOf(t, "tree", map[string][]byte{"a": random(testChunk * 4), "b": random(2000), "c": random(3000), "d": random(10), "e": random(77)})
	var once sync.Once
	b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), func(c *Config) {
		// Asked when all was looked at, and nothing read yet.
		c.Before = func(chat.Transfer) (chat.File, chat.MessageID, bool) {
			once.Do(func() {
				_ = os.Remove(filepath.Join(root, "b"))
				_ = appendTo(filepath.Join(root, "c"), "more")
				_ = os.Remove(filepath.Join(root, "d"))
				_ = os.Symlink("/etc/passwd", filepath.Join(root, "d"))
			})
			return chat.File{}, "", false
		}
	})
	sent := b.done(b.queue(folderUpload(t, root)))
	list := b.KnownTree(&sent.File)
	down := downloadOf(sent.File)
	came := b.done(b.queue(down))
	kept, left := 0, 0
	for i := range list {
		e := &list[i]
		data, err := os.ReadFile(filepath.Join(came.Path, e.Path))
		switch {
		case e.Came():
			kept++
			if err != nil || sum(data) != e.SHA256 {
				t.Errorf("%s: %v", e.Path, err)
			}
		default:
			left++
			if err == nil {
				t.Errorf("%s was left out and is there", e.Path)
			}
		}
	}
	if kept != sent.File.Folder.Files || left != sent.File.Folder.Left || kept != 2 || left != 3 {
		t.Errorf("%d came, %d were left, it says %+v", kept, left, sent.File.Folder)
	}

	// One that is gone as a whole is not sent empty.
	gone := folderUpload(t, root)
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	b.failed(b.queue(gone), "is no longer where it was")
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	gone.ID = chat.NewTransferID()
	b.failed(b.queue(gone), "is empty now")
}

// packed puts a folder on the server that says what its list says.
func (s *server) packed(t testing.TB, pack []byte, lines ...string) chat.File {
	t.Helper()
	list := []byte(listHead + "\n" + strings.Join(lines, "\n") + "\n")
	f := s.put(t, "hostile", append(slices.Clone(pack), list...))
	f.Folder = &chat.Folder{Files: len(lines), Pack: f.Size, List: int64(len(list))}
	f.SHA256, f.Size = sum(list), 0
	for range lines {
		f.Size += int64(len(pack))
	}
	return f
}

// A list that leads elsewhere, or that can't be, has nothing written, and a sentence.
func TestHostileFolders(t *testing.T) {
	s := newServer(t, true)
	data := []byte("payload")
	line := func(path string) string {
		return fmt.Sprintf(`{"path":%q,"size":%d,"sha256":%q}`, path, len(data), sum(data))
	}
	deep := strings.Repeat("d/", 10_000) + "x"
	refused := map[string]chat.File{
		"up":          s.packed(t, data, line("../x")),
		"up later":    s.packed(t, data, line("a/../../x")),
		"absolute":    s.packed(t, data, line("/tmp/x")),
		"no name":     s.packed(t, data, line("")),
		"dot":         s.packed(t, data, line("a/./x")),
		"twice":       s.packed(t, data, line("x"), line("x")),
		"both":        s.packed(t, data, line("x"), line("x/y")),
		"both, later": s.packed(t, data, line("x/y"), line("x")),
		"deep":        s.packed(t, data, line(deep)),
		"long":        s.packed(t, data, line(strings.Repeat("n", 2000))),
		"no JSON":     s.packed(t, data, "{"),
		"beyond":      s.packed(t, data, strings.Replace(line("x"), `"size":7`, `"size":7,"at":4611686018427387904`, 1)),
		"negative":    s.packed(t, data, strings.Replace(line("x"), `"size":7`, `"size":-7`, 1)),
		"no pack":     s.packed(t, data, strings.Replace(line("x"), `"size":7`, `"size":7,"pack":3`, 1)),
		"no sum":      s.packed(t, data, `{"path":"x","size":7,"sha256":"00"}`),
	}
	other := s.packed(t, data, line("x"))
	other.SHA256 = sum([]byte("another"))
	refused["another list"] = other
	smaller := s.packed(t, data, line("x"))
	smaller.Size--
	refused["another size"] = smaller
	many := s.packed(t, nil, slices.Repeat([]string{`{"path":"a","folder":true}`}, 1+chat.MaxTreeEntries)...)
	refused["too many"] = many
	for what, change := range map[string]func(*chat.Folder){
		"list beyond the pack": func(d *chat.Folder) { d.List = d.Pack + 1 },
		"no list":              func(d *chat.Folder) { d.List = 0 },
		"endless list":         func(d *chat.Folder) { d.Pack, d.List = 1<<40, 1<<39 },
		"many packs":           func(d *chat.Folder) { d.Earlier = make([]chat.Pack, 1000) },
		"no key":               func(d *chat.Folder) { d.Earlier = make([]chat.Pack, 1) },
	} {
		f := s.packed(t, data, line("x"))
		change(f.Folder)
		refused[what] = f
	}
	b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), nil)
	for what, f := range refused {
		t.Run(what, func(t *testing.T) {
			down := downloadOf(f)
			down.Message = chat.MessageID(what)
			b.failed(b.queue(down), "folder hostile")
		})
	}

	// One file of several is not what its list says: the others are kept.
	bad := s.packed(t, data, line("good"), strings.Replace(line("bad"), sum(data), sum([]byte("other")), 1))
	down := downloadOf(bad)
	down.Message = "bad"
	b.failed(b.queue(down), "“bad” in this folder is not what its list says")
	if got, err := os.ReadFile(filepath.Join(b.TreePath(&bad), "good")); err != nil || !bytes.Equal(got, data) {
		t.Error(err)
	}

	// Names that no system likes are made harmless; those that only case tells apart stay two.
	odd := s.packed(t, data, line("C:/con.txt"), line(`a\b`), line("Name"), line("name"), line("sub./x"), line("..."), line(".git/config"), line("e\u202egnp.exe"))
	down = downloadOf(odd)
	down.Message = "odd"
	came := b.done(b.queue(down))
	var got []string
	for _, e := range b.KnownTree(&odd) {
		got = append(got, e.Path)
		if _, err := os.Lstat(filepath.Join(came.Path, e.Path)); err != nil {
			t.Error(err)
		}
	}
	if want := []string{"C_/_con.txt", "a_b", "Name", "name (1)", "sub/x", "file", ".git/config", "egnp.exe"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}

	// A link that lies in the way leads nowhere.
	outside := t.TempDir()
	linked := s.packed(t, data, line("way/out"), line("plain"))
	if err := os.MkdirAll(b.TreePath(&linked), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(b.TreePath(&linked), "way")); err != nil {
		t.Fatal(err)
	}
	down = downloadOf(linked)
	down.Message = "linked"
	b.state(b.queue(down), chat.TransferFailed)
	if found, _ := os.ReadDir(outside); len(found) > 0 {
		t.Errorf("written outside: %v", found)
	}
}

// Whatever names come, their places are plain ones, no two the same, and all of them inside.
func TestPlacesOfAnyNames(t *testing.T) {
	pieces := []string{"a", "A", "ä", "a\u0308", "Ä", ".", "..", " ", "con", "CON", "nul.txt", "x.txt", "X.TXT", ":", "|", "\\", "\u202e", "ß", "ss", "file", "_", "(1)", " (1)", "日本", strings.Repeat("n", 300), "\x00", "\x1f", "ﬁ"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		var list []chat.TreeEntry
		seen := map[string]bool{}
		for range 1 + r.IntN(40) {
			var parts []string
			for range 1 + r.IntN(3) {
				name := ""
				for range 1 + r.IntN(3) {
					name += pieces[r.IntN(len(pieces))]
				}
				parts = append(parts, name)
			}
			path := strings.Join(parts, "/")
			if !seen[path] {
				seen[path] = true
				list = append(list, chat.TreeEntry{Path: path})
			}
		}
		got, err := places("f", list)
		if err != nil {
			sentence(t, Reason(err))
			continue
		}
		taken := map[string]string{}
		for i, e := range got {
			if !filepath.IsLocal(filepath.FromSlash(e.Path)) || strings.Contains(e.Path, "\\") || !norm.NFC.IsNormalString(e.Path) {
				t.Fatalf("%q became %q", list[i].Path, e.Path)
			}
			for part := range strings.SplitSeq(e.Path, "/") {
				if scrubPart(part) != part || len(part) > maxName {
					t.Fatalf("%q has %q, which is %q", list[i].Path, part, scrubPart(part))
				}
			}
			low := strings.ToLower(e.Path)
			if old, ok := taken[low]; ok {
				t.Fatalf("%q and %q are both %q", old, list[i].Path, e.Path)
			}
			taken[low] = list[i].Path
		}
	}
}
