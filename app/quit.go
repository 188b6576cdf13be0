package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/widgets"
)

// closeWindow is what closing the window asks for: into the tray where the person
// wants that and there is one just now, else the end.
func (a *App) closeWindow() {
	if a.settings.ToTray && a.tray != nil && !a.tray.gone.Load() {
		a.hidden = true
		a.window.Hide()
		a.setFocused(false)
		return
	}
	a.quit()
}

// quit ends the program; while files are under way it asks once.
func (a *App) quit() {
	count := 0
	for _, t := range a.model.transfers {
		if moves(t) {
			count++
		}
	}
	if count == 0 || a.sheet != nil && a.sheet.name == "quit" {
		a.cfg.Quit()
		return
	}
	a.raise()
	words := widgets.NewParagraph(lang.N("{{.Count}} files are under way. Nothing is lost: they go on from where they are the next time Satchel runs.", count, map[string]any{"Count": count}),
		widgets.SizeText, widgets.ColorText, fyne.TextAlignLeading)
	var sheet *widgets.Sheet
	stay := widgets.NewButton(widgets.PlainButton, lang.L("Keep running"), func() { sheet.Dismiss() })
	yes := widgets.NewButton(widgets.PrimaryButton, lang.L("Quit now"), a.cfg.Quit)
	sheet = widgets.NewSheet(lang.L("Files are under way"), words, stay, yes)
	a.showSheet(&openSheet{name: "quit", sheet: sheet, spots: map[string]spotted{"stay": stay, "quit": yes}})
	sheet.ShowOn(a.window.Canvas(), stay)
}
