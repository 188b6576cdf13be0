package app

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"satchel/chat"
	"satchel/widgets"
)

// Screen is what SATCHEL_STATE tells of the window: the test seam, see the
// package's documentation.
type Screen struct {
	Screen       string             `json:"screen"` // "welcome" or "main"
	Welcome      *WelcomeState      `json:"welcome,omitempty"`
	Me           string             `json:"me,omitempty"` // name
	Conversation *ConversationState `json:"conversation,omitempty"`
	Connection   string             `json:"connection,omitempty"` // "connected", …
	Synced       bool               `json:"synced"`
	Focused      bool               `json:"focused"`
	Focus        string             `json:"focus,omitempty"` // what has the keyboard: see App.focusName
	Listed       int                `json:"listed,omitempty"`
	Rows         []RowState         `json:"rows,omitempty"`     // the first of those that are listed
	Messages     []MessageState     `json:"messages,omitempty"` // those that the timeline holds, oldest first
	Draft        string             `json:"draft,omitempty"`
	Offered      []string           `json:"offered,omitempty"` // names that may follow the @ of the draft
	Bar          string             `json:"bar,omitempty"`     // above the composer: what is answered or edited
	Picked       int                `json:"picked,omitempty"`  // messages that are chosen
	Voice        *VoiceState        `json:"voice,omitempty"`   // what is recorded
	Sheet        *SheetState        `json:"sheet,omitempty"`   // "send", "new", "invite", "open", "settings", "link", "person", "recovery", "remove", "new-group", "group", "add", "leave", "media", "confirm", "timer", "group-links"
	Closed       string             `json:"closed,omitempty"`  // why nobody can write here
	FocusAt      *Spot              `json:"focus_at,omitempty"`
	Menu         []string           `json:"menu,omitempty"`   // what the menu offers that is open
	Dialog       bool               `json:"dialog,omitempty"` // something else lies over the window
	Viewer       string             `json:"viewer,omitempty"` // the picture that lies over the window
	Hover        bool               `json:"hover,omitempty"`  // files hang over the window
	Notice       string             `json:"notice,omitempty"`
	Foot         string             `json:"foot,omitempty"`
	Spots        map[string]Spot    `json:"spots"` // by name; see App.screen
}

// Spot is where something is: pixels, from the upper left of the content.
type Spot struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

// VoiceState is a voice message that was begun.
type VoiceState struct {
	Seconds float64 `json:"seconds"`
	Loud    int     `json:"loud"` // the loudest of the last moments, 0 to 255
	Paused  bool    `json:"paused"`
}

// WelcomeState is the welcome's.
type WelcomeState struct {
	Name   string `json:"name"`
	Link   string `json:"link"`
	Way    string `json:"way"` // "here", "invitation", "device" or "recovery"
	Busy   bool   `json:"busy"`
	Reason string `json:"reason"`
}

// ConversationState is the open one.
type ConversationState struct {
	ID       chat.ConversationID `json:"id"`
	Name     string              `json:"name"`
	Status   string              `json:"status"`
	Verified bool                `json:"verified,omitempty"`
	AtEnd    bool                `json:"at_end"`
}

// RowState is a row of the list.
type RowState struct {
	ID       chat.ConversationID `json:"id"`
	Name     string              `json:"name"`
	Line     string              `json:"line"`
	Time     string              `json:"time"`
	Unread   int                 `json:"unread"`
	Pinned   bool                `json:"pinned,omitempty"`
	Muted    bool                `json:"muted,omitempty"`
	Marked   bool                `json:"marked,omitempty"` // as unread, by hand
	Folder   bool                `json:"folder,omitempty"`
	Selected bool                `json:"selected"`
	Message  chat.MessageID      `json:"message,omitempty"` // found by a search
	Heading  bool                `json:"heading,omitempty"`
	Spot     *Spot               `json:"spot,omitempty"` // nil: scrolled away
}

