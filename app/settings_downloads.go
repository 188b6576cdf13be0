package app

import (
	"context"
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/app/session"
	"satchel/widgets"
)

// What the page offers. A value that was set elsewhere, as by satchelctl, stands
// among them.
var (
	offeredSizes  = []int64{1 << 20, 10 << 20, 100 << 20, 1 << 30}
	offeredSpeeds = []int64{0, 128 << 10, 512 << 10, 1 << 20, 5 << 20, 20 << 20}
	offeredAtOnce = []int64{2, 4, 6, 8, 12, 16}
	offeredFrom   = []string{session.FromNobody, session.FromKnown, session.FromAnybody}
)

// downloadsPage is about files: whose come by themselves, what they may take of the
// line, and where the map of a place comes from. A change holds at once, also for what is under way.
func (a *App) downloadsPage(o *openSheet) fyne.CanvasObject {
	now := a.session.Downloads()
	words := widgets.NewParagraph("", widgets.SizeSmall, widgets.ColorBad, fyne.TextAlignLeading)
	words.Hide()
	var details []interface {
		fyne.CanvasObject
		SetDisabled(bool)
	}
	set := func(change func(*session.Downloads)) {
		change(&now)
		for _, d := range details {
			d.SetDisabled(now.From == session.FromNobody)
		}
		next := now
		a.inOrder(func(ctx context.Context) func() {
			err := a.session.SetDownloads(ctx, next)
			return func() {
				if err == nil {
					words.Hide()
				} else {
					words.SetText(sentence(err))
					words.Show()
				}
				o.sheet.Refresh()
			}
		})
	}
	from := widgets.NewPicker(lang.L("Fetch by themselves"), lang.L("What a new message brings. What you click comes always; older files only then."),
		[]string{lang.L("Nothing"), lang.L("From people I know"), lang.L("From anybody")}, max(0, slices.Index(offeredFrom, now.From)),
		func(i int) { set(func(d *session.Downloads) { d.From = offeredFrom[i] }) })
	size := a.amounts(lang.L("Up to"), "", offeredSizes, now.UpTo, widgets.FormatSize, func(n int64) { set(func(d *session.Downloads) { d.UpTo = n }) })
	pictures := widgets.NewToggle(lang.L("Pictures"), "", now.Pictures, func(on bool) { set(func(d *session.Downloads) { d.Pictures = on }) })
	others := widgets.NewToggle(lang.L("All other files"), "", now.Others, func(on bool) { set(func(d *session.Downloads) { d.Others = on }) })
	details = append(details, pictures, others)
	for _, d := range details {
		d.SetDisabled(now.From == session.FromNobody)
	}
	speed := func(n int64) string {
		if n == 0 {
			return lang.L("No limit")
		}
		return widgets.FormatRate(float64(n))
	}
	up := a.amounts(lang.L("Sending"), lang.L("How fast files may go out. Messages never wait for it."), offeredSpeeds, now.Up, speed,
		func(n int64) { set(func(d *session.Downloads) { d.Up = n }) })
	down := a.amounts(lang.L("Receiving"), "", offeredSpeeds, now.Down, speed, func(n int64) { set(func(d *session.Downloads) { d.Down = n }) })
	total := a.amounts(lang.L("Both together"), "", offeredSpeeds, now.Total, speed, func(n int64) { set(func(d *session.Downloads) { d.Total = n }) })
	atOnce := a.amounts(lang.L("Files at a time"), lang.L("One place is always kept for small files."), offeredAtOnce, int64(now.AtOnce),
		func(n int64) string { return strconv.FormatInt(n, 10) }, func(n int64) { set(func(d *session.Downloads) { d.AtOnce = int(n) }) })
	all := widgets.NewButton(widgets.PlainButton, lang.L("All transfers…"), a.openTransfers)
	o.spots["downloads-from"], o.spots["downloads-pictures"], o.spots["downloads-transfers"] = from.Button, pictures, all
	rows := []fyne.CanvasObject{words, from, size, pictures, others, up, down, total, atOnce, widgets.NewLine(12, all)}
	return widgets.NewColumn(6, append(rows, a.mapRows(o)...)...)
}

// amounts picks one of several numbers; now stands among them.
func (a *App) amounts(text, detail string, offered []int64, now int64, write func(int64) string, changed func(int64)) *widgets.Picker {
	all := slices.Clone(offered)
	if at, found := slices.BinarySearch(all, now); !found {
		all = slices.Insert(all, at, now)
	}
	names := make([]string, len(all))
	for i, n := range all {
		names[i] = write(n)
	}
	return widgets.NewPicker(text, detail, names, slices.Index(all, now), func(i int) { changed(all[i]) })
}
