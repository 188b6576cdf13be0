package app

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"time"

	"fyne.io/fyne/v2/test"

	"satchel/chat"
	"satchel/widgets"
)

// small is a picture as it comes with a message.
func small(w, h int, tint uint8) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(60 + x*150/w), uint8(90 + y*100/h), tint, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 40}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// elsewhere is a file that lies where nobody fetches it.
func elsewhere(name, mime string, size int64) *chat.File {
	return &chat.File{URL: "https://example.org/files/" + name, Name: name, MIME: mime, Size: size, SHA256: strings.Repeat("ab", 32), Key: []byte{1}}
}

// kinds are messages of every kind, whose turn it is to say them alternates between
// somebody else and oneself.
func kinds() (theirs, mine []chat.Content) {
	of := func(f *chat.File, text string) chat.Content { return chat.Content{File: f, Text: text} }
	still := func(name string, tint uint8, w, h int) *chat.File {
		f := elsewhere(name, "image/jpeg", 3_100_000)
		f.Width, f.Height, f.Thumbnail = 10*w, 10*h, small(w, h, tint)
		return f
	}
	film := elsewhere("harbour-at-dusk.mp4", "video/mp4", 812_000_000)
	film.Width, film.Height, film.Duration, film.Thumbnail = 1920, 1080, 72, small(320, 180, 150)
	wave := make([]byte, 64)
	for i := range wave {
		wave[i] = byte(20 + (i*37+i*i*11)%220)
	}
	sound, voice := elsewhere("boom-microphone-of-the-second-day.wav", "audio/wav", 8_400_000), elsewhere("voice.wav", "audio/wav", 400_000)
	sound.Duration, sound.Waveform = 94, wave
	voice.Duration, voice.Waveform, voice.Voice = 12, wave, true
	page := elsewhere("shotlist-v7.pdf", "application/pdf", 840_000)
	page.Pages, page.Width, page.Height, page.Thumbnail = 12, 226, 320, small(226, 320, 240)
	code := elsewhere("rushes.go", "text/x-go", 4_200)
	code.Excerpt = "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"the harbour, at dusk, with all of its boats and everybody on them\")\n}"
	theirs = []chat.Content{
		of(film, "The whole evening"), of(sound, ""), of(voice, ""), of(page, ""), of(code, ""),
		{Text: "```\nfor _, take := range takes {\n\tfmt.Println(take.Name, take.Length, take.Camera, take.Sound, take.Remarks)\n}\n```\nruns over all of them, and *slowly*."},
		{Text: strings.Repeat("All work and no play makes a long text, which is folded until somebody wants all of it. ", 40)},
		{Text: "שלום, להתראות בנמל ב־15:00 — and مرحبا بالعالم"},
		{Location: &chat.Location{Lat: 38.7056, Lon: -9.1446, Name: "Cais do Sodré", Map: &chat.Map{Picture: small(320, 160, 190), Credit: "© OpenStreetMap contributors"}}},
		{Title: "Call sheet", Text: "Everybody at the pier at seven. Bring coats."},
		of(still("IMG_2041.jpg", 120, 320, 200), ""), of(still("IMG_2042.jpg", 60, 320, 240), ""), of(still("wide.jpg", 200, 320, 90), "Wide"),
	}
	for i, tint := range []uint8{80, 140, 190, 230} {
		mine = append(mine, of(still(fmt.Sprintf("angle-%d.jpg", i+1), tint, 320, 200+20*i), ""))
	}
	mine[3].Text = "Harbour, four angles"
	mine = append(mine, of(elsewhere("harbour-rushes.zip", "application/zip", 2_400_000_000), ""), of(elsewhere("contract-signed.pdf", "application/pdf", 99_000), ""),
		chat.Content{Text: "Uploading the raw folder now — **2.4 GB**, you can keep writing, it won't hold anything up."})
	return theirs, mine
}

// carries has transfers of what kinds says, in states that under has not.
func (p *person) carries() {
	var batch []chat.Change
	for name, tr := range map[string]chat.Transfer{
		"IMG_2041.jpg":        {Direction: chat.Download, State: chat.TransferMoving, Offset: 1_900_000, Rate: 3e6, Left: time.Second},
		"IMG_2042.jpg":        {Direction: chat.Download, State: chat.TransferFailed, Reason: "The sender has taken it away. Nothing was lost."},
		"wide.jpg":            {Direction: chat.Download, State: chat.TransferPaused, Offset: 900_000},
		"harbour-rushes.zip":  {Direction: chat.Upload, State: chat.TransferMoving, Offset: 1_500_000_000, Rate: 41e6, Left: 22 * time.Second},
		"contract-signed.pdf": {Direction: chat.Upload, State: chat.TransferFailed, Reason: "The relay's storage is full. Nothing was lost."},
		"angle-3.jpg":         {Direction: chat.Upload, State: chat.TransferMoving, Offset: 1_000_000, Rate: 3e6, Left: time.Second},
	} {
		for _, m := range p.main.pane.inOrder() {
			if f := m.Content.File; f != nil && f.Name == name {
				tr.ID, tr.Message, tr.Conversation, tr.File, tr.Created = chat.TransferID("t"+m.ID), m.ID, m.Conversation, *f, m.At
				batch = append(batch, chat.TransferChanged{Transfer: tr})
			}
		}
	}
	p.carry(batch)
}

// shownAt scrolls to a message whose file or words begin so.
func (p *person) shownAt(begin string) {
	for _, m := range p.main.pane.inOrder() {
		if f := m.Content.File; strings.HasPrefix(m.Content.Text, begin) || f != nil && strings.HasPrefix(f.Name, begin) || m.Content.Title == begin {
			p.main.pane.timeline.ScrollTo(m.ID, 12)
			return
		}
	}
	p.stage.t.Fatalf("nothing begins with %q", begin)
}