// MessageState is a message of the timeline.
type MessageState struct {
	ID       chat.MessageID `json:"id"`
	Seq      uint64         `json:"seq"`
	Mine     bool           `json:"mine"`
	Text     string         `json:"text,omitempty"`
	File     string         `json:"file,omitempty"`
	Size     int64          `json:"size,omitempty"`
	SHA256   string         `json:"sha256,omitempty"`
	Path     string         `json:"path,omitempty"`     // where it lies here, verified
	Transfer string         `json:"transfer,omitempty"` // its state, while it has not ended
	Offset   int64          `json:"offset,omitempty"`
	Playing  bool           `json:"playing,omitempty"` // its sound
	Heard    float64        `json:"heard,omitempty"`   // seconds of it
	Voice    bool           `json:"voice,omitempty"`   // it was spoken
	Receipt  string         `json:"receipt,omitempty"` // of our own: waiting, sent, delivered, read, failed
	Reason   string         `json:"reason,omitempty"`
	Answers  chat.MessageID `json:"answers,omitempty"`
	Edited   bool           `json:"edited,omitempty"`
	Deleted  bool           `json:"deleted,omitempty"`

	Reactions []chat.Reaction `json:"reactions,omitempty"`

	// Spots is where its bubble is (""), and what on it can be pressed, by what
	// it says: "Download", "Pause", …. Only of what is drawn.
	Spots map[string]Spot `json:"spots,omitempty"`
}

// SheetState is the sheet that lies over the window.
type SheetState struct {
	Name   string   `json:"name"`
	Title  string   `json:"title"`
	Files  []string `json:"files,omitempty"`
	People []string `json:"people,omitempty"`
	Link   string   `json:"link,omitempty"`
	Words  string   `json:"words,omitempty"`  // what it says
	Digits string   `json:"digits,omitempty"` // of a linking
	Lines  []string `json:"lines,omitempty"`  // devices, members
	Page   string   `json:"page,omitempty"`   // of settings
}

// spotted is anything that has a place.
type spotted = fyne.CanvasObject

var (
	connections = [...]string{"disconnected", "connecting", "connected", "refused"}
	receipts    = [...]string{"waiting", "sent", "delivered", "read", "failed"}
)

// screen says what is on the screen now.
//
// Spots: name, link, code, passphrase, file, here, invited, another, recovered,
// continue on the welcome; settings, person (the head), new, invite,
// search, list, foot, timeline, attach, emoji, voice, composer, send, voice-send, voice-cancel, voice-pause, notice-close,
// bar-close, picked-none, -forward, -copy, -save, -delete on the main screen; sheet-close, sheet-send, sheet-cancel, sheet-more,
// sheet-caption, sheet-search, file-N (its remove button), person-N, and on the
// other sheets link, copy, close, show, anyway, cancel.
func (a *App) screen() Screen {
	s := Screen{Spots: map[string]Spot{}, Focused: a.focused, Focus: a.focusName(), Menu: widgets.MenuNames()}
	if o, ok := a.window.Canvas().Focused().(spotted); ok {
		if spot, ok := a.spot(o); ok {
			s.FocusAt = &spot
		}
	}
	put := func(name string, o spotted) {
		if spot, ok := a.spot(o); ok {
			s.Spots[name] = spot
		}
	}
	if w := a.welcome; w != nil {
		s.Screen = "welcome"
		s.Welcome = &WelcomeState{Name: w.Name.Text, Link: w.Link.Text, Way: "here", Busy: w.Busy(), Reason: w.Reason()}
		if w.Invited.Chosen() {
			s.Welcome.Way = "invitation"
			put("link", w.Link)
		}
		if w.Linked.Chosen() {
			s.Welcome.Way = "device"
			put("code", w.Code)
		}
		if w.Recovered.Chosen() {
			s.Welcome.Way = "recovery"
			put("passphrase", w.Passphrase)
			put("file", w.File)
		}
		put("another", w.Linked)
		put("recovered", w.Recovered)
		put("name", w.Name)
		put("here", w.Here)
		put("invited", w.Invited)
		put("continue", w.Continue)
	}
	if a.main != nil {
		a.mainScreenState(&s, put)
	}
	if o := a.sheet; o != nil {
		s.Sheet = &SheetState{Name: o.name, Title: o.sheet.Title}
		put("sheet-close", o.sheet.Close)
		for name, spot := range o.spots {
			put(name, spot)
			if f, ok := spot.(*widgets.Field); ok {
				s.Sheet.Link = f.Text
			}
		}
		if o.pages != nil {
			s.Sheet.Page = o.pages.Picked()
		}
		if l := o.link; l != nil {
			s.Sheet.Words, s.Sheet.Digits, s.Sheet.Link = l.Words(), l.Digits(), l.Link.Text
		}
		if p := o.person; p != nil {
			s.Sheet.Words, s.Sheet.Digits = p.Said(), p.Number()
		}
		if r := o.recovery; r != nil {
			s.Sheet.Words = r.Words()
		}
		if p := o.place; p != nil {
			s.Sheet.Words = strings.TrimSpace(p.Words() + " " + p.MapWords())
		}
		if l := o.devices; l != nil {
			for i, d := range l.Devices() {
				s.Sheet.Lines = append(s.Sheet.Lines, d.Name)
				put("remove-"+strconv.Itoa(i), l.RemoveButton(i))
			}
		}
		if w := o.media; w != nil {
			for _, m := range w.Shown() {
				s.Sheet.Files = append(s.Sheet.Files, m.Content.File.Name)
			}
		}
		if w := o.tree; w != nil {
			s.Sheet.Lines = w.Lines()
			for i, o := range w.Rows() {
				put("tick-"+strconv.Itoa(i), o)
			}
			put("fetch", w.Fetch)
			put("all", w.All)
		}
		if g := o.group; g != nil {
			s.Sheet.Words = g.Reason()
		}
		if g := o.page; g != nil {
			s.Sheet.Words = g.Said()
			for i, m := range g.Members.Members() {
				s.Sheet.Lines = append(s.Sheet.Lines, m.Account.Name+", "+m.Detail)
				if b := g.Members.MenuButton(i); b != nil {
					put("more-"+strconv.Itoa(i), b)
				}
			}
		}
		if f := o.files; f != nil {
			put("sheet-send", f.Send)
			put("sheet-cancel", f.Cancel)
			put("sheet-more", f.More)
			put("sheet-caption", f.Caption)
			for i, file := range f.Files() {
				s.Sheet.Files = append(s.Sheet.Files, file.Path)
				put("file-"+strconv.Itoa(i), f.RemoveButton(i))
			}
		}
		if l := o.list; l != nil {
			put("sheet-search", l.Search)
			people, rows := l.Rows()
			for i, who := range people {
				s.Sheet.People = append(s.Sheet.People, who.Name)
				put("person-"+strconv.Itoa(i), rows[i])
			}
		}
	} else {
		s.Dialog = len(a.window.Canvas().Overlays().List()) > 0
	}
	return s
}

