package app

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"

	"satchel/app/session"
	"satchel/widgets"
)

// storesPage says where one's new files are kept, and changes it.
type storesPage struct {
	app   *App
	sheet *openSheet
	kinds []storeKind
	known []session.Store
	at    int // of kinds

	picker *widgets.Picker
	means  *widgets.Paragraph
	forms  []*widgets.Form // by kind; the relay has none
	words  *widgets.Paragraph
	test   *widgets.Button
	use    *widgets.Button
	read   *widgets.Button
	key    *widgets.Button
}

// storesPage shows it.
func (a *App) storesPage(o *openSheet) fyne.CanvasObject {
	relay := a.session.Profile().RelayName
	if relay == "" {
		relay = lang.L("The relay")
	}
	p := &storesPage{app: a, sheet: o, kinds: storeKinds(relay), known: a.session.Stores()}
	intro := widgets.NewParagraph(lang.L("Files are sealed before they leave this computer, wherever they are kept. Words always go by way of the relay."), widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading)
	var names []string
	for i, k := range p.kinds {
		names = append(names, k.name)
		for _, s := range p.known {
			if s.Used && k.is(settingsOf(s)) {
				p.at = i
			}
		}
	}
	now := names[0]
	for _, s := range p.known {
		if s.Used {
			now = p.nameOf(s) + ", " + s.Name
		}
	}
	p.picker = widgets.NewPicker(lang.L("Keep new files in"), lang.L("Now: {{.Name}}", map[string]any{"Name": now}), names, p.at, p.pick)
	p.means = widgets.NewParagraph("", widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading)
	p.words = widgets.NewParagraph("", widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading)
	p.test = widgets.NewButton(widgets.PlainButton, lang.L("Test"), func() { p.try(false, false) })
	p.use = widgets.NewButton(widgets.PrimaryButton, lang.L("Test and use"), func() { p.try(true, true) })
	p.read = widgets.NewButton(widgets.PlainButton, lang.L("Only read there"), func() { p.try(true, false) })
	p.key = widgets.NewButton(widgets.PlainButton, lang.L("Choose the key file…"), p.chooseKey)
	objects := []fyne.CanvasObject{intro, p.picker, p.means}
	for _, k := range p.kinds {
		f := widgets.NewForm(k.fields...)
		f.OnResized = o.sheet.Refresh
		p.forms = append(p.forms, f)
		objects = append(objects, f)
	}
	objects = append(objects, p.words, widgets.NewLine(12, p.key, p.read, p.test, p.use))
	objects = append(objects, p.others()...)
	column := widgets.NewColumn(14, objects...)
	for i := range p.kinds {
		p.fill(i)
	}
	p.pick(p.at)
	p.say(o.said, widgets.ColorGood)
	o.said = ""
	o.spots["store-kind"], o.spots["store-test"], o.spots["store-use"] = p.picker.Button, p.test, p.use
	o.store = p
	return column
}

func settingsOf(s session.Store) (all map[string]any) {
	if json.Unmarshal(s.Settings, &all) != nil {
		return nil
	}
	return all
}

// of returns what is known of a kind: the store that is used, or else the newest.
func (p *storesPage) of(k *storeKind) *session.Store {
	var found *session.Store
	for i := range p.known {
		if s := &p.known[i]; k.is(settingsOf(*s)) && (found == nil || !found.Used) {
			found = s
		}
	}
	return found
}

// fill writes what is known of a kind into its form.
func (p *storesPage) fill(i int) {
	s := p.of(&p.kinds[i])
	if s == nil {
		return
	}
	values := map[string]string{}
	for name, v := range settingsOf(*s) {
		switch v := v.(type) {
		case string:
			values[name] = v
		case float64:
			values[name] = strconv.Itoa(int(v))
		}
	}
	p.forms[i].SetValues(values)
	if f := p.forms[i].Field("secret"); f != nil && s.Secret != "" {
		f.SetHint(lang.L("as it is"))
	}
}

// others are the stores that are known beside the one that is used.
func (p *storesPage) others() (rows []fyne.CanvasObject) {
	for _, s := range p.known {
		if s.Used {
			continue
		}
		if len(rows) == 0 {
			rows = append(rows, widgets.NewParagraph(lang.L("Also known, for what lies there:"), widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading))
		}
		forget := widgets.NewButton(widgets.PlainButton, lang.L("Forget"), nil)
		forget.Height = 32
		forget.OnTapped = func() {
			p.work(func(ctx context.Context) (string, error) {
				return lang.L("It is forgotten. What lies there stays there."), p.app.session.ForgetStore(ctx, s.ID)
			})
		}
		name := p.nameOf(s) + " · " + s.Name
		rows = append(rows, container.New(layout.NewCustomPaddedHBoxLayout(12), forget, widgets.NewText(widgets.ElideMiddle(name, 380, widgets.TextSize, false), widgets.TextSize, widgets.ColorText)))
		p.sheet.spots["store-forget"] = forget
	}
	return rows
}