// goes opens the conversation of a kind, and comes back to where everything is.
func (p *person) goes(k chat.ConversationKind) {
	p.open(chat.ConversationID(p.ofKind(k)))
	p.undo = append(p.undo, func() { p.open(chat.ConversationID(p.ofKind(chat.Direct))) })
}

// becomes changes what is known of the conversation of a kind, for a look.
func (p *person) becomes(k chat.ConversationKind, change func(*chat.Conversation)) {
	was := p.model.conversations[chat.ConversationID(p.ofKind(k))]
	now := was
	change(&now)
	p.apply([]chat.Change{chat.ConversationChanged{Conversation: now}})
	p.undo = append(p.undo, func() { p.apply([]chat.Change{chat.ConversationChanged{Conversation: was}}) })
}

// moreViews are what is seldom: bubbles of every kind, other conversations, states of
// the window.
func moreViews() []view {
	loaded := func(p *person, s Screen) bool {
		return p.main.pane.loaded && s.Conversation != nil && !p.main.pane.opening
	}
	at := func(begin string) view {
		return view{"at-" + strings.ToLower(strings.Fields(begin)[0]), func(p *person) { p.under(); p.carries(); p.shownAt(begin) }, nil}
	}
	me := func(p *person) chat.AccountID { return p.model.me.ID }
	return []view{
		at("interview"), at("harbour-at-dusk"), at("shotlist"), at("```"), at("All work"), at("Call sheet"), at("IMG_2042"), at("angle-1"), at("harbour-rushes.zip"), at("Uploading"), at("Reference"),
		{"group-chat", func(p *person) { p.goes(chat.Group) }, loaded},
		{"notes", func(p *person) { p.goes(chat.Self) }, loaded},
		{"left", func(p *person) {
			p.goes(chat.Group)
			p.becomes(chat.Group, func(c *chat.Conversation) { c.Gone = chat.Left })
		}, loaded},
		{"only-admins", func(p *person) {
			p.goes(chat.Group)
			p.becomes(chat.Group, func(c *chat.Conversation) {
				c.OnlyAdmins, c.Roles = true, map[chat.AccountID]chat.Role{me(p): chat.Member}
			})
		}, loaded},
		{"timer-on", func(p *person) {
			p.becomes(chat.Direct, func(c *chat.Conversation) { c.Timer = 7 * 24 * 60 * 60 })
		}, nil},
		{"set", func(p *person) {
			p.lists()
			p.becomes(chat.Direct, func(c *chat.Conversation) { c.Pinned, c.Muted = time.Now(), time.Now().Add(time.Hour) })
			p.becomes(chat.Self, func(c *chat.Conversation) { c.Draft = "could you resend the contract" })
			p.becomes(chat.Group, func(c *chat.Conversation) { c.MarkedUnread, c.Unread = true, 0 })
		}, nil},
		{"archive", func(p *person) {
			p.lists()
			p.becomes(chat.Group, func(c *chat.Conversation) { c.Archived = c.Head + 1 })
			p.archive = true
			p.drawRows()
			p.undo = append(p.undo, func() { p.archive = false; p.drawRows() })
		}, nil},
		{"archived", func(p *person) {
			p.lists()
			p.becomes(chat.Group, func(c *chat.Conversation) { c.Archived = c.Head + 1 })
		}, nil},
		{"typing", func(p *person) {
			p.lists()
			id := chat.ConversationID(p.ofKind(chat.Group))
			for _, m := range p.model.conversations[id].Members {
				if m.ID != me(p) {
					p.typing(chat.TypingChanged{Conversation: id, Account: m.ID})
				}
			}
			p.drawRows()
			p.undo = append(p.undo, func() { delete(p.model.typing, id); p.model.redraw(id); p.drawRows() })
		}, nil},
		{"list", func(p *person) { p.under(); p.lists() }, nil},
		{"compact", func(p *person) {
			widgets.SetCompact(true)
			p.redraw()
			p.undo = append(p.undo, func() { widgets.SetCompact(false); p.redraw() })
		}, loaded},
		{"recording", func(p *person) {
			p.recorded()
			p.voices[p.main.pane.id].state.Paused = false
			p.main.pane.drawVoice()
		}, nil},
		{"mention", func(p *person) {
			p.goes(chat.Group)
			p.main.pane.composer.SetNames([]string{"Ines Tavares", longName})
			p.main.pane.composer.SetText("")
			test.Type(p.main.pane.composer.Entry(), "Rushes for @")
		}, loaded},
		{"viewer", func(p *person) {
			for _, m := range p.main.pane.inOrder() {
				if f := m.Content.File; f != nil && f.Name == "harbour.jpg" {
					p.viewPicture(m, p.photo)
				}
			}
		}, func(p *person, s Screen) bool { return p.viewer != nil && p.viewer.img != nil }},
		{"open-program", func(p *person) { p.askToOpen("/tmp/a-name-that-somebody-gave-to-a-program-of-theirs.exe") }, nil},
		{"end-all", func(p *person) { p.askToCancelAll() }, nil},
		{"attach-menu", func(p *person) { p.attachMenu() }, nil},
		{"reaction", func(p *person) { p.main.pane.pickReaction(p.main.pane.inOrder()[1]) }, nil},
		{"store-form", func(p *person) {
			p.openSettingsAt("stores")
			p.sheet.store.picker.Pick(1)
		}, nil},
		{"store-cloud", func(p *person) {
			p.openSettingsAt("stores")
			p.sheet.store.picker.Pick(len(p.sheet.store.kinds) - 1)
		}, nil},
	}
}
