package app

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2/test"

	"satchel/transfer"
	"satchel/widgets"
)

// A new name is everywhere at once, and one that somebody has is refused with a
// sentence; who is blocked can be let in again.
func TestProfilePage(t *testing.T) {
	mara, ines := pair(newStage(t))
	mara.openSettingsAt("profile")
	name, save := mara.sheet.spots["name"].(*widgets.Field), mara.sheet.spots["save"].(*widgets.Button)
	if !save.Disabled() || name.Text != "Mara Reyes" {
		t.Errorf("it begins with %q", name.Text)
	}
	name.SetText("ines tavares")
	test.Tap(save)
	mara.sees("it can be tried again", func(Screen) bool { return !save.Disabled() })
	if me := mara.screen().Me; me != "Mara Reyes" {
		t.Errorf("she is called %q", me)
	}
	name.SetText("Mara R.")
	test.Tap(save)
	mara.sees("the new name", func(s Screen) bool { return s.Me == "Mara R." && save.Disabled() })
	ines.sees("it, too", func(s Screen) bool {
		return s.Conversation != nil && s.Conversation.Name == "Mara R." && at(s, "Mara R.") >= 0
	})
	// Her picture is hers at once, and Ines's when she writes.
	path := filepath.Join(t.TempDir(), "me.jpg")
	img := image.NewRGBA(image.Rect(0, 0, 900, 600))
	for i := range img.Pix {
		img.Pix[i] = uint8(i / 4 % 251)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	picture, err := transfer.Face(t.Context(), path)
	if err == nil {
		err = mara.session.SetPicture(t.Context(), picture)
	}
	if err != nil {
		t.Fatal(err)
	}
	mara.sees("her picture", func(Screen) bool {
		return mara.model.myFace().Picture != nil && mara.sheet.spots["no-picture"].Visible()
	})
	mara.sheet.sheet.Dismiss()
	mara.writes("do you see me?")
	ines.sees("her picture", func(Screen) bool { return ines.model.faces[mara.model.me.ID] != nil })

	mara.from("Ines Tavares", "Block…")
	test.Tap(mara.sheet.spots["sure"].(*widgets.Button))
	mara.sees("she is gone", func(s Screen) bool { return at(s, "Ines Tavares") < 0 })
	mara.openSettingsAt("profile")
	mara.sees("she is listed", func(Screen) bool { return mara.sheet.spots["unblock-0"] != nil })
	test.Tap(mara.sheet.spots["unblock-0"].(*widgets.Button))
	mara.sees("she is back", func(s Screen) bool { return at(s, "Ines Tavares") >= 0 })
}
