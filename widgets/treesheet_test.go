package widgets

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2/test"

	"satchel/chat"
)

// The sheet of a folder lists it as a tree, and fetches what has a tick: not what is
// here, and not what was left out.
func TestTreeSheet(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	w := test.NewTempWindow(t, nil)
	s := NewTreeSheet("Harbour", "Looking…")
	sum := "aa"
	s.SetTree([]chat.TreeEntry{
		{Path: "budget.xlsx", Size: 10, SHA256: sum},
		{Path: "Day 2/c.mov", Size: 300, SHA256: sum},
		{Path: "Day 1/b.mov", Size: 200, SHA256: sum},
		{Path: "Day 1/a.mov", Size: 100, SHA256: sum, Here: true},
		{Path: "Day 1/sound/boom.wav", Size: 50, SHA256: sum},
		{Path: "Day 10/gone", SHA256: chat.LeftOut, Size: 7},
		{Path: "nothing", Folder: true},
	}, "", true)
	s.Sheet.ShowOn(w.Canvas(), nil)
	want := []string{"Day 1", "  sound", "    boom.wav", "  a.mov", "  b.mov", "Day 10", "  gone", "Day 2", "  c.mov", "nothing", "budget.xlsx"}
	if got := s.Lines(); !slices.Equal(got, want) {
		t.Fatalf("%q", got)
	}
	var fetched []int
	s.OnFetch = func(entries []int) { fetched = entries }
	if !s.Fetch.Disabled() {
		t.Error("nothing was chosen")
	}
	s.Tap(0) // a folder is all that is in it
	s.Tap(6) // left out: there is nothing to fetch
	if got := s.Chosen(); !slices.Equal(got, []int{2, 4}) || s.Fetch.Text != "Download 250 B" {
		t.Errorf("%v, %q", got, s.Fetch.Text)
	}
	s.Tap(1)
	test.Tap(s.Fetch)
	if !slices.Equal(fetched, []int{2}) {
		t.Errorf("%v", fetched)
	}
	test.Tap(s.All)
	if got := s.Chosen(); !slices.Equal(got, []int{0, 1, 2, 4, 6}) {
		t.Errorf("%v", got)
	}
	test.Tap(s.All)
	if got := s.Chosen(); len(got) != 0 {
		t.Errorf("%v", got)
	}
	s.fold(0)
	if got := s.Lines(); len(got) != len(want)-4 {
		t.Errorf("%q", got)
	}
}

// A folder goes once it was counted; one that can't go stays behind.
func TestSendFolder(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	w := test.NewTempWindow(t, nil)
	s := NewSendSheet()
	var sent []string
	s.OnSend = func(paths []string, _ string, _ chat.PictureEdit) { sent = paths }
	s.Add(SendFile{Path: "/d", Name: "d", Folder: true, Counting: true}, SendFile{Path: "/big", Name: "big", Folder: true, Counting: true})
	s.Sheet.ShowOn(w.Canvas(), nil)
	if s.Send.Text != "Counting…" || !s.Send.Disabled() {
		t.Errorf("%q, %v", s.Send.Text, s.Send.Disabled())
	}
	s.send()
	if sent != nil {
		t.Fatalf("%v went uncounted", sent)
	}
	s.SetFile(SendFile{Path: "/d", Name: "d", Folder: true, Files: 300, Size: 2000, Note: "3 links stay here"})
	s.SetFile(SendFile{Path: "/big", Name: "big", Folder: true, Refused: true, Note: "It is too large."})
	if s.Send.Text != "Send 2 KB" || s.Send.Disabled() || s.Sheet.Title != "Send 2 files and folders" {
		t.Errorf("%q, %q, %v", s.Send.Text, s.Sheet.Title, s.Send.Disabled())
	}
	s.send()
	if !slices.Equal(sent, []string{"/d"}) {
		t.Errorf("%v", sent)
	}
}
