//go:build journey

package journey

import (
	"cmp"
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// look is how a window may be dressed: what is set in it, and on what screen it is.
type look struct {
	name, theme, language string
	width, height         int    // of the window, in pixels
	percent               int    // of text, as a person sets it
	scale                 string // how many pixels the screen has for one
}

var looks = []look{
	{"light", "light", "en", 1120, 720, 100, "1"},
	{"dark", "dark", "en", 1120, 720, 100, "1"},
	{"small-dark-pt-160", "dark", "pt", 800, 560, 160, "1"},
	{"small-light-80", "light", "en", 800, 560, 80, "1"},
	{"large-light-pt-2x", "light", "pt", 1600, 1000, 100, "2"},
	{"large-dark-80", "dark", "en", 1600, 1000, 80, "1"},
	{"small-dark-2x", "dark", "en", 1600, 1120, 100, "2"},
}

// hugeLooks take minutes without a graphics card: SATCHEL_FAULTS=1 make journeys has them.
var hugeLooks = []look{
	{"huge-light-2x", "light", "en", 3200, 2000, 100, "2"},
	{"huge-dark-pt-2x", "dark", "pt", 3200, 2000, 100, "2"},
}

// The screens in a real window, by day and by night, small and large, in both
// languages: a picture of each in build/shots/looks, to be looked at. The other
// half, that at no size anything stands on anything else, is in package app.
func TestScreenLooks(t *testing.T) {
	all := looks
	if os.Getenv("SATCHEL_FAULTS") != "" {
		all = slices.Concat(looks, hugeLooks)
	}
	for _, l := range all {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			d := newDisplay(t, l.width+40, l.height+60)
			d.more = []string{"FYNE_SCALE=" + l.scale}
			r := newRelay(t)
			w := &window{t: t, d: d, who: "Mara", profile: t.TempDir(), theme: l.theme, at: [4]int{10, 30, l.width, l.height}, state: t.TempDir() + "/mara.json"}
			set := fmt.Sprintf(`{"width":1000,"height":700,"language":%q,"scale":%d}`, l.language, l.percent)
			if err := os.WriteFile(filepath.Join(w.profile, "window.json"), []byte(set), 0o600); err != nil {
				t.Fatal(err)
			}
			(&walk{w, l.name, words(t, l.language)}).all(r)
		})
	}
}

// walk goes through a window's screens and keeps a picture of each.
type walk struct {
	*window
	look string
	says map[string]string // what a button is called in the window's language
}

