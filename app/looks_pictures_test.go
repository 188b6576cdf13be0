package app

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
)

// thorough tells that all is looked at, at every size.
func thorough() bool { return os.Getenv("SATCHEL_FAULTS") != "" || os.Getenv("SATCHEL_LOOKS") != "" }

// room is a size of window, in pixels, with text of so many per cent of its size.
type room struct {
	width, height float32
	percent       int
}

// size is the room in units of text.
func (r room) size() fyne.Size {
	return fyne.NewSize(r.width*100/float32(r.percent), r.height*100/float32(r.percent))
}

// rooms are windows of 800x560 and of 1600x1000 pixels with text of 80, 100 and 160
// per cent; `make test` has the least and the most room, and the least only of other
// languages.
func rooms(code string) (all []room) {
	for _, size := range []fyne.Size{{Width: 800, Height: 560}, {Width: 1600, Height: 1000}} {
		for _, percent := range []int{mostScale, 100, leastScale} {
			all = append(all, room{size.Width, size.Height, percent})
		}
	}
	switch {
	case thorough():
		return all
	case code == "en":
		return []room{all[0], all[len(all)-1]}
	}
	return all[:1]
}

// dresses are the themes that pictures are kept of: both, or none.
func dresses() []string {
	if os.Getenv("SATCHEL_LOOKS") == "" {
		return []string{""}
	}
	return []string{"light", "dark"}
}

// inFront makes this window the one that Fyne's driver for tests takes for that of
// any object: its last one.
func (p *person) inFront() {
	all := p.stage.fyne.Driver().AllWindows()
	i := slices.Index(all, p.window)
	all[i], all[len(all)-1] = all[len(all)-1], all[i]
}

// sized gives the window a room.
func (p *person) sized(r room) {
	p.window.Canvas().(software.WindowlessCanvas).SetScale(float32(r.percent) / 100)
	p.window.Resize(r.size())
}

// picture is the name of one picture among those that SATCHEL_LOOKS keeps.
func picture(dress, code string, r room, what string) string {
	return fmt.Sprintf("%s-%s-%d-%.0fx%.0f/%s.png", dress, code, r.percent, r.width, r.height, what)
}

// drawn tells whether a picture is among those that SATCHEL_LOOK, a regular
// expression, chooses.
func drawn(name string) bool {
	yes, err := regexp.MatchString(os.Getenv("SATCHEL_LOOK"), name)
	return yes || err != nil
}

// wanted tells whether any picture of a view is chosen.
func wanted(dress, code, what string) bool {
	return slices.ContainsFunc(rooms(code), func(r room) bool { return drawn(picture(dress, code, r, what)) })
}

// draw keeps a picture where SATCHEL_LOOKS names a folder.
func (p *person) draw(t *testing.T, name string) {
	dir := os.Getenv("SATCHEL_LOOKS")
	if dir == "" {
		return
	}
	p.quiet()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, p.window.Canvas().Capture()); err != nil {
		t.Fatal(err)
	}
}

// quiet does what is under way for what is shown, as pictures are decoded beside it,
// until nothing comes for a moment.
func (p *person) quiet() {
	p.window.Canvas().Capture()
	for {
		select {
		case f := <-p.stage.todo:
			f()
		case <-time.After(60 * time.Millisecond):
			return
		}
	}
}
