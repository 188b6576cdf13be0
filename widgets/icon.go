package widgets

import (
	_ "embed"
	"fmt"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// Icon is a line drawing of the shell, 24 units square.
type Icon string

// The icons of the shell.
const (
	IconCompose  Icon = `<path d="M4.5 19.5h3.6L18.9 8.7l-3.6-3.6L4.5 15.9v3.6z"/><path d="M12.9 7.5l3.6 3.6"/>`
	IconInvite   Icon = `<circle cx="9.5" cy="8" r="3.6"/><path d="M3 19.5c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6"/><path d="M19 8v6"/><path d="M16 11h6"/>`
	IconSearch   Icon = `<circle cx="11" cy="11" r="6"/><path d="M19.5 19.5l-4.2-4.2"/>`
	IconAttach   Icon = `<path d="M19.6 11.2l-7.8 7.8a4.9 4.9 0 0 1-6.9-6.9l8.2-8.2a3.3 3.3 0 0 1 4.6 4.6l-8.1 8.1a1.6 1.6 0 0 1-2.3-2.3l7.3-7.3"/>`
	IconPicture  Icon = `<rect x="4" y="5.5" width="16" height="13.5" rx="2.5" ry="2.5"/><circle cx="9" cy="10.2" r="1.4"/><path d="M5 17.5l4.6-4.2 2.9 2.4 3.3-3.4 3.6 3.6"/>`
	IconPlace    Icon = `<path d="M12 20.5c-3.6-4.4-6-7.2-6-10.3a6 6 0 0 1 12 0c0 3.1-2.4 5.9-6 10.3z"/><circle cx="12" cy="10.2" r="2"/>`
	IconClose    Icon = `<path d="M6.5 6.5l11 11"/><path d="M17.5 6.5l-11 11"/>`
	IconBookmark Icon = `<path d="M7.5 4.5h9v15l-4.5-3.8-4.5 3.8z"/>`
	IconDrop     Icon = `<path d="M12 4v12.5"/><path d="M6.5 11l5.5 5.5 5.5-5.5"/><path d="M5 20h14"/>`
	IconSend     Icon = `<path fill="%[1]s" d="M4 4.8l16.2 7.2-16.2 7.2 2.7-7.2z"/>`
	IconSettings Icon = `<path d="M4 7.5h8.5"/><path d="M17.5 7.5H20"/><circle cx="15" cy="7.5" r="2.3"/><path d="M4 16.5h2.5"/><path d="M11.5 16.5H20"/><circle cx="9" cy="16.5" r="2.3"/>`
	IconComputer Icon = `<rect x="3.5" y="5" width="17" height="11" rx="1.8" ry="1.8"/><path d="M9 20h6"/><path d="M12 16v4"/>`
	IconKey      Icon = `<circle cx="8" cy="15.5" r="3.8"/><path d="M10.8 12.7l7.7-7.7"/><path d="M15.6 7.9l2.6 2.6"/>`
	IconShield   Icon = `<path d="M12 3.8l7 2.6v5.2c0 4.2-2.8 7.2-7 8.6-4.2-1.4-7-4.4-7-8.6V6.4z"/><path d="M8.8 12l2.3 2.3 4.2-4.6"/>`
	IconReply    Icon = `<path d="M10 6.5L4.5 12l5.5 5.5"/><path d="M5 12h8.5c3.4 0 6 2.2 6 5.5v0.5"/>`
	IconEdit     Icon = `<path d="M4.5 19.5h3.6L18.9 8.7l-3.6-3.6L4.5 15.9v3.6z"/>`
	IconForward  Icon = `<path d="M14 6.5l5.5 5.5-5.5 5.5"/><path d="M19 12h-8.5c-3.4 0-6 2.2-6 5.5v0.5"/>`
	IconCopy     Icon = `<rect x="8.5" y="8.5" width="11" height="11" rx="2" ry="2"/><path d="M15.5 5.5v-1h-11v11h1"/>`
	IconSave     Icon = `<path d="M12 4.5v10"/><path d="M7.5 10.3l4.5 4.5 4.5-4.5"/><path d="M5 19h14"/>`
	IconDelete   Icon = `<path d="M5 7h14"/><path d="M9.5 7V4.8h5V7"/><path d="M6.5 7l1 12.5h9l1-12.5"/>`
	IconBack     Icon = `<path d="M14.5 5.5L8 12l6.5 6.5"/>`
	IconNext     Icon = `<path d="M9.5 5.5L16 12l-6.5 6.5"/>`
	IconEmoji    Icon = `<circle cx="12" cy="12" r="8"/><circle cx="9.2" cy="10" r="0.6"/><circle cx="14.8" cy="10" r="0.6"/><path d="M8.5 14.2c0.8 1.3 2 2 3.5 2s2.7-0.7 3.5-2"/>`
	IconPause    Icon = `<path d="M9 6.5v11"/><path d="M15 6.5v11"/>`
	IconResume   Icon = `<path d="M8.5 6l9 6-9 6z"/>`
	IconRetry    Icon = `<path d="M18.5 12a6.5 6.5 0 1 1-2-4.7"/><path d="M18.5 4.5v3.8h-3.8"/>`
	IconFront    Icon = `<path d="M5 5h14"/><path d="M12 20V9"/><path d="M7.5 13l4.5-4.5 4.5 4.5"/>`
	IconUp       Icon = `<path d="M6 14.5l6-6 6 6"/>`
	IconOpen     Icon = `<path d="M13 5h6v6"/><path d="M19 5l-8.5 8.5"/><path d="M16.5 14v5h-11.5v-11.5h5"/>`
	IconFolder   Icon = `<path d="M4 7.5a1.5 1.5 0 0 1 1.5-1.5h4l2 2.5h7a1.5 1.5 0 0 1 1.5 1.5v7.5a1.5 1.5 0 0 1-1.5 1.5h-13a1.5 1.5 0 0 1-1.5-1.5z"/>`
	IconDown     Icon = `<path d="M6 9.5l6 6 6-6"/>`
	IconTick     Icon = `<path d="M4.5 12.5l5 5 10-11" stroke-width="4"/>`
	IconSome     Icon = `<path d="M5.5 12h13" stroke-width="4"/>`
	IconPin      Icon = `<path d="M9 4h6l-0.8 6 3.3 3.5H6.5L9.8 10z"/><path d="M12 13.5V20.5"/>`
	IconMuted    Icon = `<path d="M6.5 16.5c1.2-1.5 1.5-3.4 1.5-6"/><path d="M9 6.8a4 4 0 0 1 7 2.7c0 3.3 0.5 5.4 1.5 7H6.5"/><path d="M10.5 19.5h3"/><path d="M4.5 4.5l15 15"/>`
	IconArchive  Icon = `<rect x="4" y="4.5" width="16" height="4.5" rx="1" ry="1"/><path d="M5.5 9v10.5h13V9"/><path d="M10 13h4"/>`
	IconPerson   Icon = `<circle cx="12" cy="8.2" r="3.7"/><path d="M5 19.8c0-3.7 3-6.2 7-6.2s7 2.5 7 6.2"/>`
	IconStore    Icon = `<path d="M7.4 18.2H17c2 0 3.6-1.5 3.6-3.4 0-1.9-1.4-3.3-3.3-3.4-0.4-2.9-2.6-4.9-5.4-4.9-2.5 0-4.6 1.6-5.3 4-2 0.2-3.4 1.8-3.4 3.9 0 2.1 1.7 3.8 4.2 3.8z"/>`
	IconDisk     Icon = `<ellipse cx="12" cy="6.5" rx="7" ry="2.7"/><path d="M5 6.5v11c0 1.5 3.1 2.7 7 2.7s7-1.2 7-2.7v-11"/><path d="M5 12c0 1.5 3.1 2.7 7 2.7s7-1.2 7-2.7"/>`
	IconBell     Icon = `<path d="M12 4.2a5.3 5.3 0 0 0-5.3 5.3c0 4.2-1.9 5.6-1.9 6.7h14.4c0-1.1-1.9-2.5-1.9-6.7A5.3 5.3 0 0 0 12 4.2z"/><path d="M10 19.3c0.4 0.7 1.1 1.1 2 1.1s1.6-0.4 2-1.1"/>`
	IconLook     Icon = `<circle cx="12" cy="12" r="7.6"/><path fill="%[1]s" d="M12 4.4a7.6 7.6 0 0 1 0 15.2z"/>`
	IconRelay    Icon = `<circle cx="12" cy="12" r="2.3"/><path d="M7.6 7.6a6.2 6.2 0 0 0 0 8.8"/><path d="M16.4 7.6a6.2 6.2 0 0 1 0 8.8"/><path d="M4.9 4.9a10 10 0 0 0 0 14.2"/><path d="M19.1 4.9a10 10 0 0 1 0 14.2"/>`
	IconAbout    Icon = `<circle cx="12" cy="12" r="8"/><path d="M12 11.2v5"/><path d="M12 7.9v0.2"/>`
	IconVoice    Icon = `<rect x="9" y="3.5" width="6" height="11" rx="3" ry="3"/><path d="M5.8 11.5a6.2 6.2 0 0 0 12.4 0"/><path d="M12 17.7v3"/><path d="M9 20.7h6"/>`
	IconMore     Icon = `<circle cx="6" cy="12" r="0.9"/><circle cx="12" cy="12" r="0.9"/><circle cx="18" cy="12" r="0.9"/>`
	IconGroup    Icon = `<circle cx="9" cy="8.5" r="3.2"/><path d="M3 19c0-3.3 2.7-5.4 6-5.4s6 2.1 6 5.4"/><path d="M15.5 5.6a3.2 3.2 0 0 1 0 5.8"/><path d="M17.2 13.9c2.3 0.6 3.8 2.5 3.8 5.1"/>`
	IconTalk     Icon = `<path d="M4.5 5.5h15v10.5h-8l-4 3.6v-3.6h-3z"/>`
)

// drawIcon shows an icon in a picture, if that shows another: Fyne reads the SVG anew
// with each Refresh of the picture.
func drawIcon(img *canvas.Image, icon fyne.Resource) {
	if img.Resource == nil || img.Resource.Name() != icon.Name() {
		img.Resource = icon
		img.Refresh()
	}
}

// The lines of an icon, of 24 units: one that is a button is drawn at 20, and one that
// stands alone in a room at twice that and more.
const (
	iconLine  = 2.0
	largeLine = 1.1
)

// outlines are the icons that were drawn, in ink.
var outlines = map[string]string{}

// ink is what an outline has where its colour goes.
const ink = "#010203"

// Resource draws the icon in a colour.
func (i Icon) Resource(c color.Color) fyne.Resource { return i.drawn(c, iconLine) }

func (i Icon) drawn(c color.Color, line float64) fyne.Resource {
	name := fmt.Sprintf("%g%s", line, i)
	drawn, ok := outlines[name]
	if !ok {
		body := strings.ReplaceAll(string(i), "%[1]s", ink)
		drawn = outlined(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"><g fill="none" stroke="%s" stroke-width="%g" stroke-linecap="round" stroke-linejoin="round">%s</g></svg>`, ink, line, body))
		outlines[name] = drawn
	}
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	hex := fmt.Sprintf("#%02x%02x%02x", n.R, n.G, n.B)
	return fyne.NewStaticResource(hex+name+".svg", []byte(strings.ReplaceAll(drawn, ink, hex)))
}

// newIconImage returns the icon as a picture in a colour of the theme.
func newIconImage(i Icon, name fyne.ThemeColorName) *canvas.Image {
	img := canvas.NewImageFromResource(i.Resource(Color(name)))
	img.FillMode = canvas.ImageFillContain
	return img
}

// logo is the mark of Satchel: Icon.png is the same at 512 pixels.
//
//go:embed logo.svg
var logo []byte

// The same at 128 pixels: to draw it takes a fifth of the whole start.
//
//go:embed logo.png
var logoPicture []byte

// WindowIcon is the mark for windows.
func WindowIcon() fyne.Resource { return fyne.NewStaticResource("satchel-logo.png", logoPicture) }

// Logo is the mark of Satchel.
func Logo() fyne.Resource { return fyne.NewStaticResource("satchel-logo.svg", logo) }

// TrayIcon is the mark for beside the clock, with a dot when something is unread.
func TrayIcon(unread bool) fyne.Resource {
	if !unread {
		return Logo()
	}
	svg := strings.Replace(string(logo), "</svg>", `<circle cx="400" cy="112" r="104" fill="#ffffff"/><circle cx="400" cy="112" r="84" fill="#d23c2a"/></svg>`, 1)
	return fyne.NewStaticResource("satchel-logo-unread.svg", []byte(svg))
}
