package app

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/app/session"
	"satchel/chat"
	"satchel/widgets"
)

// storagePage says what takes room on this computer, and makes room.
type storagePage struct {
	app   *App
	sheet *openSheet
	room  session.Room

	total  *widgets.Paragraph
	bar    *widgets.RoomBar
	keep   *widgets.Picker
	where  *widgets.Picker
	kind   *widgets.Picker
	age    *widgets.Picker
	free   *widgets.Button
	words  *widgets.Paragraph
	rooms  []chat.ConversationID // of where, behind "all"
	budget []int64               // of keep
}

// ages are how long a file was not opened, by what stands in the picker.
var ages = []time.Duration{0, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour}

// mostRooms is how many conversations the picker names: those with the most.
const mostRooms = 12

// storagePage shows it.
func (a *App) storagePage(o *openSheet) fyne.CanvasObject {
	p := &storagePage{app: a, sheet: o, budget: []int64{0, 1e9, 5e9, 20e9, 100e9}}
	p.total = widgets.NewParagraph(lang.L("One moment…"), widgets.SizeText, widgets.ColorText, fyne.TextAlignLeading)
	p.bar = widgets.NewRoomBar()
	p.keep = widgets.NewPicker(lang.L("Keep downloaded files within"),
		lang.L("When there is more, those that you have not opened for the longest time make room. What could not be fetched again always stays."), nil, 0, p.setBudget)
	p.where = widgets.NewPicker(lang.L("From"), "", []string{lang.L("All conversations")}, 0, func(int) { p.count() })
	p.kind = widgets.NewPicker(lang.L("Kind"), "", []string{lang.L("All files"), lang.L("Pictures"), lang.L("Videos"), lang.L("Sound"), lang.L("Other files")}, 0, func(int) { p.count() })
	p.age = widgets.NewPicker(lang.L("Not opened"), "", []string{lang.L("Whenever"), lang.L("For a week"), lang.L("For a month"), lang.L("For a year")}, 0, func(int) { p.count() })
	p.free = widgets.NewButton(widgets.PrimaryButton, lang.L("Free up space"), p.freeUp)
	p.words = widgets.NewParagraph(lang.L("Messages stay, and so do files that nobody could send again. A click on “Download” brings a file back."), widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading)
	title := widgets.NewHeading(lang.L("Free up space"))
	p.free.SetDisabled(true)
	o.storage = p
	o.spots["room-free"], o.spots["room-budget"] = p.free, p.keep.Button
	p.load("")
	return widgets.NewColumn(8, p.total, p.bar, p.keep, title, p.where, p.kind, p.age, p.words, widgets.NewLine(12, p.free))
}

// load looks at the disk, and then shows it. said is what was just done.
func (p *storagePage) load(said string) {
	a, o := p.app, p.sheet
	a.work(func(context.Context) func() {
		room, err := a.session.Room()
		return func() {
			if !o.sheet.Shown() || o.storage != p {
				return
			}
			if err != nil {
				p.total.SetText(sentence(err))
				o.sheet.Refresh()
				return
			}
			p.room = room
			p.draw()
			if said != "" {
				p.words.Say(said, widgets.ColorGood)
			}
			p.count()
		}
	})
}

