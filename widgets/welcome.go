package widgets

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"
)

// Welcome is the first screen: a name, and where to begin. Nothing that was
// typed is lost when beginning fails; the reason stands above the button.
type Welcome struct {
	widget.BaseWidget
	OnStart   func(name string)                    // begin here, on this computer
	OnJoin    func(name, link string)              // with an invitation
	OnLink    func(label, code string)             // with a link or a code from another device
	OnRecover func(label, path, passphrase string) // with a recovery file
	OnFile    func()                               // choose the recovery file: SetFile

	Name       *Field
	Device     *Field // what this computer is called, for a device of an account
	Link       *Field
	Code       *Field
	Passphrase *Field
	File       *Button
	Here       *Choice
	Invited    *Choice
	Linked     *Choice
	Recovered  *Choice
	Continue   *Button

	path string // of the recovery file

	reason *Paragraph
	long   bool // the reason is a name's length
	busy   bool
}

// lowWelcome is the height below which the welcome takes as little as it can, so that
// all of it is there in a window of 560.
const lowWelcome float32 = 640

// NewWelcome returns the welcome with a name filled in, where one is known.
func NewWelcome(name string) *Welcome {
	w := &Welcome{}
	w.ExtendBaseWidget(w)
	w.Name = NewField(lang.L("What others call you"))
	w.Name.SetText(name)
	w.Name.OnChanged = func(string) { w.measureName(w.Name) }
	w.Name.OnSubmitted = func(string) { w.begin() }
	w.Link = NewField("satchel://…")
	w.Link.OnChanged = func(string) { w.update() }
	w.Link.OnSubmitted = func(string) { w.begin() }
	w.Device = NewField(lang.L("What this computer is called"))
	w.Device.OnSubmitted = func(string) { w.begin() }
	w.Code = NewField(lang.L("satchel://… or abcde-fghjk@relay"))
	w.Code.OnSubmitted = func(string) { w.begin() }
	w.Passphrase = NewField(lang.L("Its passphrase"))
	w.Passphrase.Password = true
	w.Passphrase.OnSubmitted = func(string) { w.begin() }
	w.File = NewButton(PlainButton, lang.L("Choose the file…"), func() {
		if w.OnFile != nil {
			w.OnFile()
		}
	})
	w.Here = newChoice(lang.L("Start here on this computer"), lang.L("Satchel runs its own small relay. Invite others with a link."), func() { w.choose(w.Here) })
	w.Invited = newChoice(lang.L("I have an invitation"), lang.L("Paste the satchel:// link that you were given."), func() { w.choose(w.Invited) })
	w.Linked = newChoice(lang.L("I have Satchel on another device"), lang.L("Link this computer with a code that the other one shows under Settings."), func() { w.choose(w.Linked) })
	w.Recovered = newChoice(lang.L("I have a recovery file"), lang.L("It brings your account and your history back when all devices are lost."), func() { w.choose(w.Recovered) })
	w.Here.chosen = true
	w.Continue = NewButton(PrimaryButton, lang.L("Continue"), w.begin)
	w.Continue.Height = 43
	w.reason = NewParagraph("", SizeSmall, ColorBad, fyne.TextAlignLeading)
	w.update()
	return w
}

// SetLink fills in an invitation and chooses that way.
func (w *Welcome) SetLink(link string) {
	w.Link.SetText(link)
	w.choose(w.Invited)
}

// SetCode fills in the link or code of another device, and chooses that way.
func (w *Welcome) SetCode(link string) {
	w.Code.SetText(link)
	w.choose(w.Linked)
}

// SetDevice fills in what this computer is called.
func (w *Welcome) SetDevice(label string) { w.Device.SetText(label) }

// SetFile notes the recovery file that was chosen, and whose it is.
func (w *Welcome) SetFile(path, owner string) {
	w.path = path
	w.File.SetText(lang.L("Recovery file of {{.Name}}", map[string]any{"Name": owner}))
	w.reason.SetText("")
	w.update()
	focusOn(w.Passphrase)
}

