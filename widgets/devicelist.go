package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"
)

// DeviceRow is one device of the person's own.
type DeviceRow struct {
	ID     string
	Name   string
	Detail string // when it was added, or that it is this one
	File   bool   // a recovery file
	This   bool   // the one that shows the list: it can't be removed here
}

// DeviceList lists a person's own devices, each with a way to remove it.
type DeviceList struct {
	widget.BaseWidget
	OnRemove func(DeviceRow)

	devices []DeviceRow
	rows    *fyne.Container
	scroll  *container.Scroll
}

const deviceRowHeight float32 = 56

// NewDeviceList returns a list that waits for SetDevices.
func NewDeviceList() *DeviceList {
	l := &DeviceList{rows: container.New(stacked{})}
	l.scroll = newScroll(l.rows)
	l.ExtendBaseWidget(l)
	return l
}

// SetDevices lists these.
func (l *DeviceList) SetDevices(devices []DeviceRow) {
	l.devices = devices
	l.rows.RemoveAll()
	for _, d := range devices {
		row := newDeviceRow(d)
		row.remove.OnTapped = func() {
			if l.OnRemove != nil {
				l.OnRemove(d)
			}
		}
		l.rows.Add(row)
	}
	l.Refresh()
}

// Devices returns what is listed.
func (l *DeviceList) Devices() []DeviceRow { return l.devices }

// RemoveButton is the one of the i-th device.
func (l *DeviceList) RemoveButton(i int) *Button { return l.rows.Objects[i].(*deviceRow).remove }

// CreateRenderer implements fyne.Widget.
func (l *DeviceList) CreateRenderer() fyne.WidgetRenderer {
	return &shellRenderer{
		objects: []fyne.CanvasObject{l.scroll},
		layout:  func(s fyne.Size) { place(l.scroll, 0, 0, s.Width, s.Height) },
		min: func() fyne.Size {
			return fyne.NewSize(240, float32(min(max(len(l.devices), 1), 5))*deviceRowHeight)
		},
		refresh: l.scroll.Refresh,
	}
}

// deviceRow is one device.
type deviceRow struct {
	widget.BaseWidget
	device DeviceRow
	remove *Button
}

func newDeviceRow(d DeviceRow) *deviceRow {
	r := &deviceRow{device: d, remove: NewIconButton(IconClose, lang.L("Remove {{.Name}}", map[string]any{"Name": d.Name}), nil)}
	r.ExtendBaseWidget(r)
	return r
}

func (d *deviceRow) CreateRenderer() fyne.WidgetRenderer {
	tile := NewRounded(color.Transparent, PictureRadius)
	kind := IconComputer
	if d.device.File {
		kind = IconKey
	}
	icon := newIconImage(kind, ColorMuted)
	name := NewBoldText("", TextSize, ColorText)
	detail := NewText("", SmallSize, ColorMuted)
	r := &shellRenderer{objects: []fyne.CanvasObject{tile, icon, name, detail, d.remove}}
	r.layout = func(s fyne.Size) {
		place(tile, 0, 8, 40, 40)
		place(icon, 9, 17, 22, 22)
		room := s.Width - 52 - 48
		name.Text = ElideEnd(d.device.Name, room, TextSize, true)
		place(name, 52, 9, room, LineHeight)
		detail.Text = ElideEnd(d.device.Detail, room, SmallSize, false)
		place(detail, 52, 30, room, SmallLineHeight)
		place(d.remove, s.Width-36, 10, 36, 36)
	}
	r.min = func() fyne.Size { return fyne.NewSize(200, deviceRowHeight) }
	r.refresh = func() {
		tile.FillColor = Color(ColorIncoming)
		icon.Resource = kind.Resource(Color(ColorMuted))
		name.Color, detail.Color = Color(ColorText), Color(ColorMuted)
		if d.device.This {
			detail.Color = Color(ColorGood)
		}
		show(d.remove, !d.device.This)
		if !d.Size().IsZero() {
			r.layout(d.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}
