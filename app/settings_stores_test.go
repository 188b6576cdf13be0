package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"satchel/chat"
)

// A shared folder is set up, tested, used and left again on the settings' page.
func TestStoresPage(t *testing.T) {
	s := newStage(t)
	mara := s.sits(t.TempDir())
	mara.begins("Mara Reyes")
	folder := t.TempDir()

	mara.openSettingsAt("stores")
	page := func() *storesPage { return mara.sheet.store }
	if p := page(); p.at != 0 || p.use.Visible() || p.test.Visible() {
		t.Error("the relay is used, and asks for nothing")
	}
	for i, k := range page().kinds {
		page().picker.Pick(i)
		if i > 0 && (!page().forms[i].Visible() || len(page().means.Text()) < 60) {
			t.Errorf("%s: no form, or no word of who can read", k.name)
		}
		for j, f := range page().forms {
			if j != i && f.Visible() {
				t.Errorf("%s: the form of %s", k.name, page().kinds[j].name)
			}
		}
	}
	said := func(what string) {
		mara.sees("it says: "+what, func(Screen) bool {
			return mara.sheet != nil && page() != nil && strings.Contains(page().words.Text(), what)
		})
	}
	form := page().forms[len(page().kinds)-1]
	form.Field("share").SetText("Team!")
	form.Field("path").SetText(folder)
	test.Tap(page().test)
	said("small letters")
	form.Field("share").SetText("team")
	test.Tap(page().test)
	said("It works: a small file")
	if len(mara.session.Stores()) > 0 {
		t.Error("a test keeps nothing")
	}
	test.Tap(page().use)
	said("new files are kept there from now on")
	if all := mara.session.Stores(); len(all) != 1 || !all[0].Used {
		t.Errorf("%+v", all)
	}
	path := filepath.Join(t.TempDir(), "plan.txt")
	if err := os.WriteFile(path, []byte("the plan"), 0o600); err != nil {
		t.Fatal(err)
	}
	mara.sheet.sheet.Dismiss()
	mara.sendFiles(mara.main.pane.id, []string{path}, "", chat.PictureEdit{})
	mara.sees("the file is there", func(s Screen) bool { return last(s).Receipt == "sent" })
	if there, err := os.ReadDir(folder); err != nil || len(there) != 1 {
		t.Errorf("%v, %v", there, err)
	}

	mara.openSettingsAt("stores")
	if got := page().forms[page().at].Values(); got["share"] != "team" || got["path"] != folder {
		t.Errorf("the form has forgotten: %v", got)
	}
	page().picker.Pick(0)
	test.Tap(page().use)
	said("New files are kept by the relay.")
	forget, ok := mara.sheet.spots["store-forget"].(fyne.Tappable)
	if !ok {
		t.Fatal("the folder is not listed any more")
	}
	test.Tap(forget)
	said("It is forgotten")
	if all := mara.session.Stores(); len(all) > 0 {
		t.Errorf("%+v", all)
	}
}

// The page says what takes room; what makes room goes back to "Download", and a
// click brings it back.
func TestStoragePage(t *testing.T) {
	s := newStage(t)
	mara := s.sits(t.TempDir())
	mara.begins("Mara Reyes")
	ines := s.sits(t.TempDir())
	ines.joins("Ines Tavares", mara.invites())
	ines.sees("Ines is in", func(s Screen) bool { return s.Screen == "main" && s.Connection == "connected" && s.Synced })
	c, err := ines.session.OpenDirect(t.Context(), "Mara Reyes")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "film.bin")
	if err := os.WriteFile(path, bytes.Repeat([]byte("film"), 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ines.session.SendFiles(t.Context(), c.ID, []string{path}, chat.Content{}); err != nil {
		t.Fatal(err)
	}
	mara.opens("Ines Tavares")
	id := mara.sees("the file can be fetched", func(s Screen) bool { return last(s).File == "film.bin" }).Messages[0].ID
	fetch := func() {
		if err := mara.session.Download(c.ID, id); err != nil {
			t.Fatal(err)
		}
		mara.sees("the file is here", func(s Screen) bool { return last(s).Path != "" })
	}
	fetch()

	mara.openSettingsAt("storage")
	page := mara.sheet.storage
	mara.sees("the file is counted", func(Screen) bool { return page.free.Text == "Free up 400 KB" })
	if parts := page.bar.Parts(); parts[3].Bytes != 400_000 || parts[4].Bytes == 0 {
		t.Errorf("%+v", parts)
	}
	page.kind.Pick(1)
	if page.free.Text != "Nothing to free up" || !page.free.Disabled() {
		t.Errorf("pictures: %s", page.free.Text)
	}
	page.kind.Pick(0)
	page.where.Pick(1)
	if page.where.Options[1] != "Ines Tavares  ·  400 KB" || page.free.Disabled() {
		t.Errorf("%v", page.where.Options)
	}
	test.Tap(page.free)
	mara.sees("it made room", func(Screen) bool { return strings.Contains(page.words.Text(), "400 KB are free again") })
	mara.sees("the bubble knows", func(s Screen) bool { return last(s).Path == "" })
	mara.sheet.sheet.Dismiss()
	fetch()

	mara.openSettingsAt("storage")
	page = mara.sheet.storage
	mara.sees("it is counted again", func(Screen) bool { return page.free.Text == "Free up 400 KB" })
	page.keep.Pick(2)
	mara.sees("the budget is kept", func(Screen) bool { r, err := mara.session.Room(); return err == nil && r.Budget == 5e9 })
}
