package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/widgets"
)

// settingsPage is one page of the settings; each is in a file of its own.
type settingsPage struct {
	id    string // for the test seam: "page-ID" picks it
	name  string
	icon  widgets.Icon
	build func(a *App, o *openSheet) fyne.CanvasObject // each time it is picked; what can be clicked goes into o.spots
}

// settingsPages are all there are, in their order.
func settingsPages() []settingsPage {
	return []settingsPage{
		{"profile", lang.L("Profile"), widgets.IconPerson, (*App).profilePage},
		{"devices", lang.L("Devices"), widgets.IconComputer, (*App).devicesPage},
		{"notifications", lang.L("Notifications"), widgets.IconBell, (*App).notificationsPage},
		{"appearance", lang.L("Appearance"), widgets.IconLook, (*App).appearancePage},
		{"downloads", lang.L("Files"), widgets.IconDrop, (*App).downloadsPage},
		{"stores", lang.L("File stores"), widgets.IconStore, (*App).storesPage},
		{"storage", lang.L("Disk space"), widgets.IconDisk, (*App).storagePage},
		{"relay", lang.L("Relay"), widgets.IconRelay, (*App).relayPage},
		{"about", lang.L("About"), widgets.IconAbout, (*App).aboutPage},
	}
}

// openSettings shows the settings, at their first page.
func (a *App) openSettings() { a.openSettingsAt("devices") }

// openSettingsAt shows one page of the settings.
func (a *App) openSettingsAt(id string) {
	all := settingsPages()
	names := make([]widgets.PageName, len(all))
	for i, p := range all {
		names[i] = widgets.PageName{ID: p.id, Name: p.name, Icon: p.icon}
	}
	pages := widgets.NewPages(names...)
	sheet := widgets.NewSheet(lang.L("Settings"), pages)
	sheet.Width, sheet.Height, sheet.Tall = 780, 540, 720
	o := &openSheet{name: "settings", sheet: sheet, pages: pages, anew: func() { a.openSettingsAt(pages.Picked()) }}
	pages.OnPick = func(id string) {
		for _, p := range all {
			if p.id == id {
				o.forget()
				o.redraw = func() { pages.OnPick(id) }
				for _, n := range names {
					o.spots["page-"+n.ID] = pages.Name(n.ID)
				}
				o.again = func() { pages.OnPick(id) }
				pages.SetPage(id, p.build(a, o))
			}
		}
	}
	pages.OnPick(id)
	a.showSheet(o)
	sheet.ShowOn(a.window.Canvas(), pages.First())
}

// forget takes away what the page before could be clicked at.
func (o *openSheet) forget() {
	o.devices, o.drawMe, o.store, o.storage = nil, nil, nil, nil
	o.spots = map[string]spotted{}
}
