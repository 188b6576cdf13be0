package widgets

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"
)

// SideHead is the top of the side bar: who one is, how the connection stands,
// and the ways to talk to somebody.
type SideHead struct {
	widget.BaseWidget
	New      *Button // a new message
	Invite   *Button
	Settings *Button
	Search   *Field
	OnFace   func() // one's own picture or name was tapped
	OnEscape func() // while that has the focus

	face    Face
	status  string
	short   string // the same where there is little room
	tone    Tone
	focused bool // Space and Enter are a tap on the face

	searching bool // the search has the focus
	over      bool // the pointer is over the face
}

// sideFace is how high the part with one's face is.
const sideFace float32 = 58

// sideIconRoom is how far an icon stands from the edge of its button.
const sideIconRoom float32 = 8

// NewSideHead returns the top of the side bar.
func NewSideHead() *SideHead {
	h := &SideHead{}
	h.ExtendBaseWidget(h)
	h.New = NewIconButton(IconCompose, lang.L("New message"), nil)
	h.Invite = NewIconButton(IconInvite, lang.L("Invite somebody"), nil)
	h.Settings = NewIconButton(IconSettings, lang.L("Settings"), nil)
	h.Search = NewField(lang.L("Search people, messages, files"))
	h.Search.onFocus = func(on bool) { h.searching = on; h.Refresh() }
	return h
}

// SetFace says who one is.
func (h *SideHead) SetFace(f Face) {
	if h.face != f {
		h.face = f
		h.Refresh()
	}
}

// Tapped implements fyne.Tappable.
func (h *SideHead) Tapped(e *fyne.PointEvent) {
	if h.OnFace != nil && e.Position.Y < sideFace {
		h.OnFace()
	}
}

// MouseIn implements desktop.Hoverable.
func (h *SideHead) MouseIn(e *desktop.MouseEvent) { h.MouseMoved(e) }

// MouseMoved implements desktop.Hoverable: the name of what a tap would press.
func (h *SideHead) MouseMoved(e *desktop.MouseEvent) {
	over := e.Position.Y < sideFace
	if over != h.over {
		h.over = over
		if over {
			showTipAt(h, h.AccessibilityLabel(), sideFace-8)
		} else {
			hideTip(h)
		}
	}
}

// MouseOut implements desktop.Hoverable.
func (h *SideHead) MouseOut() {
	h.over = false
	hideTip(h)
}

// FocusGained implements fyne.Focusable.
func (h *SideHead) FocusGained() { h.focused = true; h.Refresh() }

// FocusLost implements fyne.Focusable.
func (h *SideHead) FocusLost() { h.focused = false; h.Refresh() }

