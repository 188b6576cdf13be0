package widgets

import (
	"image"
	"image/color"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

var someDevices = []DeviceRow{
	{ID: "1", Name: "studio-desktop", Detail: "This device · added 2 May 2026", This: true},
	{ID: "2", Name: "A laptop with a name that is longer than the row has room for", Detail: "Added 12 May 2026"},
	{ID: "3", Name: "Recovery file of 2026-05-14", Detail: "Recovery file · added 14 May 2026", File: true},
}

const someLink = "satchel://192.168.1.10:7465/?link=abcdefghjk&key=gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q&account=iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w&device=iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w"

const someNumber = "39281 00417 65120 88831 20954 11873 40002 59618 73345 09126 66201 84790"

func TestDeviceLooks(t *testing.T) {
	on := func(t *testing.T, v fyne.ThemeVariant, s *Sheet, height float32) fyne.Window {
		w := room(t, v, NewGround(ColorWindow), 640, height)
		s.ShowOn(w.Canvas(), nil)
		return w
	}
	inBoth(t, "devices", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		l := NewDeviceList()
		l.SetDevices(someDevices)
		s := NewSheet("Settings", NewColumn(14, NewParagraph("Your devices", SizeSmall, ColorMuted, fyne.TextAlignLeading), l),
			NewButton(PlainButton, "Recovery file…", nil), NewButton(PrimaryButton, "Link a device…", nil))
		return on(t, v, s, 420)
	})
	inBoth(t, "link-wait", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		s := NewLinkSheet("Link a device")
		s.Wait(someLink, "abcde-fghjk@192.168.1.10:7465", "On the other computer choose “I have Satchel on another device”, and paste this link or scan the code.")
		return on(t, v, s.Sheet, 640)
	})
	inBoth(t, "link-compare", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		s := NewLinkSheet("Link a device")
		s.Compare("493018", "Does the other device show the same digits?")
		return on(t, v, s.Sheet, 360)
	})
	inBoth(t, "person", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		s := NewPersonSheet(Face{Name: "Ines Tavares", Key: "a"})
		s.Set(someNumber, "satchel://verify?"+someLink[20:160], "Compare this number with the one on Ines's screen, or let her scan the code.", false)
		s.Answer("The numbers differ.", false)
		return on(t, v, s.Sheet, 700)
	})
	inBoth(t, "recovery", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		return on(t, v, NewRecoverySheet("k3v9-2mxq-77af-w0pe-9dn4-c5tz").Sheet, 480)
	})
	inBoth(t, "welcome-link", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		welcome := NewWelcome("")
		w := room(t, v, welcome, 1000, 780)
		welcome.SetDevice("studio-laptop")
		welcome.choose(welcome.Linked)
		w.Canvas().Unfocus()
		return w
	})
	inBoth(t, "welcome-recovery", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		welcome := NewWelcome("")
		w := room(t, v, welcome, 1000, 780)
		welcome.SetDevice("studio-laptop")
		welcome.choose(welcome.Recovered)
		welcome.SetFile("/tmp/x", "Mara Reyes")
		w.Canvas().Unfocus()
		return w
	})
	inBoth(t, "verified", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		long, short := NewChatHead(), NewChatHead()
		short.Set(Face{Name: "Ines Tavares", Key: "a"}, "online", ToneMuted)
		long.Set(Face{Name: "Somebody with a name that is longer than the head", Key: "b"}, "", ToneMuted)
		short.SetVerified(true)
		long.SetVerified(true)
		return room(t, v, container.NewVBox(short, long), 320, 130)
	})
}

func TestDeviceList(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	l := NewDeviceList()
	room(t, theme.VariantLight, l, 400, 300)
	l.SetDevices(someDevices)
	var removed []string
	l.OnRemove = func(d DeviceRow) { removed = append(removed, d.ID) }
	test.Tap(l.RemoveButton(1))
	if len(removed) != 1 || removed[0] != "2" || l.RemoveButton(0).Visible() {
		t.Errorf("removed %v", removed)
	}
}

func TestLinkSheet(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	w := room(t, theme.VariantLight, NewGround(ColorWindow), 640, 640)
	s := NewLinkSheet("Link a device")
	same := 0
	s.OnSame = func() { same++ }
	s.Sheet.ShowOn(w.Canvas(), nil)
	s.Wait(someLink, "abcde-fghjk@h:1", "There.")
	s.Sheet.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn}) // nothing is to be confirmed yet
	if s.Digits() != "" || s.Same.Visible() || same != 0 {
		t.Error("it can be confirmed before there are digits")
	}
	s.Compare("493018", "The same?")
	if s.Digits() != "493 018" || s.QR.Visible() {
		t.Errorf("digits %q", s.Digits())
	}
	test.Tap(s.Same)
	s.Say("Done.")
	if same != 1 || s.Digits() != "" || s.Words() != "Done." || s.Same.Visible() {
		t.Error("it goes on after the end")
	}
}

// What the picture shows is a code: dark on white, with the three corners.
func TestQR(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	q := NewQR(someLink)
	if q.picture == nil {
		t.Fatal("there is no code")
	}
	n := q.picture.Bounds().Dx() - 1
	for _, corner := range []image.Point{{}, {X: n}, {Y: n}} {
		if q.picture.GrayAt(corner.X, corner.Y) != (color.Gray{}) {
			t.Errorf("no mark at %v", corner)
		}
	}
	if q.SetText(""); q.picture != nil {
		t.Error("a code of nothing")
	}
}

func TestWelcomeOfAnotherDevice(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	w := NewWelcome("")
	room(t, theme.VariantLight, w, 800, 800)
	var did []string
	w.OnLink = func(label, code string) { did = append(did, "link "+label+" "+code) }
	w.OnRecover = func(label, path, passphrase string) { did = append(did, "recover "+label+" "+path+" "+passphrase) }
	w.SetDevice("laptop")
	test.Tap(w.Linked)
	test.Tap(w.Continue)
	if len(did) != 0 || w.Reason() == "" {
		t.Fatalf("without a code it did %v", did)
	}
	test.Type(w.Code, "abcde-fghjk@h:1")
	test.Tap(w.Continue)
	test.Tap(w.Recovered)
	test.Tap(w.Continue)
	w.SetFile("/f", "Mara")
	test.Tap(w.Continue)
	test.Type(w.Passphrase, "correct horse")
	test.Tap(w.Continue)
	if len(did) != 2 || did[0] != "link laptop abcde-fghjk@h:1" || did[1] != "recover laptop /f correct horse" {
		t.Errorf("did %q", did)
	}
}
