package app

import (
	"context"
	"os"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/app/session"
	"satchel/chat"
	"satchel/widgets"
)

// devicesPage shows one's own devices, and what can be done with them.
func (a *App) devicesPage(o *openSheet) fyne.CanvasObject {
	list := widgets.NewDeviceList()
	words := widgets.NewParagraph(lang.L("Your devices. Each has keys of its own, and reads everything."), widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading)
	file := widgets.NewButton(widgets.PlainButton, lang.L("Recovery file…"), a.makeRecovery)
	link := widgets.NewButton(widgets.PrimaryButton, lang.L("Link a device…"), a.linkAnother)
	list.OnRemove = a.askRemoveDevice
	o.devices = list
	o.spots["link-device"], o.spots["recovery-file"] = link, file
	page := widgets.NewColumn(14, words, list, widgets.NewLine(12, file, link))
	a.work(func(context.Context) func() {
		devices, err := a.session.Devices()
		return func() {
			if err != nil {
				words.SetText(sentence(err))
			}
			list.SetDevices(deviceRows(devices))
			o.sheet.Refresh()
		}
	})
	return page
}

// deviceRows are the devices that were not removed, this one first.
func deviceRows(devices []session.Device) (rows []widgets.DeviceRow) {
	for _, d := range devices {
		if d.Removed {
			continue
		}
		date := map[string]any{"Date": widgets.FormatDate(d.Added)}
		r := widgets.DeviceRow{ID: string(d.ID), Name: d.Label, File: d.Recovery, This: d.This, Detail: lang.L("Added {{.Date}}", date)}
		switch {
		case r.Name == "":
			r.Name = lang.L("A device without a name")
		case d.Recovery:
			r.Detail = lang.L("Brings your account back · made {{.Date}}", date)
		}
		if d.This {
			r.Detail = lang.L("This device · since {{.Date}}", date)
			rows = append([]widgets.DeviceRow{r}, rows...)
			continue
		}
		rows = append(rows, r)
	}
	return rows
}

// askRemoveDevice removes a device once the person said so.
func (a *App) askRemoveDevice(d widgets.DeviceRow) {
	text := lang.L("“{{.Name}}” gets nothing any more that is sent from now on. What it has already it keeps. This can't be taken back: to use it again, link it anew.", map[string]any{"Name": d.Name})
	if d.File {
		text = lang.L("“{{.Name}}” will not bring your account back any more, whoever has it. Make a new recovery file if you want one.", map[string]any{"Name": d.Name})
	}
	words := widgets.NewParagraph(text, widgets.SizeText, widgets.ColorText, fyne.TextAlignLeading)
	var sheet *widgets.Sheet
	keep := widgets.NewButton(widgets.PlainButton, lang.L("Keep it"), func() { sheet.Dismiss() })
	remove := widgets.NewButton(widgets.PrimaryButton, lang.L("Remove it"), nil)
	remove.OnTapped = func() {
		remove.SetDisabled(true)
		a.work(func(ctx context.Context) func() {
			ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
			defer cancel()
			err := a.session.RemoveDevice(ctx, chat.DeviceID(d.ID))
			return func() {
				if !sheet.Shown() {
					return
				}
				if err != nil {
					words.SetText(sentence(err))
					remove.SetDisabled(false)
					sheet.Refresh()
					return
				}
				a.openSettings()
			}
		})
	}
	sheet = widgets.NewSheet(lang.L("Remove this device?"), widgets.NewColumn(14, words), keep, remove)
	a.showSheet(&openSheet{name: "remove", sheet: sheet, spots: map[string]spotted{"keep": keep, "remove": remove}})
	sheet.ShowOn(a.window.Canvas(), nil)
}

// makeRecovery makes a recovery file under a fresh passphrase.
func (a *App) makeRecovery() {
	s := widgets.NewRecoverySheet(session.NewPassphrase())
	s.OnCopy = a.fyne.Clipboard().SetContent
	s.OnSave = func(passphrase string) {
		name := "satchel-recovery-" + time.Now().Format(time.DateOnly) + ".txt"
		a.pickPlace(name, func(path string) { a.saveRecovery(s, path, passphrase) })
	}
	a.showSheet(&openSheet{name: "recovery", sheet: s.Sheet, recovery: s, spots: map[string]spotted{"save": s.Save, "close": s.Shut}})
	s.Sheet.ShowOn(a.window.Canvas(), nil)
}

func (a *App) saveRecovery(s *widgets.RecoverySheet, path, passphrase string) {
	s.SetBusy(true)
	a.work(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		file, err := a.session.ExportRecovery(ctx, passphrase)
		if err == nil {
			err = replaceFile(path, file)
		}
		return func() {
			if err != nil {
				s.Fail(sentence(err))
				return
			}
			s.Done(lang.L("The recovery file is at {{.Path}}. Copy it to where your backups are. It stands in the list of your devices, and can be removed there.", map[string]any{"Path": path}))
		}
	})
}

// maxRecoveryFile is more than any recovery file has, in bytes.
const maxRecoveryFile = 4 << 20

// pickRecovery lets the person choose the recovery file for the welcome.
func (a *App) pickRecovery() {
	a.pickFile(lang.L("Choose the recovery file"), func(path string) {
		a.work(func(context.Context) func() {
			who, err := recoveryOf(path)
			return func() {
				w := a.welcome
				switch {
				case w == nil:
				case err != nil:
					w.Fail(sentence(err))
				default:
					w.SetFile(path, who.Name)
				}
			}
		})
	})
}

func recoveryOf(path string) (chat.Account, error) {
	file, err := readRecovery(path)
	if err != nil {
		return chat.Account{}, err
	}
	return session.RecoveryOf(file)
}

func readRecovery(path string) ([]byte, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if info.Size() > maxRecoveryFile {
		return nil, session.Refusal(lang.L("This file is too large to be a recovery file."))
	}
	return os.ReadFile(path)
}

// recover brings an account back, and goes on to the main screen.
func (a *App) recover(label, path, passphrase string) {
	a.begin(func(ctx context.Context) error {
		file, err := readRecovery(path)
		if err != nil {
			return err
		}
		return a.session.ImportRecovery(ctx, file, passphrase, label)
	})
}
