package app

import (
	"cmp"
	"strings"
	"time"
	"unicode"

	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// row says in words what the list shows of a conversation. current is the one
// that is open: what is being written there is no draft.
func (m *model) row(c *chat.Conversation, current bool, now time.Time) widgets.Row {
	r := widgets.Row{ID: c.ID, Name: m.name(c), Face: m.face(c), Unread: c.Unread,
		Pinned: !c.Pinned.IsZero() && !c.IsArchived(now), Muted: c.IsMuted(now), Marked: c.MarkedUnread}
	if c.Last != nil {
		r.Time = rowTime(c.Last.At, now)
	}
	draft := strings.TrimSpace(m.draft(c.ID))
	switch moving := m.moving(c.ID); {
	case m.typing[c.ID].until.After(now):
		r.Line, r.LineTone, r.Italic = m.typingLine(c), widgets.ToneGood, true
	case moving != "":
		r.Line, r.LineTone = moving, widgets.ToneAccent
	case draft != "" && !current:
		r.Lead, r.LeadTone, r.Line = lang.L("Draft:"), widgets.ToneBad, oneLine(draft)
	case c.Last != nil:
		m.lastWords(c, &r)
	case c.Kind == chat.Self:
		r.Line = lang.L("Notes, links and files")
	default:
		r.Line = lang.L("Say hello")
	}
	return r
}

// lastWords fills in the newest message.
func (m *model) lastWords(c *chat.Conversation, r *widgets.Row) {
	last := c.Last
	r.Icon, r.Line = preview(&last.Content)
	if last.Deleted {
		r.Icon, r.Line, r.Italic = "", lang.L("This message was deleted"), true
	}
	switch {
	case last.From == m.me.ID:
		r.Receipt, r.HasReceipt = c.Receipt(m.me.ID, last), true
		if r.Receipt == chat.ReceiptFailed {
			r.LineTone = widgets.ToneBad
		}
	case c.Kind == chat.Group:
		if who := memberName(c, last.From); who != "" {
			first, _, _ := strings.Cut(who, " ")
			r.Lead = first + ":"
		}
	}
}

// preview is a message in a line, and what kind of thing that is; no icon for words.
func preview(c *chat.Content) (widgets.Icon, string) {
	text := widgets.PlainText(oneLine(c.Text))
	if c.Title != "" {
		text = strings.TrimSuffix(oneLine(c.Title)+" · "+text, " · ")
	}
	switch {
	case c.Kind == chat.KindUnreadable:
		return "", lang.L("This message can't be opened")
	case c.Kind == chat.KindTimer && c.Lifetime == 0:
		return "", lang.L("New messages stay")
	case c.Kind == chat.KindTimer:
		return "", lang.L("New messages disappear after {{.Time}}", map[string]any{"Time": lifetimeWords(c.Lifetime)})
	case !c.Known():
		return "", lang.L("This needs a newer Satchel")
	case c.File != nil:
		if c.File.Voice {
			return widgets.IconVoice, cmp.Or(text, lang.L("Voice message"))
		}
		if text == "" {
			text = oneLine(c.File.Name)
		}
		if isStill(c.File) || strings.HasPrefix(c.File.MIME, "image/") {
			return widgets.IconPicture, text
		}
		return widgets.IconAttach, text
	case c.Location != nil:
		if text == "" {
			text = oneLine(c.Location.Name)
		}
		if text == "" {
			text = lang.L("Location")
		}
		return widgets.IconPlace, text
	}
	return "", text
}

// oneLine folds white space and keeps what a row could ever show, without the signs
// that can't be seen and make it read as something else: "exe.png" for "gnp.exe".
func oneLine(s string) string {
	const most = 200
	if len(s) > 4*most {
		s = strings.ToValidUTF8(s[:4*most], "")
	}
	s = strings.Join(strings.Fields(s), " ")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > most {
		s = string(r[:most])
	}
	return s
}

// name is what the person calls a conversation.
func (m *model) name(c *chat.Conversation) string {
	if c.Kind == chat.Self {
		return lang.L("Notes to self")
	}
	if c.Kind == chat.Group && c.Title == "" {
		return lang.L("A group") // its title is sealed: it comes with the keys
	}
	if name := c.Name(m.me.ID); name != "" {
		return name
	}
	return lang.L("Conversation")
}

func (m *model) face(c *chat.Conversation) widgets.Face {
	f := widgets.Face{Name: m.name(c), Key: string(c.ID), Self: c.Kind == chat.Self}
	if c.Kind == chat.Direct {
		other := m.other(c)
		f.Key, f.Online, f.Picture = string(other), m.presence[other].Online, m.faces[other]
	}
	if c.Kind == chat.Group {
		f.Picture = m.groupFaces[c.ID]
	}
	return f
}

func (m *model) typingLine(c *chat.Conversation) string {
	if c.Kind == chat.Group {
		if who, _, _ := strings.Cut(memberName(c, m.typing[c.ID].account), " "); who != "" {
			return lang.L("{{.Name}} is typing…", map[string]any{"Name": who})
		}
	}
	return lang.L("typing…")
}

// moving says what is carried in a conversation now: "Sending 3 files… 62 %".
func (m *model) moving(id chat.ConversationID) string {
	c := m.carried[id]
	n, done, size, name := c.count, c.share.offset, c.share.size, ""
	count := n[chat.Upload] + n[chat.Download]
	if count == 0 {
		return ""
	}
	for _, t := range m.transfers { // which one: only where it is named
		if count > 1 {
			break
		}
		if t.Conversation == id && (t.State.Active() || t.State == chat.TransferQueued) {
			name = t.File.Name
			break
		}
	}
	percent := 0
	if size > 0 {
		percent = int(done * 100 / size)
	}
	data := map[string]any{"Name": oneLine(name), "Count": count, "Percent": percent}
	switch {
	case n[chat.Upload] == 0 && count == 1:
		return lang.L("Receiving {{.Name}}… {{.Percent}} %", data)
	case n[chat.Upload] == 0:
		return lang.L("Receiving {{.Count}} files… {{.Percent}} %", data)
	case count == 1:
		return lang.L("Sending {{.Name}}… {{.Percent}} %", data)
	case n[chat.Download] == 0:
		return lang.L("Sending {{.Count}} files… {{.Percent}} %", data)
	}
	return lang.L("Carrying {{.Count}} files… {{.Percent}} %", data)
}

// rowTime is the time of day today, the day in the last week, else the date.
func rowTime(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	switch days := int(day(now).Sub(day(t)).Hours() / 24); {
	case days <= 0:
		return widgets.FormatClock(t)
	case days == 1:
		return lang.L("Yesterday")
	case days < 7:
		return lang.L(t.Weekday().String()[:3])
	case t.Year() == now.Year():
		return lang.L("{{.Day}} {{.Month}}", map[string]any{"Day": t.Day(), "Month": lang.L(t.Month().String()[:3])})
	}
	return widgets.FormatDate(t)
}

// status is the second line of a conversation's head.
func (m *model) status(c *chat.Conversation, now time.Time) (string, widgets.Tone) {
	if m.typing[c.ID].until.After(now) {
		return m.typingLine(c), widgets.ToneGood
	}
	switch c.Kind {
	case chat.Self:
		return lang.L("Notes, links and files for yourself"), widgets.ToneMuted
	case chat.Group:
		if len(c.Members) == 1 {
			return lang.L("1 person"), widgets.ToneMuted
		}
		if c.OnlyAdmins {
			return lang.L("{{.Count}} people · only admins write", map[string]any{"Count": len(c.Members)}), widgets.ToneMuted
		}
		return lang.L("{{.Count}} people", map[string]any{"Count": len(c.Members)}), widgets.ToneMuted
	}
	p, known := m.presence[m.other(c)]
	switch {
	case known && p.Online:
		return lang.L("online"), widgets.ToneMuted
	case known && !p.LastSeen.IsZero():
		return lang.L("last seen {{.When}}", map[string]any{"When": lastSeen(p.LastSeen, now)}), widgets.ToneMuted
	}
	return "", widgets.ToneMuted
}

func lastSeen(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d < time.Minute:
		return lang.L("just now")
	case d < 12*time.Hour && t.Local().Day() == now.Local().Day():
		return widgets.FormatClock(t)
	}
	day := rowTime(t, now)
	if day == widgets.FormatClock(t) {
		return day
	}
	return day + ", " + widgets.FormatClock(t)
}

