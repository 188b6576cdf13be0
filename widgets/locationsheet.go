package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
)

// LocationSheet asks for a place: typed, pasted as a link of a map, or taken
// from a picture that says where it was taken.
type LocationSheet struct {
	Sheet     *Sheet
	OnSend    func(chat.Location)
	OnPicture func() // choose a picture

	Place, Name *Field
	Send        *Button
	Picture     *Button

	words *Paragraph
}

// NewLocationSheet returns an empty sheet.
func NewLocationSheet() *LocationSheet {
	s := &LocationSheet{Place: NewField("41.15, -8.61"), Name: NewField(lang.L("A name for it, if you like"))}
	s.words = NewParagraph("", SizeSmall, ColorMuted, fyne.TextAlignLeading)
	s.Send = NewButton(PrimaryButton, lang.L("Send"), s.send)
	cancel := NewButton(PlainButton, lang.L("Cancel"), func() { s.Sheet.Dismiss() })
	s.Picture = NewButton(PlainButton, lang.L("From a picture…"), func() {
		if s.OnPicture != nil {
			s.OnPicture()
		}
	})
	s.Place.OnChanged = func(string) { s.look(false) }
	s.Place.OnSubmitted = func(string) { s.send() }
	s.Name.OnSubmitted = s.Place.OnSubmitted
	what := NewParagraph(lang.L("Latitude and longitude in degrees, or a link from a map. Nothing is asked anywhere: the place goes into the message as it is written here."), SizeText, ColorText, fyne.TextAlignLeading)
	s.Sheet = NewSheet(lang.L("Send a location"), NewColumn(12, what, FieldBox(s.Place, false), s.words, FieldBox(s.Name, false)), cancel, s.Send)
	s.Sheet.Aside = s.Picture
	s.look(false)
	return s
}

// SetPlace fills in a place, as a picture says it.
func (s *LocationSheet) SetPlace(l chat.Location) {
	s.Place.SetText(strings.ReplaceAll(formatCoordinates(&l), "−", "-"))
}

// Say writes a sentence below the place.
func (s *LocationSheet) Say(sentence string) {
	s.words.SetText(sentence)
	s.Sheet.Refresh()
}

// Words returns that sentence.
func (s *LocationSheet) Words() string { return s.words.Text() }

// look says how the place is understood; asked: and what is wrong with it.
func (s *LocationSheet) look(asked bool) *chat.Location {
	l, err := chat.ParseLocation(s.Place.Text)
	words := lang.L("North and east are positive, south and west negative.")
	switch {
	case err == nil:
		words = lang.L("That is {{.Place}}.", map[string]any{"Place": formatDegrees(l)})
	case asked:
		words = lang.L("This is no place yet. Write it as 41.15, -8.61, or paste the whole link of a map, not a shortened one.")
	}
	s.Say(words)
	if err != nil {
		return nil
	}
	return l
}

func (s *LocationSheet) send() {
	if l := s.look(true); l != nil && s.OnSend != nil {
		l.Name = strings.TrimSpace(s.Name.Text)
		s.OnSend(*l)
	}
}

// formatDegrees writes a place as maps do: 41.1500° N, 8.6100° W.
func formatDegrees(l *chat.Location) string {
	north, east := lang.L("N"), lang.L("E")
	lat, lon := *l, *l
	if lat.Lat < 0 {
		north, lat.Lat = lang.L("S"), -lat.Lat
	}
	if lon.Lon < 0 {
		east, lon.Lon = lang.L("W"), -lon.Lon
	}
	first, second, _ := strings.Cut(formatCoordinates(&chat.Location{Lat: lat.Lat, Lon: lon.Lon}), ", ")
	return first + "° " + north + ", " + second + "° " + east
}
