package app

import (
	_ "embed" // the licences
	"runtime/debug"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/widgets"
)

// Version is what this program calls itself; FyneApp.toml has the same.
const Version = "0.1.0"

// licencesText is made by internal/licences: for each text what is under it (name,
// version and kind of the licence, a line each) and the text.
//
//go:generate go run ../internal/licences
//go:embed licences.txt
var licencesText string

// licence is one work that is in the program.
type licence struct{ name, kind, text string }

// licences lists all of them, by name.
func licences() (all []licence) {
	for _, group := range strings.Split(licencesText, "\x1d")[1:] {
		whose, text, _ := strings.Cut(group, "\x1e")
		for line := range strings.Lines(whose) {
			if name, kind, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				all = append(all, licence{name, kind, text})
			}
		}
	}
	slices.SortFunc(all, func(a, b licence) int { return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) })
	return all
}

// aboutPage is what this program is made of.
func (a *App) aboutPage(o *openSheet) fyne.CanvasObject {
	commit, goVersion := lang.L("not known"), ""
	if info, ok := debug.ReadBuildInfo(); ok {
		goVersion = strings.TrimPrefix(info.GoVersion, "go")
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				commit = s.Value[:min(12, len(s.Value))]
			case "vcs.modified":
				if s.Value == "true" {
					commit += " +"
				}
			}
		}
	}
	rows := []fyne.CanvasObject{
		widgets.NewFact(lang.L("Version"), "Satchel "+Version),
		widgets.NewFact(lang.L("Commit"), commit),
		widgets.NewFact(lang.L("Made with"), "Go "+goVersion+", Fyne"),
		widgets.NewFact(lang.L("Licence"), "MIT"),
		widgets.NewParagraph(lang.L("Satchel asks nobody for updates and tells nobody that you use it: it speaks to your relay, and to nothing else that you did not set up."), widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading),
		widgets.NewHeading(lang.L("What it is made of")),
	}
	for _, l := range licences() {
		row := widgets.NewRowButton(l.name, l.kind, func() { a.showLicence(l) })
		rows = append(rows, row)
	}
	return widgets.NewColumn(6, rows...)
}

// showLicence shows a licence's text.
func (a *App) showLicence(l licence) {
	var sheet *widgets.Sheet
	back := widgets.NewButton(widgets.PrimaryButton, lang.L("Back"), func() { sheet.Dismiss() })
	sheet = widgets.NewSheet(l.name, widgets.NewLongText(l.text), back)
	sheet.Width, sheet.Height, sheet.Tall = 780, 400, 640
	a.showSheet(&openSheet{name: "licence", sheet: sheet, spots: map[string]spotted{"back": back}})
	sheet.ShowOn(a.window.Canvas(), back)
}
