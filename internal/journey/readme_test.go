//go:build journey

package journey

import (
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// The pictures of the README: a morning between people who make films, in the
// real window, light while a big file goes out and dark once it is there.
func TestWindowsReadme(t *testing.T) {
	t.Parallel()
	d := newDisplay(t, 1240, 860)
	profile := t.TempDir()
	mara := d.open("Mara", profile, [4]int{10, 30, 1200, 780}, "--name", "Mara Reyes", "--relay-listen", freePort(t))
	mara.wait("the main window", func(s *screen) bool { return s.Screen == "main" && s.Connection == "connected" })
	self := &person{t: t, name: "Mara Reyes", dir: profile}
	friend := func(name string) *person {
		p := &person{t: t, name: name, dir: filepath.Join(t.TempDir(), "p")}
		p.ctl("join", self.link(), "--name", name)
		return p
	}
	files := t.TempDir()
	sunset(t, filepath.Join(files, "harbour-evening.jpg"))
	makeFile(t, filepath.Join(files, "shotlist-v7.pdf"), 840_000, 5)
	film := filepath.Join(files, "harbour-rushes.zip")
	makeFile(t, film, 1<<30, 6)

	self.ctl("send", "--to", "self", "--text", "Invoice for the lenses is in the blue folder")
	anders, petra, ines := friend("Anders Berg"), friend("Petra Solberg"), friend("Ines Tavares")
	anders.ctl("send", "--to", "Mara Reyes", "--text", "Could you resend the contract when you are back?")
	petra.ctl("send", "--to", "Mara Reyes", "--text", "The train is on time, see you at noon")
	ines.ctl("send", "--to", "Mara Reyes", "--text", "Morning! Did the rushes from the harbour come through? The colourist starts at three.")
	self.ctl("send", "--to", "Ines Tavares", "--text", "Uploading them now. You can keep writing, it won't hold anything up.")
	ines.ctl("send", "--to", "Mara Reyes", "--text", "Reference for the evening look", "--file", filepath.Join(files, "harbour-evening.jpg"))
	ines.ctl("send", "--to", "Mara Reyes", "--file", filepath.Join(files, "shotlist-v7.pdf"))

	row := func(s *screen) spot {
		for _, r := range s.Rows {
			if r.Name == "Ines Tavares" && r.Spot != nil {
				return *r.Spot
			}
		}
		return spot{}
	}
	mara.press(mara.steady("Ines in the list", row))
	mara.wait("the conversation", func(s *screen) bool { return s.Conversation != nil && s.Conversation.Name == "Ines Tavares" })
	pdf := func(b *bubble) bool { return b.File == "shotlist-v7.pdf" }
	mara.pressOn("Download", pdf)
	mara.wait("the shot list", func(s *screen) bool { b := find(s, pdf); return b != nil && b.Path != "" })

	send := self.start("send", "--to", "Ines Tavares", "--file", film)
	going := func(b *bubble) bool { return b.File == "harbour-rushes.zip" }
	mara.wait("a third of the film", func(s *screen) bool { b := find(s, going); return b != nil && b.Offset > 300<<20 })
	mara.portrait("readme-light")
	if code := send.exit(t); code != 0 {
		t.Fatalf("send: exit %d: %s", code, send.errs)
	}
	ines.ctl("send", "--to", "Mara Reyes", "--text", "Perfect. 🎬")
	mara.wait("the last word", func(s *screen) bool { return find(s, func(b *bubble) bool { return b.Text == "Perfect. 🎬" }) != nil })
	photo := func(b *bubble) bool { return b.File == "harbour-evening.jpg" }
	mara.pressOn("Download", photo)
	mara.wait("the photo", func(s *screen) bool { b := find(s, photo); return b != nil && b.Path != "" })
	mara.cmd.Process.Signal(os.Interrupt)
	if code := mara.exit(t); code != 0 {
		t.Errorf("the program ended with %d: %s", code, mara.errs)
	}
	mara.theme = "dark"
	mara.start()
	mara.wait("the conversation again", func(s *screen) bool {
		return s.Connection == "connected" && s.Conversation != nil && find(s, func(b *bubble) bool { return b.Text == "Perfect. 🎬" }) != nil && s.Spots["composer"].W > 0
	})
	mara.steady("the composer", func(s *screen) spot { return s.Spots["composer"] })
	mara.portrait("readme-dark")
}

// link asks for an invitation at the prompt; the open window answers.
func (p *person) link() string {
	p.t.Helper()
	return invited(p.t, p.ctl("invite"))
}

// portrait keeps a picture of the window alone.
func (w *window) portrait(name string) {
	w.t.Helper()
	dir := filepath.Join(root, "build", "shots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	w.d.do("import", "-window", w.id, filepath.Join(dir, name+".png"))
}

// sunset paints a harbour in the evening.
func sunset(t *testing.T, path string) {
	t.Helper()
	const width, height, horizon = 1600, 1000, 620
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	mix := func(a, b color.RGBA, f float64) color.RGBA {
		m := func(x, y uint8) uint8 { return uint8(float64(x) + (float64(y)-float64(x))*f) }
		return color.RGBA{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), 255}
	}
	top, low := color.RGBA{110, 160, 190, 255}, color.RGBA{246, 196, 138, 255}
	near, sun := color.RGBA{74, 58, 52, 255}, color.RGBA{255, 236, 190, 255}
	for y := range height {
		for x := range width {
			var c color.RGBA
			if y < horizon {
				c = mix(top, low, math.Pow(float64(y)/horizon, 1.3))
			} else {
				depth := float64(y-horizon) / (height - horizon)
				wave := math.Sin(float64(y*y)/900+math.Sin(float64(x)/60)*2) * (1 - depth) * .12
				c = mix(low, near, min(1, max(0, .25+.75*depth+wave)))
				if d := math.Abs(float64(x) - 1040); d < 40+depth*220 && wave > 0 {
					c = mix(c, sun, .5*(1-depth))
				}
			}
			if r := math.Hypot(float64(x)-1040, float64(y)-560); y < horizon {
				c = mix(c, sun, min(1, max(0, min(1, (110-r)/6))*.95+max(0, .35-r/1400)))
			}
			// Two masts against the light.
			for _, m := range []struct{ x, top, hull float64 }{{430, 250, 150}, {640, 380, 90}} {
				dx, dy := math.Abs(float64(x)-m.x), float64(y)
				if dx < 3 && dy > m.top && dy < horizon+20 || dy > horizon-22 && dy < horizon+22 && dx < m.hull-(dy-horizon)*1.4 ||
					dy > m.top+20 && dy < horizon-40 && float64(x) > m.x && float64(x)-m.x < (dy-m.top)*.38 {
					c = near
				}
			}
			img.SetRGBA(x, y, c)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := jpeg.Encode(f, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
}

// invited reads the line that satchelctl invite prints.
func invited(t *testing.T, lines []string) string {
	t.Helper()
	var said struct{ Link string }
	if len(lines) != 1 || json.Unmarshal([]byte(lines[0]), &said) != nil || said.Link == "" {
		t.Fatalf("invite printed %q", lines)
	}
	return said.Link
}