// TypedRune implements fyne.Focusable.
func (h *SideHead) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (h *SideHead) TypedKey(k *fyne.KeyEvent) {
	switch {
	case pressing(h, k):
		do(h.OnFace)
	case k.Name == fyne.KeyEscape:
		do(h.OnEscape)
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (h *SideHead) AccessibilityLabel() string { return lang.L("Your accounts") }

// AccessibilityRole implements fyne.Accessible.
func (h *SideHead) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// newFocusRing is what shows where the keyboard is, around something that has no
// box of its own.
func newFocusRing() *canvas.Rectangle {
	return NewOutlined(color.Transparent, color.Transparent, ButtonRadius)
}

// drawFocusRing shows the ring, or not.
func drawFocusRing(ring *canvas.Rectangle, on bool) {
	ring.StrokeWidth, ring.StrokeColor = 0, color.Transparent
	if on {
		ring.StrokeWidth, ring.StrokeColor = 2, Color(colorRing)
	}
}

// SetStatus says how the connection stands, in short where the words have no room;
// ToneMuted is the ordinary.
func (h *SideHead) SetStatus(status, short string, tone Tone) {
	if h.status != status || h.short != short || h.tone != tone {
		h.status, h.short, h.tone = status, short, tone
		h.Refresh()
	}
}

// Status returns the line about the connection.
func (h *SideHead) Status() string { return h.status }

// CreateRenderer implements fyne.Widget.
func (h *SideHead) CreateRenderer() fyne.WidgetRenderer {
	avatar := NewAvatar(SmallAvatarSize)
	name := NewBoldText("", TextSize, ColorText)
	dot := &canvas.Circle{}
	status := NewText("", TinySize, ColorMuted)
	search, frame := FieldBox(h.Search, true), NewOutlined(color.Transparent, color.Transparent, FieldRadius)
	glass := newIconImage(IconSearch, ColorMuted)
	ring := newFocusRing()
	// In the order in which Tab goes through them.
	r := &shellRenderer{objects: []fyne.CanvasObject{ring, avatar, name, dot, status, h.Settings, h.Invite, h.New, frame, search, glass}}
	r.layout = func(s fyne.Size) {
		place(ring, 10, 10, s.Width-10-120, 44)
		place(avatar, 16, 16, SmallAvatarSize, SmallAvatarSize)
		place(h.New, s.Width-16-36+6, 14, 36, 36)
		place(h.Invite, s.Width-16-36+6-36, 14, 36, 36)
		place(h.Settings, s.Width-16-36+6-2*36, 14, 36, 36)
		room := s.Width - 60 - 122
		name.Text = ElideEnd(h.face.Name, room, TextSize, true)
		place(name, 60, 15, room, LineHeight)
		place(dot, 61, 38, 7, 7)
		// The icons of the buttons begin where their room ends: the small words may go on there.
		words := room - 14 + sideIconRoom
		status.Text = h.status
		if MeasureText(h.status, TinySize, false).Width > words {
			status.Text = ElideEnd(h.short, words, TinySize, false)
		}
		place(status, 74, 34, words, SmallLineHeight)
		place(frame, 16, 62, s.Width-32, 37)
		place(search, 16, 61, s.Width-32-30, 39)
		place(glass, s.Width-16-30, 71, 18, 18)
	}
	r.min = func() fyne.Size { return fyne.NewSize(240, 109) }
	r.refresh = func() {
		drawFocusRing(ring, h.focused)
		avatar.SetFace(h.face)
		name.Color, status.Color = Color(ColorText), Color(h.tone.color())
		dot.FillColor = Color(h.tone.color())
		frame.FillColor, frame.StrokeColor, frame.StrokeWidth = Color(ColorWindow), Color(ColorLine), 1
		if h.searching {
			frame.StrokeColor, frame.StrokeWidth = Color(colorRing), 2
		}
		glass.Resource = IconSearch.Resource(Color(ColorMuted))
		if !h.Size().IsZero() {
			r.layout(h.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}

// SideFoot says what is being carried, all transfers together. A tap anywhere on
// it, or on its button, opens the list of them.
type SideFoot struct {
	widget.BaseWidget
	More     *Button
	OnTapped func()

	title, detail string
	part          float32
}

// NewSideFoot returns the foot of the side bar.
func NewSideFoot() *SideFoot {
	f := &SideFoot{}
	f.More = NewIconButton(IconUp, lang.L("Transfers"), func() { f.Tapped(nil) })
	f.ExtendBaseWidget(f)
	return f
}

// Tapped implements fyne.Tappable.
func (f *SideFoot) Tapped(*fyne.PointEvent) {
	if f.OnTapped != nil {
		f.OnTapped()
	}
}

// Cursor implements desktop.Cursorable.
func (f *SideFoot) Cursor() desktop.Cursor { return desktop.PointerCursor }

// Set shows how many, how fast and how far: part is from 0 to 1.
func (f *SideFoot) Set(title, detail string, part float32) {
	part = max(0, min(1, part))
	if f.title != title || f.detail != detail || f.part != part {
		f.title, f.detail, f.part = title, detail, part
		f.Refresh()
	}
}

// Text returns both runs of words, for who waits on them.
func (f *SideFoot) Text() (title, detail string) { return f.title, f.detail }

// CreateRenderer implements fyne.Widget.
func (f *SideFoot) CreateRenderer() fyne.WidgetRenderer {
	line := canvas.NewRectangle(color.Transparent)
	title := NewBoldText("", SmallSize, ColorText)
	detail := NewText("", TinySize, ColorMuted)
	detail.Alignment = fyne.TextAlignTrailing
	track, bar := NewRounded(color.Transparent, 2), NewRounded(color.Transparent, 2)
	r := &shellRenderer{objects: []fyne.CanvasObject{line, title, detail, track, bar, f.More}}
	r.layout = func(s fyne.Size) {
		place(line, 0, 0, s.Width, 1)
		w := MeasureText(f.title, SmallSize, true).Width
		place(title, 16, 15, w, SmallLineHeight)
		room := s.Width - 32 - 48
		words := f.detail
		if at := strings.LastIndex(words, " · "); at > 0 && MeasureText(words, TinySize, false).Width > room-12-w {
			words = words[at+len(" · "):] // how long it takes says most
		}
		detail.Text = ElideEnd(words, room-12-w, TinySize, false)
		place(detail, 16+w+12, 15, max(0, room-12-w), SmallLineHeight)
		place(track, 16, 38, room, 4)
		place(bar, 16, 38, max(4, room*f.part), 4)
		place(f.More, s.Width-52, 10, 36, 36)
	}
	r.min = func() fyne.Size { return fyne.NewSize(200, 57) }
	r.refresh = func() {
		line.FillColor = Color(ColorLine)
		title.Text, title.Color = f.title, Color(ColorText)
		detail.Color = Color(ColorMuted)
		track.FillColor, bar.FillColor = Color(ColorTrack), Color(ColorAccent)
		show(bar, f.part > 0)
		if !f.Size().IsZero() {
			r.layout(f.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}

// ChatHead is the top of a conversation: with whom, and whether they are there.
type ChatHead struct {
	widget.BaseWidget
	OnTapped func()  // the person's page; nil: there is none
	Search   *Button // what was said here
	Media    *Button // what was sent here
	OnEscape func()

	face     Face
	status   string
	tone     Tone
	verified bool
	focused  bool
}

// NewChatHead returns the top of a conversation.
func NewChatHead() *ChatHead {
	h := &ChatHead{Search: NewIconButton(IconSearch, lang.L("Search"), nil), Media: NewIconButton(IconPicture, lang.L("Media and files"), nil)}
	h.ExtendBaseWidget(h)
	return h
}

// Set says with whom, and what is to be known of them now.
func (h *ChatHead) Set(f Face, status string, tone Tone) {
	if h.face != f || h.status != status || h.tone != tone {
		h.face, h.status, h.tone = f, status, tone
		h.Refresh()
	}
}

// SetVerified says that it is with somebody whose number was compared.
func (h *ChatHead) SetVerified(verified bool) {
	if h.verified != verified {
		h.verified = verified
		h.Refresh()
	}
}

// Verified tells whether the mark is shown.
func (h *ChatHead) Verified() bool { return h.verified }

// Tapped implements fyne.Tappable.
func (h *ChatHead) Tapped(*fyne.PointEvent) {
	if h.OnTapped != nil {
		h.OnTapped()
	}
}

// MouseIn implements desktop.Hoverable.
func (h *ChatHead) MouseIn(*desktop.MouseEvent) {
	if h.OnTapped != nil {
		showTip(h, h.face.Name) // also where it is too long for its line
	}
}

// MouseMoved implements desktop.Hoverable.
func (h *ChatHead) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (h *ChatHead) MouseOut() { hideTip(h) }

// FocusGained implements fyne.Focusable.
func (h *ChatHead) FocusGained() { h.focused = true; h.Refresh() }

// FocusLost implements fyne.Focusable.
func (h *ChatHead) FocusLost() { h.focused = false; h.Refresh() }

// TypedRune implements fyne.Focusable.
func (h *ChatHead) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (h *ChatHead) TypedKey(k *fyne.KeyEvent) {
	switch {
	case pressing(h, k):
		h.Tapped(nil)
	case k.Name == fyne.KeyEscape:
		do(h.OnEscape)
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (h *ChatHead) AccessibilityLabel() string { return h.face.Name }

// AccessibilityRole implements fyne.Accessible.
func (h *ChatHead) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// Cursor implements desktop.Cursorable.
func (h *ChatHead) Cursor() desktop.Cursor {
	if h.OnTapped == nil {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// Status returns the second line.
func (h *ChatHead) Status() string { return h.status }

// CreateRenderer implements fyne.Widget.
func (h *ChatHead) CreateRenderer() fyne.WidgetRenderer {
	avatar := NewAvatar(AvatarSize)
	name := NewBoldText("", TextSize, ColorText)
	status := NewText("", SmallSize, ColorMuted)
	line := canvas.NewRectangle(color.Transparent)
	shield := newIconImage(IconShield, ColorGood)
	mark := NewBoldText(lang.L("verified"), TinySize, ColorGood)
	ring := newFocusRing()
	r := &shellRenderer{objects: []fyne.CanvasObject{ring, avatar, name, status, line, shield, mark, h.Search, h.Media}}
	r.layout = func(s fyne.Size) {
		place(ring, 12, 5, s.Width-12-100, s.Height-10)
		place(avatar, 20, 10, AvatarSize, AvatarSize)
		place(h.Media, s.Width-20-36+6, 14, 36, 36)
		place(h.Search, s.Width-20-36+6-40, 14, 36, 36)
		room := s.Width - 96 - 80
		wide := MeasureText(mark.Text, TinySize, true).Width
		if h.verified {
			room -= wide + 26
		}
		name.Text = ElideEnd(h.face.Name, room, TextSize, true)
		y := float32(14)
		if h.status == "" {
			y = 22
		}
		place(name, 76, y, room, LineHeight)
		x := 76 + MeasureText(name.Text, TextSize, true).Width + 8
		place(shield, x, y+3, 14, 14)
		place(mark, x+17, y+1, wide, LineHeight)
		status.Text = ElideEnd(h.status, s.Width-176, SmallSize, false)
		place(status, 76, 33, s.Width-176, SmallLineHeight)
		place(line, 0, s.Height-1, s.Width, 1)
	}
	r.min = func() fyne.Size { return fyne.NewSize(200, 64) }
	r.refresh = func() {
		drawFocusRing(ring, h.focused)
		avatar.SetFace(h.face)
		name.Color, status.Color = Color(ColorText), Color(h.tone.color())
		line.FillColor = Color(ColorLine)
		shield.Resource, mark.Color = IconShield.Resource(Color(ColorGood)), Color(ColorGood)
		show(shield, h.verified)
		show(mark, h.verified)
		if !h.Size().IsZero() {
			r.layout(h.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}