func (p *storesPage) nameOf(s session.Store) string {
	for i := range p.kinds {
		if p.kinds[i].is(settingsOf(s)) {
			return p.kinds[i].name
		}
	}
	return s.Kind
}

// pick shows one kind. The relay is used at once: it asks for nothing.
func (p *storesPage) pick(i int) {
	p.at = i
	k := &p.kinds[i]
	p.means.SetText(k.means)
	for j, f := range p.forms {
		f.Hide()
		if j == i && len(k.fields) > 0 {
			f.Show()
		}
	}
	p.say("", widgets.ColorMuted)
	used := false
	for _, s := range p.known {
		used = used || s.Used
	}
	setShown(p.test, i > 0)
	setShown(p.read, k.reads)
	setShown(p.key, k.kind() == "gs")
	setShown(p.use, i > 0 || used)
	p.use.SetText(lang.L("Test and use"))
	if i == 0 {
		p.use.SetText(lang.L("Use the relay"))
	}
	p.sheet.sheet.Refresh()
}

func setShown(o fyne.CanvasObject, shown bool) {
	if shown {
		o.Show()
	} else {
		o.Hide()
	}
}

func (p *storesPage) say(sentence string, color fyne.ThemeColorName) {
	p.words.Say(sentence, color)
	setShown(p.words, sentence != "")
	p.sheet.sheet.Refresh()
}

// settings reads the form. A secret that was not typed is nil: it stays.
func (p *storesPage) settings() (json.RawMessage, *string, error) {
	all := map[string]any{}
	for name, v := range p.kinds[p.at].fixed {
		all[name] = v
	}
	var secret *string
	for name, v := range p.forms[p.at].Values() {
		switch v = strings.TrimSpace(v); {
		case v == "":
		case name == "secret":
			secret = &v
		case name == "days":
			n, err := strconv.Atoi(v)
			if err != nil {
				return nil, nil, session.Refusal(lang.L("“{{.Text}}” is no number of days.", map[string]any{"Text": v}))
			}
			all[name] = n
		default:
			all[name] = v
		}
	}
	// What the form does not ask for stays as it was set elsewhere.
	if s := p.of(&p.kinds[p.at]); s != nil {
		for name, v := range settingsOf(*s) {
			if _, asked := all[name]; !asked && p.forms[p.at].Field(name) == nil {
				all[name] = v
			}
		}
	}
	b, err := json.Marshal(all)
	return b, secret, err
}

// storeTime bounds a test, with a minute that it may take itself.
const storeTime = 90 * time.Second

// try tests what the form says, keeps it, or both.
func (p *storesPage) try(keep, use bool) {
	s := p.app.session
	if p.at == 0 {
		p.work(func(ctx context.Context) (string, error) {
			return lang.L("New files are kept by the relay."), s.UseRelay(ctx)
		})
		return
	}
	settings, secret, err := p.settings()
	if err != nil {
		p.say(sentence(err), widgets.ColorBad)
		return
	}
	p.work(func(ctx context.Context) (string, error) {
		if use || !keep {
			if err := s.TestStore(ctx, settings, secret); err != nil {
				return "", err
			}
		}
		if !keep {
			return lang.L("It works: a small file was written there, read by its link, and deleted."), nil
		}
		if _, err := s.KeepStore(ctx, settings, secret, use); err != nil {
			return "", err
		}
		if !use {
			return lang.L("Files that lie there can be read now. New ones are kept where they were."), nil
		}
		return lang.L("It works, and new files are kept there from now on."), nil
	})
}

// work does something that takes a while; then the page says what became of it.
func (p *storesPage) work(do func(context.Context) (string, error)) {
	a, o := p.app, p.sheet
	busy := func(off bool) {
		for _, b := range []*widgets.Button{p.test, p.use, p.read, p.key} {
			b.SetDisabled(off)
		}
	}
	busy(true)
	p.say(lang.L("One moment…"), widgets.ColorMuted)
	before := len(p.known)
	a.work(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, storeTime)
		defer cancel()
		said, err := do(ctx)
		return func() {
			if !o.sheet.Shown() || o.store != p {
				return
			}
			busy(false)
			now := a.session.Stores()
			if err == nil && (len(now) != before || differ(now, p.known)) {
				o.said = said
				o.redraw()
				return
			}
			if err != nil {
				p.say(sentence(err), widgets.ColorBad)
				return
			}
			p.say(said, widgets.ColorGood)
		}
	})
}

// differ tells whether another store is used, or one has other settings.
func differ(a, b []session.Store) bool {
	for i := range a {
		if a[i].ID != b[i].ID || a[i].Used != b[i].Used || a[i].Secret != b[i].Secret || string(a[i].Settings) != string(b[i].Settings) {
			return true
		}
	}
	return false
}

// chooseKey reads the file of a service account into its field.
func (p *storesPage) chooseKey() {
	p.app.pickFile(lang.L("Choose the key file"), func(path string) {
		p.app.work(func(context.Context) func() {
			b, err := readRecovery(path)
			return func() {
				if err != nil {
					p.say(sentence(err), widgets.ColorBad)
					return
				}
				p.forms[p.at].Field("secret").SetText(string(b))
			}
		})
	})
}