// connectionLine says how the connection stands.
func (m *model) connectionLine() (string, widgets.Tone) {
	switch m.connection.State {
	case chat.Connected:
		if !m.synced {
			return lang.L("Catching up…"), widgets.ToneMuted
		}
		if m.connection.Relay != "" {
			return lang.L("Connected to {{.Relay}}", map[string]any{"Relay": m.connection.Relay}), widgets.ToneMuted
		}
		return lang.L("Connected"), widgets.ToneMuted
	case chat.Connecting:
		if m.connection.Reason == "" { // else an attempt failed, which is said once for all that follow
			return lang.L("Connecting…"), widgets.ToneMuted
		}
	case chat.Refused:
		return lang.L("The relay refused this computer"), widgets.ToneBad
	}
	return lang.L("Not connected, trying again…"), widgets.ToneAccent
}

// connectionShort is the same in a word or two, for where there is little room.
func (m *model) connectionShort() string {
	switch m.connection.State {
	case chat.Connected:
		if !m.synced {
			return lang.L("Catching up…")
		}
		return lang.L("Connected")
	case chat.Connecting:
		if m.connection.Reason == "" {
			return lang.L("Connecting…")
		}
	case chat.Refused:
		return lang.L("Refused")
	}
	return lang.L("Not connected")
}

// foot sums up what is carried; false when nothing is.
func (m *model) foot() (title, detail string, part float32, ok bool) {
	count, waiting, rate := m.all.count[chat.Upload]+m.all.count[chat.Download], m.all.waiting, m.all.rate
	left := m.all.share.size - m.all.share.offset
	if count == 0 {
		return "", "", 0, false
	}
	title = lang.L("1 transfer")
	if count > 1 {
		title = lang.L("{{.Count}} transfers", map[string]any{"Count": count})
	}
	switch {
	case waiting == count:
		detail = lang.L("Waiting for the relay")
	case rate > 0:
		detail = widgets.FormatRate(rate)
		if s := widgets.FormatLeft(time.Duration(float64(left) / rate * float64(time.Second))); s != "" {
			detail += " · " + s
		}
	}
	if m.shares.size > 0 {
		part = float32(float64(m.shares.offset) / float64(m.shares.size))
	}
	return title, detail, part, true
}