// mostRows bounds what is told of the list: it is looked at ten times a second.
const mostRows = 300

func (a *App) mainScreenState(s *Screen, put func(string, spotted)) {
	main, m, p := a.main, &a.model, a.main.pane
	s.Closed, s.Offered = p.closed.Said(), p.composer.Mentions.Names()
	s.Screen, s.Me, s.Synced, s.Connection = "main", m.me.Name, m.synced, connections[m.connection.State]
	rows := main.list.Rows()
	s.Listed = len(rows)
	for _, r := range rows[:min(len(rows), mostRows)] {
		row := RowState{ID: r.ID, Name: r.Name, Line: r.Line, Time: r.Time, Unread: r.Unread, Pinned: r.Pinned, Muted: r.Muted, Marked: r.Marked, Folder: r.Folder,
			Selected: r.ID == p.id && r.ID != "" && r.Message == "", Message: r.Message, Heading: r.Heading}
		if o := main.list.RowObject(r.ID); o != nil {
			if spot, ok := a.spot(o); ok {
				row.Spot = &spot
			}
		}
		s.Rows = append(s.Rows, row)
	}
	put("new", main.head.New)
	put("invite-somebody", main.head.Invite)
	put("settings", main.head.Settings)
	put("search", main.head.Search)
	put("list", main.list)
	if main.foot.Visible() {
		title, detail := main.foot.Text()
		s.Foot = title + " · " + detail
		put("foot", main.foot)
	}
	if s.Notice = p.notice.Text(); s.Notice != "" {
		put("notice-close", p.notice.Close)
	}
	if p.id == "" {
		return
	}
	if v := a.viewer; v != nil {
		s.Viewer, _ = v.widget.Text()
		s.Notice = cmp.Or(v.widget.Said(), s.Notice)
		if v.img != nil {
			put("viewer-close", v.widget.Close)
			put("viewer-save", v.widget.Save)
			put("viewer-copy", v.widget.Copy)
			put("viewer-next", v.widget.Next)
			put("viewer-back", v.widget.Back)
		}
	}
	c := m.conversations[p.id]
	s.Conversation = &ConversationState{ID: p.id, Name: m.name(&c), Status: p.head.Status(), AtEnd: p.timeline.AtEnd()}
	s.Draft = p.composer.Text()
	s.Hover = p.hover.Visible()
	s.Conversation.Verified = p.head.Verified()
	put("person", p.head)
	put("media", p.head.Media)
	put("timeline", p.timeline)
	put("composer", p.composer.Entry().(spotted))
	put("send", p.composer.Send)
	put("attach", p.composer.Attach)
	put("emoji", p.composer.Emoji)
	put("voice", p.composer.Voice)
	if p.voice.Visible() {
		v := p.voice.State()
		s.Voice = &VoiceState{Seconds: v.Seconds, Paused: v.Paused}
		for _, l := range v.Levels {
			s.Voice.Loud = max(s.Voice.Loud, int(l))
		}
		put("voice-send", p.voice.Send)
		put("voice-cancel", p.voice.Cancel)
		put("voice-pause", p.voice.Pause)
	}
	if name, line := p.reply.Text(); name != "" {
		s.Bar = name + ": " + line
		put("bar-close", p.reply.Close)
	}
	if s.Picked = len(p.timeline.Picked()); s.Picked > 0 {
		put("picked-none", p.picked.Close)
		put("picked-forward", p.picked.Forward)
		put("picked-copy", p.picked.Copy)
		put("picked-save", p.picked.Save)
		put("picked-delete", p.picked.Delete)
	}
	drawn := map[chat.MessageID]map[string]Spot{}
	for _, one := range p.timeline.Spots() {
		spots := map[string]Spot{}
		for label, o := range one.Parts {
			if spot, ok := a.spot(o); ok {
				spots[label] = spot
			}
		}
		drawn[one.ID] = spots
	}
	for _, msg := range p.inOrder() {
		state := MessageState{ID: msg.ID, Seq: msg.Seq, Mine: msg.From == m.me.ID, Text: msg.Content.Text, Reason: msg.Reason, Path: p.paths[msg.ID], Spots: drawn[msg.ID],
			Answers: msg.Content.Reply, Edited: msg.Edited, Deleted: msg.Deleted, Reactions: msg.Reactions}
		if f := msg.Content.File; f != nil {
			state.File, state.Size, state.SHA256, state.Voice = f.Name, f.Size, f.SHA256, f.Voice
		}
		h := a.heard[messageKey{p.id, msg.ID}]
		state.Playing, state.Heard = h.Playing, h.At
		if state.Mine {
			state.Receipt = receipts[c.Receipt(m.me.ID, &msg)]
		}
		if t, ok := p.transferOf(msg.ID); ok {
			state.Transfer, state.Offset = t.State.String(), t.Offset
		}
		s.Messages = append(s.Messages, state)
	}
}

