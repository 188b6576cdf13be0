package widgets

import (
	"slices"
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// mentionRows is how many names are offered at once.
const mentionRows = 6

// mentionPrefix is what was written of a name after the last @ of text, which
// stands at the start of a word; at is where the @ is.
func mentionPrefix(text string) (prefix string, at int, ok bool) {
	at = strings.LastIndexByte(text, '@')
	if at < 0 || strings.ContainsRune(text[at:], '\n') || len(text)-at > 64 {
		return "", 0, false
	}
	if before, _ := utf8.DecodeLastRuneInString(text[:at]); at > 0 && !strings.ContainsRune(" \n\t(", before) {
		return "", 0, false
	}
	return text[at+1:], at, true
}

// mentioned are the names that begin as prefix does, or one of whose words does.
func mentioned(names []string, prefix string) (out []string) {
	prefix = strings.ToLower(prefix)
	for _, n := range names {
		name := strings.ToLower(n)
		if strings.HasPrefix(name, prefix) && name != prefix ||
			prefix != "" && slices.ContainsFunc(strings.Fields(name)[min(1, len(strings.Fields(name))):], func(w string) bool { return strings.HasPrefix(w, prefix) }) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out[:min(len(out), mentionRows)]
}

// MentionList offers names while somebody writes one. The composer has the
// focus all the while, and its keys: see Composer.Mentions.
type MentionList struct {
	widget.BaseWidget
	onPick func(string)

	names []string
	at    int
	rows  *fyne.Container
}

func newMentionList(pick func(string)) *MentionList {
	l := &MentionList{onPick: pick, rows: &fyne.Container{Layout: stacked{}}}
	l.ExtendBaseWidget(l)
	l.Hide()
	return l
}

// Names returns what is offered.
func (l *MentionList) Names() []string { return l.names }

// offer shows names, none to hide; true when they are others than before.
func (l *MentionList) offer(names []string) bool {
	if slices.Equal(names, l.names) {
		return false
	}
	l.names, l.at, l.rows.Objects = names, 0, nil
	for i := range names {
		row := &mentionRow{of: l, i: i}
		row.ExtendBaseWidget(row)
		l.rows.Add(row)
	}
	show(l, len(names) > 0)
	l.Refresh()
	return true
}

func (l *MentionList) step(by int) {
	l.at = (l.at + by + len(l.names)) % len(l.names)
	l.Refresh()
}

func (l *MentionList) pick(i int) { l.onPick(l.names[i]) }

// CreateRenderer implements fyne.Widget.
func (l *MentionList) CreateRenderer() fyne.WidgetRenderer {
	box := NewOutlined(Color("overlayBackground"), Color(ColorLine), FieldRadius)
	r := &shellRenderer{objects: []fyne.CanvasObject{box, l.rows}}
	r.layout = func(s fyne.Size) {
		place(box, 0, 0, s.Width, s.Height)
		place(l.rows, 4, 4, s.Width-8, s.Height-8)
	}
	r.min = func() fyne.Size { return fyne.NewSize(260, l.rows.MinSize().Height+8) }
	r.refresh = func() {
		box.FillColor, box.StrokeColor = Color("overlayBackground"), Color(ColorLine)
		box.Refresh()
		for _, o := range l.rows.Objects {
			o.Refresh()
		}
		canvas.Refresh(l)
	}
	return r
}

// mentionRow is one name.
type mentionRow struct {
	widget.BaseWidget
	of *MentionList
	i  int
}

func (m *mentionRow) Tapped(*fyne.PointEvent)        { m.of.pick(m.i) }
func (m *mentionRow) MouseIn(*desktop.MouseEvent)    { m.of.at = m.i; m.of.Refresh() }
func (m *mentionRow) MouseMoved(*desktop.MouseEvent) {}
func (m *mentionRow) MouseOut()                      {}

func (m *mentionRow) CreateRenderer() fyne.WidgetRenderer {
	box := NewRounded(Color(ColorSelected), ButtonRadius)
	name := NewText("", TextSize, ColorText)
	r := &shellRenderer{objects: []fyne.CanvasObject{box, name}}
	r.layout = func(s fyne.Size) {
		place(box, 0, 0, s.Width, s.Height)
		name.Text = ElideEnd(m.of.names[m.i], s.Width-20, TextSize, false)
		place(name, 10, 0, s.Width-20, s.Height)
	}
	r.min = func() fyne.Size { return fyne.NewSize(120, 34) }
	r.refresh = func() {
		box.FillColor, name.Color = Color(ColorSelected), Color(ColorText)
		show(box, m.of.at == m.i)
		box.Refresh()
		name.Refresh()
	}
	r.refresh()
	return r
}