// SetBusy says that the attempt is under way; the button waits for its end.
func (w *Welcome) SetBusy(busy bool) {
	w.busy = busy
	if busy {
		w.reason.SetText("")
	}
	w.update()
}

// Fail says in one sentence why it did not work; what was typed stays.
func (w *Welcome) Fail(sentence string) {
	w.busy = false
	w.reason.SetText(sentence)
	w.update()
}

// Reason returns the sentence that stands there, "" for none.
func (w *Welcome) Reason() string { return w.reason.Text() }

// Busy tells whether an attempt is under way.
func (w *Welcome) Busy() bool { return w.busy }

func (w *Welcome) choose(c *Choice) {
	for _, other := range w.choices() {
		other.set(other == c)
	}
	w.reason.SetText("")
	w.update()
	switch c {
	case w.Invited:
		focusOn(w.Link)
	case w.Linked:
		focusOn(w.Code)
	case w.Recovered:
		focusOn(w.File)
	}
}

func (w *Welcome) choices() []*Choice { return []*Choice{w.Here, w.Invited, w.Linked, w.Recovered} }

// member tells that this computer comes to an account that there is.
func (w *Welcome) member() bool { return w.Linked.chosen || w.Recovered.chosen }

// beginMember does so.
func (w *Welcome) beginMember() {
	label, code := strings.TrimSpace(w.Device.Text), strings.TrimSpace(w.Code.Text)
	switch {
	case NameTooLong(label) != "":
		w.measureName(w.Device)
		focusOn(w.Device)
	case w.Linked.chosen && code == "":
		w.reason.SetText(lang.L("Paste the link, or type the code, that the other device shows."))
		w.update()
		focusOn(w.Code)
	case w.Linked.chosen && w.OnLink != nil:
		w.OnLink(label, code)
	case w.Recovered.chosen && w.path == "":
		w.reason.SetText(lang.L("Choose the recovery file first."))
		w.update()
		focusOn(w.File)
	case w.Recovered.chosen && w.Passphrase.Text == "":
		w.reason.SetText(lang.L("Type the passphrase of the recovery file."))
		w.update()
		focusOn(w.Passphrase)
	case w.Recovered.chosen && w.OnRecover != nil:
		w.OnRecover(label, w.path, w.Passphrase.Text)
	}
}

// measureName says while one writes that a name is too long; what is written stays.
func (w *Welcome) measureName(field *Field) {
	w.long = tellLong(w.reason, NameTooLong(field.Text), w.long)
	w.update()
}

func (w *Welcome) begin() {
	name, link := strings.TrimSpace(w.Name.Text), strings.TrimSpace(w.Link.Text)
	switch {
	case w.busy:
	case w.member():
		w.beginMember()
	case name == "":
		w.reason.SetText(lang.L("Write your name first: it is what others see."))
		w.update()
		focusOn(w.Name)
	case NameTooLong(name) != "":
		w.measureName(w.Name)
		focusOn(w.Name)
	case w.Invited.chosen && link == "":
		w.reason.SetText(lang.L("Paste the invitation first: a link that begins with satchel://"))
		w.update()
		focusOn(w.Link)
	case w.Invited.chosen && w.OnJoin != nil:
		w.OnJoin(name, link)
	case w.Here.chosen && w.OnStart != nil:
		w.OnStart(name)
	}
}