func (p *storagePage) draw() {
	r := &p.room
	size := map[string]any{"Size": widgets.FormatSize(r.Messages + r.Files + r.Parts + r.Other)}
	p.total.SetText(lang.L("Satchel takes {{.Size}} on this computer.", size))
	kinds := map[string]int64{}
	byRoom := map[chat.ConversationID]int64{}
	for i := range r.Held {
		h := &r.Held[i]
		kinds[h.Kind] += h.Size
		seen := map[chat.ConversationID]bool{}
		for _, b := range h.Of {
			if !seen[b.Conversation] {
				seen[b.Conversation] = true
				byRoom[b.Conversation] += h.Size
			}
		}
	}
	p.bar.SetParts(
		widgets.RoomPart{Name: lang.L("Pictures"), Bytes: kinds[session.RoomPictures]},
		widgets.RoomPart{Name: lang.L("Videos"), Bytes: kinds[session.RoomVideos]},
		widgets.RoomPart{Name: lang.L("Sound"), Bytes: kinds[session.RoomSound]},
		widgets.RoomPart{Name: lang.L("Other files"), Bytes: kinds[session.RoomDocuments] + r.Other},
		widgets.RoomPart{Name: lang.L("Messages"), Bytes: r.Messages},
		widgets.RoomPart{Name: lang.L("On their way"), Bytes: r.Parts})
	if r.Budget > 0 && !slices.Contains(p.budget, r.Budget) {
		p.budget = append(p.budget, r.Budget)
		slices.Sort(p.budget)
	}
	var limits []string
	for _, n := range p.budget {
		if n == 0 {
			limits = append(limits, lang.L("No limit"))
		} else {
			limits = append(limits, widgets.FormatSize(n))
		}
	}
	p.keep.SetOptions(limits, slices.Index(p.budget, r.Budget))
	chosen := p.choice().Conversation
	p.rooms = p.rooms[:0]
	for id := range byRoom {
		p.rooms = append(p.rooms, id)
	}
	slices.SortFunc(p.rooms, func(a, b chat.ConversationID) int {
		return cmp.Or(cmp.Compare(byRoom[b], byRoom[a]), cmp.Compare(a, b))
	})
	p.rooms = p.rooms[:min(len(p.rooms), mostRooms)]
	names := []string{lang.L("All conversations")}
	for _, id := range p.rooms {
		c := p.app.model.conversations[id]
		names = append(names, p.app.model.name(&c)+"  ·  "+widgets.FormatSize(byRoom[id]))
	}
	p.where.SetOptions(names, max(0, slices.Index(p.rooms, chosen)+1))
	p.sheet.sheet.Refresh()
}

// choice is what the pickers say.
func (p *storagePage) choice() (c session.Choice) {
	if i := p.where.Picked(); i > 0 && i <= len(p.rooms) {
		c.Conversation = p.rooms[i-1]
	}
	if i := p.kind.Picked(); i > 0 {
		c.Kind = session.RoomKinds[i-1]
	}
	if i := p.age.Picked(); i > 0 {
		c.Before = time.Now().Add(-ages[i])
	}
	return c
}

// count says on the button how much the choice takes.
func (p *storagePage) count() {
	var n int64
	c := p.choice()
	for i := range p.room.Held {
		if c.Holds(&p.room.Held[i]) {
			n += p.room.Held[i].Size
		}
	}
	p.free.SetText(lang.L("Free up {{.Size}}", map[string]any{"Size": widgets.FormatSize(n)}))
	if n == 0 {
		p.free.SetText(lang.L("Nothing to free up"))
	}
	p.free.SetDisabled(n == 0)
	p.sheet.sheet.Refresh()
}

func (p *storagePage) freeUp() {
	a, c := p.app, p.choice()
	p.free.SetDisabled(true)
	p.words.Say(lang.L("Looking what can be fetched again…"), widgets.ColorMuted)
	p.sheet.sheet.Refresh()
	a.work(func(ctx context.Context) func() {
		freed, err := a.session.Free(ctx, c)
		return func() {
			if !p.sheet.sheet.Shown() || p.sheet.storage != p {
				return
			}
			if err != nil && !errors.Is(err, session.ErrCantSee) {
				p.words.Say(sentence(err), widgets.ColorBad)
				p.count()
				return
			}
			said := lang.L("{{.Size}} are free again.", map[string]any{"Size": widgets.FormatSize(freed.Bytes)})
			if freed.Last > 0 {
				said += " " + lang.L("What could not be fetched again stays: {{.Count}}.", map[string]any{"Count": freed.Last})
			}
			if freed.InUse > 0 {
				said += " " + lang.L("What is being carried just now stays: {{.Count}}.", map[string]any{"Count": freed.InUse})
			}
			if err != nil {
				said += " " + sentence(err)
			}
			p.load(said)
		}
	})
}

func (p *storagePage) setBudget(i int) {
	a, n := p.app, p.budget[i]
	a.work(func(ctx context.Context) func() {
		err := a.session.SetBudget(ctx, n)
		return func() {
			if err != nil && p.sheet.storage == p {
				p.words.Say(sentence(err), widgets.ColorBad)
				p.sheet.sheet.Refresh()
			}
		}
	})
}
