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

// storeKind is a kind of place for files, as the page asks for it.
type storeKind struct {
	name   string // in the list of kinds
	means  string // who can read there, and for how long
	fixed  map[string]any
	fields []widgets.FormField
	reads  bool // it may be of use only for reading what others keep there
}

// kind is the one in the settings; "": the relay.
func (k *storeKind) kind() string {
	s, _ := k.fixed["kind"].(string)
	return s
}

// is tells whether settings are of this kind.
func (k *storeKind) is(settings map[string]any) bool {
	for name, v := range k.fixed {
		if settings[name] != v {
			return false
		}
	}
	return k.fixed != nil
}

func storeKinds(relay string) []storeKind {
	line := func(id, label, hint string) widgets.FormField {
		return widgets.FormField{ID: id, Label: label, Hint: hint}
	}
	half := func(f widgets.FormField) widgets.FormField { f.Half = true; return f }
	more := func(f widgets.FormField) widgets.FormField { f.More = true; return f }
	secret := func(label string) widgets.FormField {
		return widgets.FormField{ID: "secret", Label: label, Secret: true}
	}
	bucket := half(line("bucket", lang.L("Bucket"), lang.L("files")))
	prefix := half(more(line("prefix", lang.L("Before each name"), "satchel/")))
	days := half(more(line("days", lang.L("Links work for … days"), "7")))
	public := more(line("public_url", lang.L("Public address, if everybody may read"), "https://files.example.org"))
	optional := lang.L("if it asks for one")
	return []storeKind{
		{name: lang.L("The relay"), means: lang.L("{{.Relay}} keeps them, for the members of the conversation, and removes them when its owner says so. It can’t read them.", map[string]any{"Relay": relay})},
		{name: lang.L("S3 bucket"), fixed: map[string]any{"kind": "s3"},
			means: lang.L("Files go into a bucket of your own, at Amazon or any other that speaks S3. Whoever has the message reads them by a signed link, for 7 days at most; after that your Satchel makes a new one when it is asked. Links to a public address don’t expire."),
			fields: []widgets.FormField{line("endpoint", lang.L("Address of the server"), "https://s3.eu-central-1.amazonaws.com"), bucket,
				half(line("access_key", lang.L("Access key"), "")), secret(lang.L("Secret key")),
				half(more(line("region", lang.L("Region"), lang.L("found by itself")))), prefix, days, public}},
		{name: lang.L("Google Cloud Storage"), fixed: map[string]any{"kind": "gs"},
			means: lang.L("Files go into a bucket of your own at Google. Whoever has the message reads them by a signed link, for 7 days at most; after that your Satchel makes a new one when it is asked. Links to a public address don’t expire."),
			fields: []widgets.FormField{line("bucket", lang.L("Bucket"), lang.L("files")), secret(lang.L("Key of a service account, the whole JSON file")),
				prefix, days, public}},
		{name: lang.L("Azure Blob Storage"), fixed: map[string]any{"kind": "azblob"},
			means: lang.L("Files go into a container of your own at Microsoft. Whoever has the message reads them by a signed link, for a year unless you say otherwise; after that your Satchel makes a new one when it is asked."),
			fields: []widgets.FormField{half(line("account", lang.L("Storage account"), "")), half(line("container", lang.L("Container"), lang.L("files"))), secret(lang.L("Account key")),
				more(line("endpoint", lang.L("Address of the server"), "https://ACCOUNT.blob.core.windows.net")), prefix,
				half(more(line("days", lang.L("Links work for … days"), "365"))), public}},
		{name: lang.L("WebDAV, Nextcloud"), fixed: map[string]any{"kind": "webdav"}, reads: true,
			means: lang.L("Files go into a folder of your server. With a public address everybody who has the message can read them; without one, those who see the folder with an account of their own and set it up here, too. Links last as long as the folder."),
			fields: []widgets.FormField{line("url", lang.L("Address of the folder"), "https://cloud.example.org/remote.php/dav/files/mara/Satchel"),
				half(line("user", lang.L("User"), "")), half(secret(lang.L("Password, better one for apps"))), more(line("public_url", lang.L("Public address of the folder"), "https://cloud.example.org/public.php/dav/files/TOKEN"))}},
		{name: lang.L("Web server, by form"), fixed: map[string]any{"kind": "http", "method": "POST"},
			means: lang.L("Files are sent as a form, as to an upload page; the server’s answer says where they are. Whoever has the message can read them there, as long as the server keeps them."),
			fields: []widgets.FormField{line("url", lang.L("Address that takes the form"), "https://example.org/upload"), widgets.FormField{ID: "secret", Label: lang.L("Token or password"), Hint: optional, Secret: true, Half: true},
				half(line("token_field", lang.L("Field for the token"), lang.L("none: a header"))), half(more(line("user", lang.L("User"), optional))), half(more(line("file_field", lang.L("Field for the file"), "file"))),
				half(more(line("result_field", lang.L("In the answer: the result"), "result"))), half(more(line("url_field", lang.L("In the answer: the address"), "url")))}},
		{name: lang.L("Web server, by PUT"), fixed: map[string]any{"kind": "http", "method": "PUT"},
			means: lang.L("Files are put at an address of your web server, under a name of their own. Whoever has the message can read them there, as long as the server keeps them."),
			fields: []widgets.FormField{line("url", lang.L("Address, with {id} where the name goes"), "https://example.org/files/{id}"), half(line("user", lang.L("User"), optional)),
				widgets.FormField{ID: "secret", Label: lang.L("Password or token"), Hint: optional, Secret: true, Half: true}, more(line("public_url", lang.L("Address for readers, with {id}"), lang.L("the same")))}},
		{name: lang.L("Shared folder"), fixed: map[string]any{"kind": "dir"}, reads: true,
			means:  lang.L("Files go into a folder that you and others share: on a file server, or kept in step by a program. Only those read them who have that folder, and set it up here under the same name."),
			fields: []widgets.FormField{line("share", lang.L("What all who share it call it"), "team"), line("path", lang.L("Where it is on this computer"), "/home/mara/Team")}},
	}
}

// storesPage says where one's new files are kept, and changes it.
type storesPage struct {
	app   *App
	sheet *openSheet
	kinds []storeKind
	known []session.Store
	at    int // of kinds

	column *widgets.Column
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
		f.OnEscape = o.sheet.Dismiss
		f.OnResized = o.sheet.Refresh
		p.forms = append(p.forms, f)
		objects = append(objects, f)
	}
	objects = append(objects, p.words, widgets.NewLine(12, p.key, p.read, p.test, p.use))
	objects = append(objects, p.others()...)
	p.column = widgets.NewColumn(14, objects...)
	for i := range p.kinds {
		p.fill(i)
	}
	p.pick(p.at)
	p.say(o.said, widgets.ColorGood)
	o.said = ""
	o.spots["store-kind"], o.spots["store-test"], o.spots["store-use"] = p.picker.Button, p.test, p.use
	o.store = p
	return p.column
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
		f.SetPlaceHolder(lang.L("as it is"))
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
		forget.OnEscape = p.sheet.sheet.Dismiss
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
