package app

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/app/system"
	"satchel/widgets"
)

// appearancePage is how everything looks, and how the program comes and goes.
func (a *App) appearancePage(o *openSheet) fyne.CanvasObject {
	themes := []string{"", "light", "dark"}
	look := widgets.NewPicker(lang.L("Theme"), "", []string{lang.L("As the system"), lang.L("Light"), lang.L("Dark")},
		slices.Index(themes, a.settings.Theme), func(i int) { a.setTheme(themes[i]) })

	var sizes []string
	now := 100
	if a.settings.Scale != 0 {
		now = a.settings.Scale
	}
	for percent := leastScale; percent <= mostScale; percent += scaleStep {
		sizes = append(sizes, fmt.Sprintf("%d %%", percent))
	}
	size := widgets.NewPicker(lang.L("Text size"), lang.L("Everything grows along. Ctrl and + or − do the same."), sizes,
		(now-leastScale)/scaleStep, func(i int) { a.setScale(leastScale + i*scaleStep) })

	density := widgets.NewPicker(lang.L("Density"), "", []string{lang.L("Comfortable"), lang.L("Compact")}, index(a.settings.Compact),
		func(i int) {
			a.again(func() {
				a.setCompact(i == 1)
				a.openSettingsAt("appearance")
			})
		})

	codes, names := []string{""}, []string{lang.L("As the system")}
	for _, l := range languages {
		codes, names = append(codes, l.code), append(names, l.name)
	}
	language := widgets.NewPicker(lang.L("Language"), "", names, max(0, slices.Index(codes, a.settings.Language)), func(i int) {
		a.again(func() {
			a.speak(codes[i])
			a.openSettingsAt("appearance")
		})
	})

	o.spots["theme"], o.spots["size"], o.spots["density"], o.spots["language"] = look.Button, size.Button, density.Button, language.Button
	rows := []fyne.CanvasObject{look, size, density, language}

	var login *widgets.Toggle
	if system.CanStartAtLogin {
		login = widgets.NewToggle(lang.L("Start at login"), a.loginDetail(), system.StartsAtLogin(a.cfg.Dir), func(on bool) {
			if err := a.startAtLogin(on); err != nil {
				login.SetOn(!on)
				login.SetDetail(lang.L("This could not be changed: {{.Reason}}", map[string]any{"Reason": sentence(err)}))
				o.sheet.Refresh()
			}
		})
		o.spots["login"] = login
		rows = append(rows, login)
	}
	tray := widgets.NewToggle(lang.L("Keep running when the window is closed"), lang.L("Messages and files go on coming; the icon in the tray brings the window back."), a.settings.ToTray, func(on bool) {
		a.set(func(s *settings) { s.ToTray = on })
		if login == nil {
			return
		}
		login.SetDetail(a.loginDetail())
		if login.On() {
			if err := a.startAtLogin(true); err != nil {
				a.log.Warn("the start at login stays as it was", "error", err)
			}
		}
		o.sheet.Refresh()
	})
	if a.tray == nil {
		tray.SetDetail(lang.L("This desktop shows no tray icons, so closing the window ends Satchel."))
		tray.SetOn(false)
		tray.SetDisabled(true)
	}
	o.spots["tray"] = tray
	return widgets.NewColumn(6, append(rows, tray)...)
}

// startAtLogin has this account start with the person's desktop, or not: into the
// tray, where that is where its window goes.
func (a *App) startAtLogin(on bool) error {
	var args []string
	if a.settings.ToTray {
		args = append(args, "--hidden")
	}
	return system.SetStartAtLogin(on, a.cfg.Dir, args...)
}

// loginDetail says how it then starts.
func (a *App) loginDetail() string {
	if a.settings.ToTray && a.tray != nil {
		return lang.L("Without a window: the icon in the tray brings it.")
	}
	return ""
}

func index(second bool) int {
	if second {
		return 1
	}
	return 0
}
