package widgets

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

var someFields = []FormField{
	{ID: "endpoint", Label: "Address of the server", Hint: "https://s3.example.org"},
	{ID: "bucket", Label: "Bucket", Hint: "files", Half: true}, {ID: "key", Label: "Access key", Half: true},
	{ID: "secret", Label: "Secret key", Secret: true},
	{ID: "region", Label: "Region", Hint: "found by itself", Half: true, More: true}, {ID: "prefix", Label: "Before each name", Hint: "satchel/", Half: true, More: true},
}

func TestFormLooks(t *testing.T) {
	inBoth(t, "form", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		short, long := NewForm(someFields...), NewForm(someFields...)
		long.SetValues(map[string]string{"endpoint": "https://s3.example.org", "bucket": "mara-files", "secret": "not shown", "region": "eu-central-1"})
		bar, one := NewRoomBar(), NewRoomBar()
		bar.SetParts(RoomPart{"Pictures", 812e6}, RoomPart{"Videos", 2.4e9}, RoomPart{"Sound", 90e6}, RoomPart{"Other files", 400e6}, RoomPart{"Messages", 31e6}, RoomPart{"On their way", 0})
		one.SetParts(RoomPart{"Pictures", 0}, RoomPart{"Messages", 31e6})
		return room(t, v, NewColumn(24, NewHeading("Short"), short, NewHeading("Long"), long, bar, one), 420, 760)
	})
}

// A form is as high as what it shows, and says when that changed.
func TestForm(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewThemeVariant(theme.VariantLight))
	f := NewForm(someFields...)
	resized := 0
	f.OnResized = func() { resized++ }
	few := f.HeightAt(400)
	f.SetValues(map[string]string{"bucket": "files"})
	if f.HeightAt(400) != few || resized > 0 || f.Values()["bucket"] != "files" {
		t.Error("a field that is shown changed the form")
	}
	f.More.OnTapped()
	if f.HeightAt(400) <= few || resized != 1 || f.More.Visible() {
		t.Error("more options are not shown")
	}
}

// Every part that takes something is seen, however little that is.
func TestRoomBar(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewThemeVariant(theme.VariantLight))
	b := NewRoomBar()
	b.SetParts(RoomPart{"Much", 1e12}, RoomPart{"Little", 1}, RoomPart{"Nothing", 0})
	named := 0
	b.legend(400, func(int, string, float32, float32, float32) { named++ })
	if named != 2 || b.HeightAt(60) <= b.HeightAt(400) {
		t.Errorf("%d are named, %v and %v high", named, b.HeightAt(60), b.HeightAt(400))
	}
}