func (w *Welcome) update() {
	text := lang.L("Continue")
	if w.busy {
		text = lang.L("One moment…")
	}
	w.Continue.Text = text
	w.Continue.disabled = w.busy
	w.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (w *Welcome) CreateRenderer() fyne.WidgetRenderer {
	ground := canvas.NewRectangle(Color(ColorWindow))
	mark := canvas.NewImageFromResource(Logo())
	mark.FillMode = canvas.ImageFillContain
	title := NewBoldText(lang.L("Welcome to Satchel"), TitleSize, ColorText)
	title.Alignment = fyne.TextAlignCenter
	about := NewParagraph(lang.L("Talk, and carry any file along, of any size."), SizeText, ColorMuted, fyne.TextAlignCenter)
	label := NewBoldText(lang.L("Your name"), SmallSize, ColorText)
	name, device, link := FieldBox(w.Name, false), FieldBox(w.Device, false), FieldBox(w.Link, false)
	code, passphrase := FieldBox(w.Code, false), FieldBox(w.Passphrase, false)
	form := container.NewWithoutLayout(mark, title, about, label, name, device, w.Here, w.Invited, link, w.Linked, code, w.Recovered, w.File, passphrase, w.reason, w.Continue)
	scroll := newScroll(form)

	r := &shellRenderer{objects: []fyne.CanvasObject{ground, scroll}}
	r.layout = func(s fyne.Size) {
		place(ground, 0, 0, s.Width, s.Height)
		scroll.Resize(s)
		width := min(520, s.Width-48)
		x := (s.Width - width) / 2
		// Everything from top to bottom; what is too high for a small window
		// gives way first in the mark and the gaps, and then the mark stands
		// beside the title.
		logo, gap, margin, between := float32(88), float32(22), float32(24), float32(10)
		if s.Height < 840 {
			logo, gap = 60, 14
		}
		low := s.Height < lowWelcome
		if low {
			logo, gap, margin, between = 36, 10, 14, 7
		}
		for _, c := range w.choices() {
			c.tight = low
		}
		y := float32(0)
		put := func(o fyne.CanvasObject, height, below float32) {
			place(o, x, y, width, height)
			y += height + below
		}
		if low {
			wide := MeasureText(title.Text, TitleSize, true).Width
			left := (s.Width - wide - logo - 12) / 2
			place(mark, left, y, logo, logo)
			place(title, left+logo+12, y, wide, 36)
			y += 36 + 6
		} else {
			place(mark, (s.Width-logo)/2, y, logo, logo)
			y += logo + gap
			put(title, 36, 8)
		}
		put(about, about.HeightAt(width), gap)
		put(label, SmallLineHeight, 6)
		show(name, !w.member())
		show(device, w.member())
		label.Text = lang.L("Your name")
		if w.member() {
			label.Text = lang.L("What this computer is called")
			put(device, 39, gap-4)
		} else {
			put(name, 39, gap-4)
		}
		below := func(o fyne.CanvasObject, yes bool) {
			show(o, yes)
			if yes {
				put(o, 39, between)
			}
		}
		choice := func(c *Choice) { put(c, c.HeightAt(width), between) }
		choice(w.Here)
		choice(w.Invited)
		below(link, w.Invited.chosen)
		choice(w.Linked)
		below(code, w.Linked.chosen)
		choice(w.Recovered)
		below(w.File, w.Recovered.chosen)
		below(passphrase, w.Recovered.chosen)
		show(w.reason, w.reason.Text() != "")
		if w.reason.Text() != "" {
			y += 2
			put(w.reason, w.reason.HeightAt(width), 6)
		}
		y += max(gap, 12) - between
		put(w.Continue, 43, 0)

		top := max(margin, (s.Height-y)/2)
		for _, o := range form.Objects {
			o.Move(o.Position().AddXY(0, top))
		}
		form.Layout = fixedSize{fyne.NewSize(s.Width, y+2*margin)}
		scroll.Content.Resize(fyne.NewSize(s.Width, max(s.Height, y+2*margin)))
		scroll.Refresh()
		if w.reason.Text() != "" {
			scroll.ScrollToBottom() // the reason stands there
		}
	}
	r.min = func() fyne.Size { return fyne.NewSize(360, 320) }
	r.refresh = func() {
		ground.FillColor = Color(ColorWindow)
		title.Color, label.Color = Color(ColorText), Color(ColorText)
		if !w.Size().IsZero() {
			r.layout(w.Size())
		}
		ground.Refresh()
		title.Refresh()
		label.Refresh()
		for _, o := range form.Objects {
			if o.Visible() {
				o.Refresh()
			}
		}
	}
	return r
}

// fixedSize asks for a size and leaves everything where it is.
type fixedSize struct{ size fyne.Size }

func (f fixedSize) Layout([]fyne.CanvasObject, fyne.Size) {}
func (f fixedSize) MinSize([]fyne.CanvasObject) fyne.Size { return f.size }

// Choice is one of several ways, in a frame.
type Choice struct {
	widget.BaseWidget
	title                    string
	detail                   *Paragraph
	tight                    bool // with less air above and below
	onTapped                 func()
	chosen, hovered, focused bool
}

func newChoice(title, detail string, tapped func()) *Choice {
	c := &Choice{title: title, detail: NewParagraph(detail, SizeSmall, ColorMuted, fyne.TextAlignLeading), onTapped: tapped}
	c.ExtendBaseWidget(c)
	return c
}

// Chosen tells whether this is the way.
func (c *Choice) Chosen() bool { return c.chosen }

// HeightAt returns its height at a width: what it means may take more than a line.
func (c *Choice) HeightAt(width float32) float32 {
	return 2*c.air() + LineHeight + 1 + c.detail.HeightAt(width-36) + 1
}

func (c *Choice) air() float32 {
	if c.tight {
		return 10
	}
	return 14
}

func (c *Choice) set(chosen bool) {
	if c.chosen != chosen {
		c.chosen = chosen
		c.Refresh()
	}
}

// Tapped implements fyne.Tappable.
func (c *Choice) Tapped(*fyne.PointEvent) { c.onTapped() }

// MouseIn implements desktop.Hoverable.
func (c *Choice) MouseIn(*desktop.MouseEvent) { c.hovered = true; c.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (c *Choice) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (c *Choice) MouseOut() { c.hovered = false; c.Refresh() }

// FocusGained implements fyne.Focusable.
func (c *Choice) FocusGained() { c.focused = true; c.Refresh(); reveal(c) }

// FocusLost implements fyne.Focusable.
func (c *Choice) FocusLost() { c.focused = false; c.Refresh() }

// TypedRune implements fyne.Focusable.
func (c *Choice) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (c *Choice) TypedKey(k *fyne.KeyEvent) {
	if pressing(c, k) {
		c.onTapped()
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (c *Choice) AccessibilityLabel() string { return c.title }

// AccessibilityRole implements fyne.Accessible.
func (c *Choice) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (c *Choice) CreateRenderer() fyne.WidgetRenderer {
	box := NewRounded(color.Transparent, FieldRadius)
	title := NewBoldText(c.title, TextSize, ColorText)
	detail := c.detail
	ring := newFocusRing() // around the frame, which tells what is chosen
	ring.CornerRadius = FieldRadius + 4
	r := &shellRenderer{objects: []fyne.CanvasObject{ring, box, title, detail}}
	r.layout = func(s fyne.Size) {
		place(ring, -4, -4, s.Width+8, s.Height+8)
		place(box, 0, 0, s.Width, s.Height)
		place(title, 18, c.air(), s.Width-36, LineHeight)
		place(detail, 18, c.air()+LineHeight+1, s.Width-36, detail.HeightAt(s.Width-36))
	}
	r.min = func() fyne.Size { return fyne.NewSize(200, 66) }
	r.refresh = func() {
		// Filled, as a line around nothing has a dark seam.
		box.FillColor, box.StrokeColor, box.StrokeWidth = Color(ColorWindow), Color(ColorLine), 1
		if c.chosen {
			box.StrokeColor, box.StrokeWidth = Color(ColorAccent), 2
		}
		drawFocusRing(ring, c.focused)
		if c.hovered && !c.chosen {
			box.FillColor = Color(ColorSide)
		}
		title.Color = Color(ColorText)
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}