// focusName is what is called what has the keyboard: "composer", "timeline" with the
// message that it is at, "list", "menu", else as a reader is told. "": nothing has it.
func (a *App) focusName() string {
	f := a.window.Canvas().Focused()
	if f == nil {
		return ""
	}
	if a.main != nil {
		switch {
		case f == a.main.pane.composer.Entry():
			return "composer"
		case f == fyne.Focusable(a.main.pane.timeline):
			return strings.TrimSpace("timeline " + string(a.main.pane.timeline.Current()))
		case a.main.list.HasKeyboard():
			return "list"
		}
	}
	switch f := f.(type) {
	case *widgets.Field:
		return f.Hint()
	case *widgets.Sheet:
		return "sheet"
	case *widgets.PictureViewer:
		return "viewer"
	case *widget.PopUpMenu:
		return "menu"
	case fyne.Accessible:
		return f.AccessibilityLabel()
	}
	return fmt.Sprintf("%T", f)
}

// spot is where an object is, in pixels; false when it is not shown.
func (a *App) spot(o spotted) (Spot, bool) {
	if !o.Visible() || o.Size().IsZero() || a.fyne.Driver().CanvasForObject(o) == nil {
		return Spot{}, false // not drawn yet: Fyne does not know where
	}
	at := a.fyne.Driver().AbsolutePositionForObject(o)
	c := a.window.Canvas()
	x, y := c.PixelCoordinateForPosition(at)
	w, h := c.PixelCoordinateForPosition(fyne.NewPos(o.Size().Width, o.Size().Height))
	return Spot{x, y, w, h}, true
}

// placeOf is where a pixel of the window is, in Fyne's measure.
func (a *App) placeOf(x, y int) fyne.Position {
	scale := a.window.Canvas().Scale()
	return fyne.NewPos(float32(x)/scale, float32(y)/scale)
}
