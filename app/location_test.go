package app

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"

	"satchel/widgets"
)

// mapServer has a map of everywhere, or of nowhere.
func mapServer(t *testing.T, everywhere bool) string {
	t.Helper()
	var piece bytes.Buffer
	if err := png.Encode(&piece, image.NewGray(image.Rect(0, 0, 256, 256))); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !everywhere {
			http.NotFound(w, r)
			return
		}
		w.Write(piece.Bytes())
	}))
	t.Cleanup(s.Close)
	return s.URL + "/{z}/{x}/{y}.png"
}

// A place goes with a map where the person named a server that has one, and as
// coordinates where not; nobody is asked before.
func TestLocationWithMap(t *testing.T) {
	s := newStage(t)
	mara, ines := pair(s)
	conv := mara.main.pane.id
	for i, c := range []struct {
		address, said string // in the settings; "": as it is
		words         string // on the sheet, at its end
		drawn         bool
	}{
		{"", "", "41.1500° N, 0.0000° E.", false},
		{"https://example.org/{z}/{x}.png", "The address of a map server begins with https:// and has {z}, {x} and {y} in it, once each. Nothing was changed.", "41.1500° N, 1.0000° E.", false},
		{mapServer(t, true), "It answers with maps. They go along with the places that you send.", "41.1500° N, 2.0000° E.", true},
		{mapServer(t, false), "It was kept, but what it answers is no map. Look at the address again: some servers want a key in it.", "The map server has no map of this place. It goes as coordinates.", false},
		{" ", "No server is asked. Places go as coordinates.", "41.1500° N, 4.0000° E.", false},
	} {
		if c.address != "" {
			mara.openSettingsAt("downloads")
			mara.sheet.spots["map-address"].(*widgets.Field).SetText(c.address)
			test.Tap(mara.sheet.spots["map-use"].(*widgets.Button))
			words := mara.sheet.ofMaps
			mara.sees(c.said, func(Screen) bool { return words.Text() == c.said })
			mara.sheet.sheet.Dismiss()
		}
		mara.askLocation()
		mara.sheet.place.Place.SetText(fmt.Sprintf("41.15, %d", i))
		mara.sees(c.words, func(s Screen) bool { return s.Sheet != nil && strings.HasSuffix(s.Sheet.Words, c.words) })
		test.Tap(mara.sheet.place.Send)
		ines.sees("the place", func(Screen) bool {
			all, err := ines.session.Messages(conv, 0, 1)
			if err != nil || len(all) == 0 || all[0].Content.Location == nil || all[0].Content.Location.Lon != float64(i) {
				return false
			}
			m := all[0].Content.Location.Map
			if c.drawn != (m != nil) || c.drawn && (m.Credit != usualCredit || len(m.Picture) == 0) {
				t.Errorf("%s: %+v", c.address, m)
			}
			return true
		})
	}
}