// words are those of a language, by the English ones; none for English.
func words(t *testing.T, language string) map[string]string {
	t.Helper()
	if language == "en" {
		return nil
	}
	b, err := os.ReadFile(filepath.Join(root, "app", "translations", language+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any // plurals have forms
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for english, here := range all {
		if one, ok := here.(string); ok {
			said[english] = one
		}
	}
	return said
}

// keep takes a picture once something stays where it is, and is painted: a large
// window without a graphics card takes its time.
func (w *walk) keep(name, spotName string) {
	w.t.Helper()
	if spotName != "" {
		w.steady(spotName, func(s *screen) spot { return s.Spots[spotName] })
	}
	name = filepath.Join("looks", w.look+"-"+name)
	var last *image.NRGBA
	var since time.Time
	w.wait("a picture of "+name+" that stays", func(*screen) bool {
		w.portrait(name)
		now := w.pixels(name)
		if last == nil || unlike(last, now) {
			last, since = now, time.Now()
		}
		return time.Since(since) > 500*time.Millisecond
	})
}

// pixels are those of a picture that was taken.
func (w *walk) pixels(name string) *image.NRGBA {
	w.t.Helper()
	f, err := os.Open(filepath.Join(root, "build", "shots", name+".png"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		w.t.Fatal(err)
	}
	out := image.NewNRGBA(img.Bounds())
	draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Src)
	return out
}

// unlike tells whether more than a caret is another in two pictures.
func unlike(a, b *image.NRGBA) bool {
	const caret = 4000 // bytes
	n := 0
	for i := range a.Pix {
		if i < len(b.Pix) && a.Pix[i] != b.Pix[i] {
			n++
		}
	}
	return n > caret || len(a.Pix) != len(b.Pix)
}

func (w *walk) all(r *relay) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Join(bin, "shots", "looks"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	w.start()
	w.wait("the welcome", func(s *screen) bool { return s.Screen == "welcome" })
	w.fit()
	w.keep("welcome", "continue")
	for _, way := range []string{"invited", "another", "recovered"} {
		w.click(way)
		w.keep("welcome-"+way, "continue")
	}
	w.kill()
	w.start("--name", "Maria da Conceição Albuquerque de Vasconcelos e Sousa", "--join", r.invite())
	w.wait("the main window", func(s *screen) bool {
		return s.Screen == "main" && s.Connection == "connected" && s.Conversation != nil
	})
	w.fit()
	w.keep("empty", "composer")
	ines := join(w.t, r, "Ines Tavares")
	me := &person{t: w.t, name: "Maria", dir: w.profile}
	files := w.t.TempDir()
	ines.ctl("send", "--to", w.me(), "--text", "Morning! Did the **rushes** come through? The notes are at https://example.org/notes (page 3), `make rushes`.")
	me.ctl("send", "--to", "Ines Tavares", "--text", "They did, all of them 🎬 明日の朝、港で会いましょう ❤️")
	me.ctl("send", "--to", "Ines Tavares", "--text", "👍🎬")
	photo, plan, film := filepath.Join(files, "harbour.jpg"), filepath.Join(files, "shotlist-v7.pdf"), filepath.Join(files, "a-name-that-somebody-gave-to-the-very-last-version.mov")
	painted(w.t, photo, 1600, 1000, 40)
	makeFile(w.t, plan, 84_000, 5)
	makeFile(w.t, film, 12_000_000, 6)
	ines.ctl("send", "--to", w.me(), "--text", "Reference for the evening look", "--file", photo)
	ines.ctl("send", "--to", w.me(), "--file", plan)
	ines.ctl("send", "--to", w.me(), "--file", film)
	ines.ctl("send", "--to", w.me(), "--text", "Perfect.")
	if s, _ := w.now(); s.Spots["list"].W > 0 {
		w.opens("Ines Tavares")
	} else {
		w.key("alt+Up")
	}
	w.hears("Perfect.")
	w.keep("chat-top", "composer")
	w.key("ctrl+Up", "End", "Escape") // the newest, also where a window is low
	w.wait("the end", func(s *screen) bool {
		b := find(s, func(b *bubble) bool { return b.Text == "Perfect." })
		return b != nil && b.Spots[""].H > 0
	})
	is := func(b *bubble) bool { return b.File == "shotlist-v7.pdf" }
	w.pressOn(cmp.Or(w.says["Download"], "Download"), is)
	w.wait("the list", func(s *screen) bool { b := find(s, is); return b != nil && b.Path != "" })
	w.keep("chat", "composer")
	w.sheets(photo, plan, film)
}

// me is what the person is called.
func (w *walk) me() string { return "Maria da Conceição Albuquerque de Vasconcelos e Sousa" }

// sheets goes through what lies over the conversation.
func (w *walk) sheets(paths ...string) {
	w.t.Helper()
	full := map[string]func(*screen) bool{ // what comes after the sheet itself
		"new":    func(s *screen) bool { return len(s.Sheet.People) > 0 },
		"invite": func(s *screen) bool { return s.Sheet.Link != "" },
		"person": func(s *screen) bool { return s.Sheet.Digits != "" },
		"media":  func(s *screen) bool { return len(s.Sheet.Files) > 0 },
	}
	there := func(name string) {
		w.wait(name, func(s *screen) bool {
			return s.Sheet != nil && s.Sheet.Name == name && (full[name] == nil || full[name](s))
		})
	}
	sheet := func(name, key, spotName string) {
		w.key(key)
		there(name)
		w.keep(name, spotName)
		w.key("Escape")
		w.wait("no sheet", func(s *screen) bool { return s.Sheet == nil })
	}
	sheet("new", "ctrl+n", "sheet-search")
	sheet("invite", "ctrl+i", "copy")
	sheet("transfers", "ctrl+j", "sheet-close")
	sheet("keyboard", "ctrl+slash", "sheet-close")
	w.key("ctrl+comma")
	w.wait("the settings", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Page != "" })
	for i, page := range []string{"profile", "devices", "notifications", "appearance", "downloads", "stores", "storage", "relay", "about"} {
		if i == 0 {
			w.key("Up") // it opens at the devices
		} else {
			w.key("Down") // in a small window not all names can be seen
		}
		w.wait("the page "+page, func(s *screen) bool { return s.Sheet != nil && s.Sheet.Page == page })
		w.keep("settings-"+page, "page-"+page)
	}
	w.key("Escape")
	w.wait("no sheet", func(s *screen) bool { return s.Sheet == nil })
	for _, what := range []string{"person", "media"} {
		w.click(what)
		there(what)
		w.keep(what, "sheet-close")
		w.key("Escape")
		w.wait("no sheet", func(s *screen) bool { return s.Sheet == nil })
	}
	w.dropped(paths...)
	w.wait("what will go", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Files) == len(paths) })
	w.keep("send", "sheet-send")
	w.key("Escape")
	w.wait("no sheet", func(s *screen) bool { return s.Sheet == nil })
	w.click("emoji")
	w.wait("the emoji", func(s *screen) bool { return s.Dialog })
	w.keep("emoji", "")
	w.key("Escape")
	w.wait("no emoji", func(s *screen) bool { return !s.Dialog })
	w.key("ctrl+k")
	w.typed("har")
	w.wait("a hit", func(s *screen) bool {
		for _, r := range s.Rows {
			if r.Message != "" {
				return true
			}
		}
		return false
	})
	w.keep("search", "search")
	w.key("Escape")
	w.key("Escape")
	w.wait("the list", func(s *screen) bool { return len(s.Rows) > 1 && !strings.Contains(s.Rows[0].Name, "har") })
}
