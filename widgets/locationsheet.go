package widgets

import (
	"image"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
)

// LocationSheet asks for a place: typed, pasted as a link of a map, or taken
// from a picture that says where it was taken. Where there is a map server it shows
// the map that will go along.
type LocationSheet struct {
	Sheet     *Sheet
	OnSend    func(chat.Location)
	OnPicture func()               // choose a picture
	OnPlace   func(*chat.Location) // another place is meant, nil: none; SetMap or NoMap answer

	Place, Name *Field
	Send        *Button
	Picture     *Button

	words    *Paragraph
	box      *mapBox
	mapWords *Paragraph
	asks     bool           // there is a map server
	meant    *chat.Location // as it was understood last; its Map is what came
	waits    bool           // for the map of it
	soon     bool           // it is sent when that is here
}

// NewLocationSheet returns an empty sheet. server is who is asked for maps; "": nobody.
func NewLocationSheet(server string) *LocationSheet {
	s := &LocationSheet{Place: NewField("41.15, -8.61"), Name: NewField(lang.L("A name for it, if you like")), asks: server != ""}
	s.words = NewParagraph("", SizeSmall, ColorMuted, fyne.TextAlignLeading)
	s.box, s.mapWords = newMapBox(), NewParagraph("", SizeSmall, ColorMuted, fyne.TextAlignLeading)
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
	about := lang.L("Latitude and longitude in degrees, or a link from a map. Nothing is asked anywhere: the place goes into the message as it is written here.")
	if s.asks {
		about = lang.L("Latitude and longitude in degrees, or a link from a map. {{.Server}} is asked for a map of the place, which goes along.", map[string]any{"Server": server})
	}
	what := NewParagraph(about, SizeText, ColorText, fyne.TextAlignLeading)
	s.Sheet = NewSheet(lang.L("Send a location"), NewColumn(12, what, FieldBox(s.Place, false), s.words, FieldBox(s.Name, false), s.box, s.mapWords), cancel, s.Send)
	s.Sheet.Aside = s.Picture
	s.box.Hide()
	s.mapWords.Hide()
	s.look(false)
	return s
}

// SetPlace fills in a place, as a picture says it.
func (s *LocationSheet) SetPlace(l chat.Location) {
	s.Place.SetText(strings.ReplaceAll(formatCoordinates(&l), "−", "-"))
}

// SetMap shows the map of a place, which goes along with it. picture is what is in it.
func (s *LocationSheet) SetMap(of chat.Location, m *chat.Map, picture image.Image) {
	if s.waits && s.meant.Lat == of.Lat && s.meant.Lon == of.Lon {
		s.meant.Map = m
		s.box.set(picture, m.Credit)
		s.came("")
	}
}

// NoMap says why there is no map of a place, which goes without.
func (s *LocationSheet) NoMap(of chat.Location, sentence string) {
	if s.waits && s.meant.Lat == of.Lat && s.meant.Lon == of.Lon {
		s.came(sentence)
	}
}

// came ends the waiting for a map.
func (s *LocationSheet) came(sentence string) {
	s.waits = false
	s.sayOfMap(sentence)
	if s.soon {
		s.send()
	}
}

// sayOfMap writes a sentence below the map; "": none.
func (s *LocationSheet) sayOfMap(sentence string) {
	s.mapWords.SetText(sentence)
	show(s.mapWords, sentence != "")
	s.Sheet.Refresh()
}

// MapWords returns that sentence.
func (s *LocationSheet) MapWords() string { return s.mapWords.Text() }

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
		l = nil
	}
	s.mean(l)
	return l
}

// mean takes in which place is meant now, and has its map looked for.
func (s *LocationSheet) mean(l *chat.Location) {
	if l == nil && s.meant == nil || l != nil && s.meant != nil && l.Lat == s.meant.Lat && l.Lon == s.meant.Lon {
		return
	}
	s.meant, s.soon, s.waits = l, false, l != nil && s.asks
	if !s.asks {
		return
	}
	s.box.set(nil, "")
	show(s.box, l != nil)
	s.sayOfMap("")
	if l != nil {
		s.sayOfMap(lang.L("Fetching the map…"))
	}
	if s.OnPlace != nil {
		s.OnPlace(l)
	}
}

func (s *LocationSheet) send() {
	l := s.look(true)
	switch {
	case l == nil || s.OnSend == nil:
		return
	case s.waits && !s.soon:
		s.soon = true
		s.sayOfMap(lang.L("It goes as soon as the map is here. Press Send once more to send it without."))
		return
	}
	l.Name, l.Map = strings.TrimSpace(s.Name.Text), s.meant.Map
	s.OnSend(*l)
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
