package app

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// mapChoice is the map server that the person named; nobody is asked without one.
type mapChoice struct {
	Address string `json:"address,omitempty"`
	Credit  string `json:"credit,omitempty"` // "": usualCredit
}

// usualCredit is whose the maps of most servers are.
const usualCredit = "© OpenStreetMap contributors"

// server is what is asked.
func (m mapChoice) server() chat.MapServer {
	s := chat.MapServer{Address: m.Address, Credit: m.Credit}
	if s.Credit == "" {
		s.Credit = usualCredit
	}
	return s
}

// host is how the server is called; "": there is none.
func (m mapChoice) host() string {
	s := m.server()
	if u, err := url.Parse(s.Tile(0, 0, 0)); err == nil && s.Check() == nil {
		return u.Host
	}
	return ""
}

// mapRows are where the map of a place comes from, on the page about files.
func (a *App) mapRows(o *openSheet) []fyne.CanvasObject {
	form := widgets.NewForm(
		widgets.FormField{ID: "address", Label: lang.L("Address of the map server"), Hint: "https://tiles.example.org/{z}/{x}/{y}.png"},
		widgets.FormField{ID: "credit", Label: lang.L("Whose the maps are, as it stands on them"), Hint: usualCredit})
	form.SetValues(map[string]string{"address": a.settings.Map.Address, "credit": a.settings.Map.Credit})
	words := widgets.NewParagraph("", widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading)
	words.Hide()
	say := func(text string, tone fyne.ThemeColorName) {
		words.Say(text, tone)
		words.Show()
		o.sheet.Refresh()
	}
	use := widgets.NewButton(widgets.PlainButton, lang.L("Use this server"), func() { a.useMap(form.Values(), o, say) })
	for _, id := range []string{"address", "credit"} {
		form.Field(id).OnSubmitted = func(string) { use.OnTapped() }
	}
	o.spots["map-address"], o.spots["map-credit"], o.spots["map-use"] = form.Field("address"), form.Field("credit"), use
	o.ofMaps = words
	return []fyne.CanvasObject{heading(lang.L("Maps of places")),
		widgets.NewParagraph(lang.L("When you send a place, a map of it can go along. It comes from the server that you name here, which then learns of the place, and from which address you ask. Who receives it asks nobody. Without a server nobody is asked, and places go as coordinates."),
			widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading),
		form, words, widgets.NewLine(12, use)}
}

// useMap keeps a map server, and tries it; say shows what came of it.
func (a *App) useMap(values map[string]string, o *openSheet, say func(string, fyne.ThemeColorName)) {
	next := mapChoice{Address: strings.TrimSpace(values["address"]), Credit: strings.TrimSpace(values["credit"])}
	if next.Credit == usualCredit {
		next.Credit = ""
	}
	switch {
	case len(next.Credit) > chat.MaxCredit:
		say(lang.L("Whose the maps are has to fit on them: 100 letters at most. Nothing was changed."), widgets.ColorBad)
		return
	case next.Address == "":
		a.set(func(s *settings) { s.Map = next })
		say(lang.L("No server is asked. Places go as coordinates."), widgets.ColorGood)
		return
	case next.server().Check() != nil:
		say(lang.L("The address of a map server begins with https:// and has {z}, {x} and {y} in it, once each. Nothing was changed."), widgets.ColorBad)
		return
	}
	a.set(func(s *settings) { s.Map = next })
	say(lang.L("Trying it…"), widgets.ColorMuted)
	a.work(func(ctx context.Context) func() {
		_, err := a.cfg.Map(ctx, next.server(), 51.4779, 0) // Greenwich, where nobody is meant
		return func() {
			switch {
			case !o.sheet.Shown() || a.settings.Map != next:
			case err == nil:
				say(lang.L("It answers with maps. They go along with the places that you send."), widgets.ColorGood)
			case errors.Is(err, context.DeadlineExceeded):
				say(lang.L("It was kept, but did not answer in time. Without a map a place goes as coordinates."), widgets.ColorBad)
			case errors.Is(err, chat.ErrNoMap):
				say(lang.L("It was kept, but what it answers is no map. Look at the address again: some servers want a key in it."), widgets.ColorBad)
			default:
				say(lang.L("It was kept, but can't be reached. Without a map a place goes as coordinates."), widgets.ColorBad)
			}
		}
	})
}
