// Gallery opens a window with the timeline and every state of a file, to be
// looked at while they are drawn. It is a tool of the project and ships with nothing.
//
//	go run -tags x11,migrated_fynedo ./internal/gallery [-dark] [-show states|talk|long]
package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/theme"
	"satchel/chat"
	"satchel/widgets"
)

func main() {
	dark := flag.Bool("dark", false, "by night")
	show := flag.String("show", "talk", "talk, states or long")
	width := flag.Float64("width", 880, "of the window")
	height := flag.Float64("height", 652, "of the window")
	flag.Parse()

	a := app.New()
	variant := theme.VariantLight
	if *dark {
		variant = theme.VariantDark
	}
	a.Settings().SetTheme(widgets.NewThemeVariant(variant))
	w := a.NewWindow("Satchel gallery")
	t := widgets.NewTimeline()
	t.OnCopy = a.Clipboard().SetContent
	t.OnLink = func(u *url.URL) { fmt.Println("link", u) }
	t.OnFile = func(m chat.Message) { fmt.Println("file", m.ID) }
	t.OnPause = func(id chat.TransferID) { fmt.Println("pause", id) }
	t.OnResume = func(id chat.TransferID) { fmt.Println("resume", id) }
	t.OnCancel = func(id chat.TransferID) { fmt.Println("cancel", id) }
	t.OnSaveAs = func(m chat.Message) { fmt.Println("save", m.ID) }
	t.OnShowInFolder = func(m chat.Message) { fmt.Println("show", m.ID) }
	switch *show {
	case "talk":
		t.Reset(talk(time.Now()), false)
	case "states":
		t.Reset(states(time.Now()), false)
	case "long":
		t.Reset(long(100_000, time.Now()), false)
	default:
		fmt.Fprintln(os.Stderr, "gallery: -show is talk, states or long")
		os.Exit(2)
	}
	w.SetContent(t)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(float32(*width), float32(*height)))
	w.ShowAndRun()
	t.Close()
}
