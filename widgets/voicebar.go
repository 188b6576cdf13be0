package widgets

import (
	"image"
	"image/color"
	"math"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"
)

// VoiceBar stands where one writes while a voice message is recorded: how long it
// is, how loud the last seconds were, and what can be done with it. With the
// focus, Enter sends, Escape throws it away and the space bar pauses.
type VoiceBar struct {
	widget.BaseWidget
	OnCancel, OnPause, OnSend func()

	Cancel, Pause, Send *Button

	state   VoiceState
	focused bool
	wave    *canvas.Image
	drawn   voiceKey
	dot     *canvas.Circle
	time    *canvas.Text
	line    *canvas.Rectangle
	ground  *canvas.Rectangle // under time and waveform
}

// VoiceState is what the bar shows.
type VoiceState struct {
	Seconds float64
	Levels  []byte // how loud it was, 0 to 255, twenty a second, the newest last
	Paused  bool
}

type voiceKey struct {
	levels string
	w, h   int
	ink    color.NRGBA
}

// The bars of a recording.
const (
	voicePitch float32 = 5
	voiceBar   float32 = 3
	voiceHigh  float32 = 24
)

// NewVoiceBar returns a bar that is hidden.
func NewVoiceBar() *VoiceBar {
	b := &VoiceBar{wave: &canvas.Image{ScaleMode: canvas.ImageScaleFastest}, dot: &canvas.Circle{}, time: &canvas.Text{},
		line: &canvas.Rectangle{}, ground: &canvas.Rectangle{CornerRadius: FieldRadius}}
	b.ExtendBaseWidget(b)
	call := func(f *func()) func() {
		return func() {
			if *f != nil {
				(*f)()
			}
		}
	}
	b.Cancel = NewIconButton(IconDelete, lang.L("Throw the recording away"), call(&b.OnCancel))
	b.Pause = NewIconButton(IconPause, lang.L("Pause"), func() {
		call(&b.OnPause)()
		focusOn(b) // a click on a button takes the keyboard away
	})
	b.Send = NewButton(PrimaryButton, lang.L("Send"), call(&b.OnSend))
	b.Send.Icon = IconSend
	b.Cancel.OnEscape, b.Pause.OnEscape, b.Send.OnEscape = call(&b.OnCancel), call(&b.OnCancel), call(&b.OnCancel)
	b.Hide()
	return b
}

// Set shows how it goes.
func (b *VoiceBar) Set(s VoiceState) {
	before := b.state
	b.state = s
	if before.Paused != s.Paused {
		b.Pause.Icon, b.Pause.Text = IconPause, lang.L("Pause")
		if s.Paused {
			b.Pause.Icon, b.Pause.Text = IconVoice, lang.L("Go on recording")
		}
		b.Pause.Refresh()
	}
	b.Refresh()
}

// State is what it shows.
func (b *VoiceBar) State() VoiceState { return b.state }

// FocusGained implements fyne.Focusable.
func (b *VoiceBar) FocusGained() { b.focused = true; b.Refresh() }

// FocusLost implements fyne.Focusable.
func (b *VoiceBar) FocusLost() { b.focused = false; b.Refresh() }

// TypedRune implements fyne.Focusable.
func (b *VoiceBar) TypedRune(r rune) {
	if !pressed(r) && r == ' ' {
		b.Pause.press()
	}
}

// TypedKey implements fyne.Focusable.
func (b *VoiceBar) TypedKey(k *fyne.KeyEvent) {
	spaceTaken = false // this key is for the bar
	switch k.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		b.Send.press()
	case fyne.KeyEscape:
		b.Cancel.press()
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (b *VoiceBar) AccessibilityLabel() string { return lang.L("Recording a voice message") }

// AccessibilityRole implements fyne.Accessible.
func (b *VoiceBar) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// draw makes the waveform of the last seconds, w by h units.
func (b *VoiceBar) draw(w, h float32) {
	scale := float32(1)
	if c := fyne.CurrentApp().Driver().CanvasForObject(b); c != nil {
		scale = c.Scale()
	}
	n := max(1, int(w/voicePitch))
	levels := make([]byte, n) // from the right
	last := b.state.Levels[max(0, len(b.state.Levels)-n):]
	copy(levels[n-len(last):], last)
	ink := ColorAccent
	if b.state.Paused {
		ink = ColorMuted
	}
	key := voiceKey{string(levels), int(math.Round(float64(w * scale))), int(math.Round(float64(h * scale))), color.NRGBAModel.Convert(Color(ink)).(color.NRGBA)}
	if key == b.drawn {
		return
	}
	b.drawn = key
	img := image.NewNRGBA(image.Rect(0, 0, max(1, key.w), max(1, key.h)))
	for i, level := range slices.Backward(levels) {
		right := float64(key.w) - float64(n-1-i)*float64(voicePitch*scale)
		wide := float64(voiceBar * scale)
		drawBar(img, right-wide, wide, math.Max(wide, float64(level)/255*float64(key.h)), key.ink)
	}
	b.wave.Image = img
	b.wave.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (b *VoiceBar) CreateRenderer() fyne.WidgetRenderer {
	r := &shellRenderer{objects: []fyne.CanvasObject{b.line, b.Cancel, b.ground, b.dot, b.time, b.wave, b.Pause, b.Send}}
	const margin, pad, dot = 20, 12, 10
	r.layout = func(s fyne.Size) {
		place(b.line, 0, 0, s.Width, 1)
		top := s.Height - pad - 38
		one := b.Cancel.MinSize()
		place(b.Cancel, margin, top, one.Width, one.Height)
		send := b.Send.MinSize()
		place(b.Send, s.Width-margin-send.Width, top, send.Width, send.Height)
		right := s.Width - margin - send.Width - pad - one.Width
		place(b.Pause, right, top, one.Width, one.Height)
		x := margin + one.Width + pad
		place(b.ground, x, pad+1, right-pad-x, s.Height-2*pad-1)
		middle := pad + 1 + (s.Height-2*pad-1)/2
		place(b.dot, x+14, middle-dot/2, dot, dot)
		size := fyne.MeasureText(FormatDuration(max(b.state.Seconds, 600)), TextSize, fyne.TextStyle{})
		place(b.time, x+14+dot+8, middle-size.Height/2, size.Width, size.Height)
		from := x + 14 + dot + 8 + size.Width + 12
		if w := right - pad - 14 - from; w > voicePitch {
			place(b.wave, from, middle-voiceHigh/2, w, voiceHigh)
			b.draw(w, voiceHigh)
		}
	}
	r.min = func() fyne.Size { return fyne.NewSize(240, 39+2*pad+1) }
	r.refresh = func() {
		b.line.FillColor, b.ground.FillColor = Color(ColorLine), Color(ColorIncoming)
		drawFocusRing(b.ground, b.focused)
		b.dot.FillColor = Color(ColorBad)
		if b.state.Paused {
			b.dot.FillColor = Color(ColorMuted)
		}
		b.time.Text, b.time.TextSize, b.time.Color = FormatDuration(b.state.Seconds), TextSize, Color(ColorText)
		if !b.Size().IsZero() {
			r.layout(b.Size())
		}
		for _, o := range []fyne.CanvasObject{b.line, b.ground, b.dot, b.time} {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}
