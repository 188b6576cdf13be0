package app

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/widgets"
)

// notificationsPage is what the desktop tells while nobody looks at the window.
func (a *App) notificationsPage(o *openSheet) fyne.CanvasObject {
	n := a.settings.Notices
	change := func(f func(*noticeChoices)) { a.set(func(s *settings) { f(&s.Notices) }) }

	words := widgets.NewToggle(lang.L("Show what was written"), lang.L("Otherwise only who wrote."), !n.NamesOnly,
		func(on bool) { change(func(n *noticeChoices) { n.NamesOnly = !on }) })
	sound := widgets.NewToggle(lang.L("Sound"), lang.L("The one that your system has for messages."), !n.Silent,
		func(on bool) { change(func(n *noticeChoices) { n.Silent = !on }) })

	var quiet *widgets.Picker
	options, ends := quietOptions(time.Now())
	detail := lang.L("Messages come as always; nothing is shown or heard.")
	picked := 0
	if n.Quiet.After(time.Now()) {
		detail = lang.L("Until {{.When}}.", map[string]any{"When": quietEnd(n.Quiet, time.Now())})
		picked = -1
	}
	quiet = widgets.NewPicker(lang.L("Do not disturb"), detail, options, picked, func(i int) {
		change(func(n *noticeChoices) { n.Quiet = ends[i] })
		o.again()
	})

	dim := func(off bool) {
		words.SetDisabled(off)
		sound.SetDisabled(off)
	}
	on := widgets.NewToggle(lang.L("Notifications"), lang.L("While you look elsewhere. A click on one opens its conversation."), !n.Off, func(on bool) {
		change(func(n *noticeChoices) { n.Off = !on })
		dim(!on)
	})
	dim(n.Off)
	o.spots["notify"], o.spots["words"], o.spots["sound"], o.spots["quiet"] = on, words, sound, quiet.Button
	return widgets.NewColumn(6, on, words, sound, quiet)
}

// quietOptions are how long it may be quiet; the first is not at all.
func quietOptions(now time.Time) (names []string, ends []time.Time) {
	morning := time.Date(now.Year(), now.Month(), now.Day(), 8, 0, 0, 0, now.Location())
	if !morning.After(now) {
		morning = morning.AddDate(0, 0, 1)
	}
	return []string{lang.L("Off"), lang.L("For an hour"), lang.L("For eight hours"), lang.L("Until eight in the morning")},
		[]time.Time{{}, now.Add(time.Hour), now.Add(8 * time.Hour), morning}
}

// quietEnd is a time of today, or of another day.
func quietEnd(end, now time.Time) string {
	end, now = end.Local(), now.Local()
	if end.YearDay() == now.YearDay() && end.Year() == now.Year() {
		return widgets.FormatClock(end)
	}
	return lang.L("tomorrow, {{.Time}}", map[string]any{"Time": widgets.FormatClock(end)})
}

// tells whether a notification may be shown now.
func (n *noticeChoices) tells(now time.Time) bool { return !n.Off && !now.Before(n.Quiet) }
