package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"
)

// FormField is a line to fill in.
type FormField struct {
	ID     string
	Label  string
	Hint   string // in the empty line
	Secret bool   // what is typed is not shown
	Half   bool   // two of these stand beside each other
	More   bool   // seldom needed: behind "More options"
}

// Form is fields with their labels above them.
type Form struct {
	widget.BaseWidget
	OnResized func() // fields came or went

	More   *Button // shows the fields that are seldom needed; hidden when there are none
	fields []FormField
	lines  map[string]*Field
	boxes  map[string]fyne.CanvasObject
	all    bool
}

const (
	formLabel float32 = SmallLineHeight + 4
	formField float32 = 39
	formGap   float32 = 12
)

// NewForm returns an empty form.
func NewForm(fields ...FormField) *Form {
	f := &Form{fields: fields, lines: map[string]*Field{}, boxes: map[string]fyne.CanvasObject{}}
	f.More = NewButton(PlainButton, lang.L("More options"), func() { f.ShowAll(true) })
	f.More.Height = 32
	f.More.Hide()
	for _, one := range fields {
		line := NewField(one.Hint)
		line.Password = one.Secret
		f.lines[one.ID], f.boxes[one.ID] = line, FieldBox(line, false)
		if one.More {
			f.More.Show()
		}
	}
	f.ExtendBaseWidget(f)
	return f
}

// Field is the line of a field; nil: there is none.
func (f *Form) Field(id string) *Field { return f.lines[id] }

// Values are what is filled in, by field.
func (f *Form) Values() map[string]string {
	all := map[string]string{}
	for id, line := range f.lines {
		all[id] = line.Text
	}
	return all
}

// SetValues fills fields in; one that is seldom needed shows all.
func (f *Form) SetValues(values map[string]string) {
	for _, one := range f.fields {
		if v := values[one.ID]; v != "" {
			f.lines[one.ID].SetText(v)
			if one.More {
				f.ShowAll(true)
			}
		}
	}
}

// ShowAll shows the fields that are seldom needed, or not.
func (f *Form) ShowAll(all bool) {
	f.all = all
	show(f.More, !all)
	f.Refresh()
	if f.OnResized != nil {
		f.OnResized()
	}
}

// each hands out the place of every field that is shown, and returns their height.
func (f *Form) each(width float32, put func(one FormField, x, y, width float32)) float32 {
	y, beside := float32(0), false // beside: the left half of the row is taken
	half := (width - formGap) / 2
	row := formLabel + formField + formGap
	for i, one := range f.fields {
		if one.More && !f.all {
			continue
		}
		switch {
		case beside:
			put(one, half+formGap, y, half)
			beside, y = false, y+row
		case one.Half && i+1 < len(f.fields) && f.fields[i+1].Half && (f.all || !f.fields[i+1].More):
			put(one, 0, y, half)
			beside = true
		default:
			put(one, 0, y, width)
			y += row
		}
	}
	if f.More.Visible() {
		return y + 32
	}
	return max(0, y-formGap)
}

// HeightAt returns the height of what is shown.
func (f *Form) HeightAt(width float32) float32 {
	return f.each(width, func(FormField, float32, float32, float32) {})
}

// CreateRenderer implements fyne.Widget.
func (f *Form) CreateRenderer() fyne.WidgetRenderer {
	r := &shellRenderer{}
	texts := map[string]*canvas.Text{}
	for _, one := range f.fields {
		text := NewText(one.Label, SmallSize, ColorMuted)
		texts[one.ID] = text
		r.objects = append(r.objects, text, f.boxes[one.ID])
	}
	r.objects = append(r.objects, f.More)
	r.layout = func(s fyne.Size) {
		for _, one := range f.fields {
			show(texts[one.ID], f.all || !one.More)
			show(f.boxes[one.ID], f.all || !one.More)
		}
		height := f.each(s.Width, func(one FormField, x, y, width float32) {
			place(texts[one.ID], x, y, width, SmallLineHeight)
			place(f.boxes[one.ID], x, y+formLabel, width, formField)
		})
		m := f.More.MinSize()
		place(f.More, 0, height-32, m.Width, 32)
	}
	r.min = func() fyne.Size {
		width := f.Size().Width
		if width == 0 {
			width = 320
		}
		return fyne.NewSize(240, f.HeightAt(width))
	}
	r.refresh = func() {
		for _, text := range texts {
			text.Color = Color(ColorMuted)
		}
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
