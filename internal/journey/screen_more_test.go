//go:build journey

package journey

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"satchel/internal/pulse"
)

// The journeys of one window, with the others at their prompts. `make journeys`
// runs them; each leaves its pictures in build/shots.

// desk is a window on a display, on a relay of its own, with a friend at a prompt.
func desk(t *testing.T, theme string) (d *display, r *relay, mara *window, ines *person) {
	t.Helper()
	return deskWith(t, theme, nil)
}

// deskWith is a desk with more in its programs' environment.
func deskWith(t *testing.T, theme string, env []string) (d *display, r *relay, mara *window, ines *person) {
	t.Helper()
	t.Parallel()
	d = newDisplay(t, 1240, 860)
	d.more = env
	r = newRelay(t)
	ines = join(t, r, "Ines Tavares")
	mara = &window{t: t, d: d, who: "Mara", profile: t.TempDir(), theme: theme, at: [4]int{10, 30, 1200, 780}, state: t.TempDir() + "/mara.json"}
	mara.start("--name", "Mara Reyes", "--join", r.invite())
	mara.wait("the main window", func(s *screen) bool {
		return s.Screen == "main" && s.Connection == "connected" && s.Conversation != nil
	})
	ines.ctl("send", "--to", "Mara Reyes", "--text", "Morning! Did the rushes come through?")
	return d, r, mara, ines
}

func shows(text string) func(*screen) bool {
	return func(s *screen) bool { return find(s, func(b *bubble) bool { return b.Text == text }) != nil }
}

// rightClick opens the menu of a message.
func (w *window) rightClick(text string) {
	w.t.Helper()
	p := w.steady("the bubble "+text, func(s *screen) spot {
		if b := find(s, func(b *bubble) bool { return b.Text == text }); b != nil {
			return b.Spots[""]
		}
		return spot{}
	})
	w.place()
	w.d.do("xdotool", "windowactivate", "--sync", w.id)
	w.d.do("xdotool", "mousemove", strconv.Itoa(w.x+p.X+p.W/2), strconv.Itoa(w.y+p.Y+p.H/2), "click", "3")
	w.wait("a menu", func(s *screen) bool { return s.Dialog })
}

// Without a pointer: begin, find somebody, write, edit, search, go back and forth.
func TestScreenKeyboard(t *testing.T) {
	t.Parallel()
	d := newDisplay(t, 1240, 860)
	r := newRelay(t)
	ines := join(t, r, "Ines Tavares")
	mara := d.open("Mara", t.TempDir(), [4]int{10, 30, 1200, 780}, "--join", r.invite())
	mara.typed("Mara Reyes")
	mara.wait("the name", func(s *screen) bool { return s.Welcome != nil && s.Welcome.Name == "Mara Reyes" })
	mara.key("Return")
	mara.wait("the main window", func(s *screen) bool {
		return s.Screen == "main" && s.Connection == "connected" && s.Conversation != nil
	})

	mara.key("ctrl+n")
	mara.wait("people", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.People) == 1 })
	mara.typed("ines")
	mara.key("Return")
	mara.wait("the conversation", func(s *screen) bool { return s.Conversation.Name == "Ines Tavares" && s.Sheet == nil })
	mara.typed("The harbor at three")
	mara.key("Return")
	mara.wait("it is stored", func(s *screen) bool {
		b := find(s, func(b *bubble) bool { return b.Text == "The harbor at three" })
		return b != nil && b.Seq > 0
	})
	mara.key("Up")
	mara.wait("it is edited", func(s *screen) bool { return s.Draft == "The harbor at three" })
	mara.key("ctrl+a")
	mara.typed("The harbour at three")
	mara.key("Return")
	mara.wait("the better word", shows("The harbour at three"))
	if got := strings.Join(ines.ctl("history", "--with", "Mara Reyes"), " "); !strings.Contains(got, "harbour at three") {
		t.Errorf("Ines has %s", got)
	}
	mara.key("alt+Down")
	mara.wait("notes to self", func(s *screen) bool { return s.Conversation.Name != "Ines Tavares" })
	mara.key("ctrl+k")
	mara.typed("harbour")
	mara.wait("a hit", func(s *screen) bool {
		for _, r := range s.Rows {
			if r.Message != "" {
				return true
			}
		}
		return false
	})
	d.picture("keyboard-search")
	mara.key("Return")
	mara.wait("the hit", func(s *screen) bool { return s.Conversation.Name == "Ines Tavares" && shows("The harbour at three")(s) })
	mara.key("Escape")
	mara.typed("and typing goes on")
	mara.wait("the words", func(s *screen) bool { return s.Draft == "and typing goes on" })

	// Space is a key and a character: it presses and chooses, and is not written.
	mara.key("ctrl+a", "BackSpace", "ctrl+i")
	mara.wait("the invitation", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Link != "" })
	mara.wait("the keyboard at what copies it", func(s *screen) bool { return s.Focus == "Copy link" })
	mara.key("Tab")
	mara.wait("the keyboard at what closes it", func(s *screen) bool { return s.Focus == "Close" })
	mara.key("space")
	mara.wait("the conversation", func(s *screen) bool { return s.Sheet == nil })
	mara.typed("one")
	mara.key("Return")
	mara.wait("a second message", shows("one"))
	mara.key("ctrl+Up", "space", "Up", "space")
	mara.wait("both chosen", func(s *screen) bool { return s.Picked == 2 && s.Draft == "" })
	d.picture("keyboard-chosen")
	mara.key("Escape", "Escape")
	mara.wait("none chosen", func(s *screen) bool { return s.Picked == 0 })

	// A group; and what lies over the window has the keyboard, also after a click.
	mara.key("ctrl+n")
	mara.wait("people", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.People) == 1 })
	mara.key("Tab", "Tab", "Return")
	mara.wait("a new group", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Name == "new-group" && len(s.Sheet.People) == 1 })
	mara.typed("Harbour")
	mara.key("Tab", "Tab", "space", "Tab", "Tab", "Return")
	mara.wait("the group", func(s *screen) bool { return s.Sheet == nil && s.Conversation.Name == "Harbour" && s.Draft == "" })
	photo := filepath.Join(t.TempDir(), "pier.jpg")
	painted(t, photo, 640, 400, 30)
	mara.dropped(photo)
	mara.wait("the send sheet", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Files) == 1 })
	mara.typed("the pier")
	mara.key("Return")
	mara.wait("the picture", func(s *screen) bool {
		b := find(s, func(b *bubble) bool { return b.File == "pier.jpg" })
		return b != nil && b.Seq > 0 && b.Text == "the pier"
	})
	mara.click("media")
	mara.wait("the picture among the media", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Files) == 1 })
	mara.key("Tab", "Return")
	mara.wait("the viewer", func(s *screen) bool { return s.Viewer == "pier.jpg" })
	mara.click("viewer-close")
	mara.wait("the conversation", func(s *screen) bool { return s.Viewer == "" })
	mara.typed("still writing")
	mara.wait("the words", func(s *screen) bool { return s.Draft == "still writing" })
}

// An answer by the menu, a reaction of somebody else, a deletion.
func TestScreenTalk(t *testing.T) {
	d, _, mara, ines := desk(t, "dark")
	mara.opens("Ines Tavares")
	mara.hears("Morning! Did the rushes come through?")
	mara.rightClick("Morning! Did the rushes come through?")
	d.picture("message-menu")
	mara.key("Down", "Return")
	mara.wait("the answer's bar", func(s *screen) bool { return strings.HasPrefix(s.Bar, "Reply to Ines") })
	mara.typed("They did, all of them")
	mara.key("Return")
	mara.wait("the answer", func(s *screen) bool {
		b := find(s, func(b *bubble) bool { return b.Text == "They did, all of them" })
		return b != nil && b.Seq > 0 && b.Answers != ""
	})
	if got := strings.Join(ines.ctl("history", "--with", "Mara Reyes"), " "); !strings.Contains(got, "They did, all of them") {
		t.Errorf("Ines has %s", got)
	}
	mara.wait("that it was read or came", func(s *screen) bool {
		b := find(s, func(b *bubble) bool { return b.Text == "They did, all of them" })
		return b != nil && (b.Receipt == "delivered" || b.Receipt == "read")
	})
	d.picture("answer")
}

// The relay dies: everything can be read, written and searched; it is said
// once; what waits goes out when the relay is back.
func TestScreenRelayGone(t *testing.T) {
	d, r, mara, ines := desk(t, "light")
	mara.opens("Ines Tavares")
	mara.say("Before the storm")
	r.run.kill()
	mara.wait("no connection", func(s *screen) bool { return s.Connection != "connected" })
	mara.click("composer")
	mara.typed("In the middle of it")
	mara.key("Return")
	mara.wait("it waits", func(s *screen) bool {
		b := find(s, func(b *bubble) bool { return b.Text == "In the middle of it" })
		return b != nil && b.Receipt == "waiting"
	})
	d.picture("relay-gone")
	mara.key("ctrl+k")
	mara.typed("storm")
	mara.wait("it is found", func(s *screen) bool {
		for _, r := range s.Rows {
			if r.Message != "" {
				return true
			}
		}
		return false
	})
	mara.key("Escape")
	r.start()
	mara.wait("it is sent", func(s *screen) bool {
		b := find(s, func(b *bubble) bool { return b.Text == "In the middle of it" })
		return b != nil && b.Seq > 0
	})
	if got := strings.Join(ines.ctl("history", "--with", "Mara Reyes"), " "); strings.Count(got, "In the middle of it") != 1 {
		t.Errorf("Ines has %s", got)
	}
}

// A word far up in a long conversation is found and jumped to.
func TestScreenSearch(t *testing.T) {
	d, _, mara, ines := desk(t, "light")
	ines.ctl("send", "--to", "Mara Reyes", "--text", "The needle lies in the blue box")
	for i := range 100 {
		ines.ctl("send", "--to", "Mara Reyes", "--text", fmt.Sprintf("Hay, bale %d", i))
	}
	mara.opens("Ines Tavares") // where what is new begins
	mara.hears("The needle lies in the blue box")
	mara.key("ctrl+Up", "End", "Escape")
	mara.hears("Hay, bale 99")
	mara.click("search")
	mara.typed("needle")
	hit := func(s *screen) spot {
		for _, r := range s.Rows {
			if r.Message != "" && r.Spot != nil {
				return *r.Spot
			}
		}
		return spot{}
	}
	p := mara.steady("the hit", hit)
	d.picture("search")
	mara.press(p)
	mara.wait("the message on the screen", func(s *screen) bool {
		b := find(s, func(b *bubble) bool { return strings.HasPrefix(b.Text, "The needle") })
		return b != nil && b.Spots[""].H > 0
	})
	d.picture("search-jump")
}

// Pictures sent together are an album; the viewer goes through them.
func TestScreenPictures(t *testing.T) {
	d, _, mara, ines := desk(t, "dark")
	dir := t.TempDir()
	args := []string{"send", "--to", "Mara Reyes"}
	for i := range 3 {
		path := filepath.Join(dir, fmt.Sprintf("harbour-%d.jpg", i))
		painted(t, path, 1600, 1000+200*i, uint8(60*i))
		args = append(args, "--file", path)
	}
	ines.ctl(args...)
	mara.opens("Ines Tavares")
	for i := range 3 {
		name := fmt.Sprintf("harbour-%d.jpg", i)
		mara.wait(name, func(s *screen) bool { return find(s, func(b *bubble) bool { return b.File == name }) != nil })
	}
	for i := range 3 {
		is := func(b *bubble) bool { return b.File == fmt.Sprintf("harbour-%d.jpg", i) }
		if s, _ := mara.now(); find(s, is).Path == "" {
			mara.pressOn("Download", is)
		}
		mara.wait("its file", func(s *screen) bool { b := find(s, is); return b != nil && b.Path != "" })
	}
	d.picture("album")
	mara.press(mara.steady("the first picture", func(s *screen) spot {
		b := find(s, func(b *bubble) bool { return b.File != "" })
		for name, p := range b.Spots {
			if name != "" {
				return p
			}
		}
		return b.Spots[""]
	}))
	mara.wait("the viewer", func(s *screen) bool { return s.Viewer != "" })
	d.picture("viewer")
	first, _ := mara.now()
	mara.key("Right")
	mara.wait("the next one", func(s *screen) bool { return s.Viewer != "" && s.Viewer != first.Viewer })
	mara.click("viewer-copy")
	mara.wait("it is copied", func(s *screen) bool { return s.Notice == "The picture is on the clipboard." })
	d.picture("viewer-copied")
	mara.key("Escape")
	mara.wait("the conversation", func(s *screen) bool { return s.Viewer == "" })
	mara.key("ctrl+v")
	mara.wait("it is pasted", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Name == "send" && len(s.Sheet.Files) == 1 })
	mara.key("Escape")
	mara.wait("the conversation", func(s *screen) bool { return s.Sheet == nil })

	report := filepath.Join(dir, "shotlist-v7.pdf")
	makeFile(t, report, 84_000, 5)
	ines.ctl("send", "--to", "Mara Reyes", "--file", report)
	mara.wait("the list", func(s *screen) bool {
		return find(s, func(b *bubble) bool { return b.File == "shotlist-v7.pdf" }) != nil
	})
	mara.click("media")
	mara.wait("the pictures", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Files) == 3 })
	mara.steady("the tabs", func(s *screen) spot { return s.Spots["pictures"] })
	d.picture("media")
	mara.click("files")
	mara.wait("the files", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Files) == 1 })
	d.picture("media-files")
	mara.click("find")
	mara.typed("harbour")
	mara.wait("no file of that name", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Files) == 0 })
	mara.key("Escape")
}

// A sound is heard and a voice message spoken, in a window with a sound server.
func TestScreenSound(t *testing.T) {
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			env := pulse.Serve(t)
			d, _, mara, ines := deskWith(t, theme, env)
			path := filepath.Join(t.TempDir(), "harbour-atmo.wav")
			swell(t, path, 20)
			ines.ctl("send", "--to", "Mara Reyes", "--file", path)
			mara.opens("Ines Tavares")
			is := func(b *bubble) bool { return b.File == "harbour-atmo.wav" }
			mara.wait("the sound", func(s *screen) bool { return find(s, is) != nil })
			d.picture("sound-" + theme)
			mara.pressOn("Play", is)
			mara.wait("it plays", func(s *screen) bool { b := find(s, is); return b.Playing && b.Heard > 2 })
			d.picture("sound-plays-" + theme)
			mara.pressOn("Pause", is)
			mara.wait("it waits", func(s *screen) bool { return !find(s, is).Playing })
			mara.pressOn("Play from here", is)
			mara.wait("it plays in its middle", func(s *screen) bool { b := find(s, is); return b.Playing && b.Heard > 9 })

			mara.key("ctrl+r") // the microphone hears silence: what played, stopped
			mara.wait("it records", func(s *screen) bool { return s.Voice != nil && s.Voice.Seconds > 2 && !find(s, is).Playing })
			d.picture("voice-" + theme)
			mara.key("space")
			mara.wait("it waits", func(s *screen) bool { return s.Voice.Paused })
			d.picture("voice-paused-" + theme)
			mara.key("Return")
			sent := func(b *bubble) bool { return strings.HasPrefix(b.File, "Voice message ") }
			mara.wait("it was sent", func(s *screen) bool {
				b := find(s, sent)
				return s.Voice == nil && b != nil && b.Receipt == "sent" && b.Path != ""
			})
			if got := parse(t, ines.ctl("history", "--with", "Mara Reyes")...); len(got) != 3 {
				t.Errorf("%+v", got)
			}
			d.picture("voice-sent-" + theme)
		})
	}
}

// swell writes a WAV that swells, so many seconds long.
func swell(t *testing.T, path string, seconds int) {
	t.Helper()
	const rate = 16_000
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, 2*rate)
	b = append(b, "\x02\x00\x10\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(2*rate*seconds))
	for i := range rate * seconds {
		at := float64(i) / rate
		loud := 0.15 + 0.85*math.Abs(math.Sin(at*1.7)*math.Cos(at*0.6+1))
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(9000*loud*math.Sin(at*2*math.Pi*220))))
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Two people compare the number, and both are marked.
func TestScreenVerify(t *testing.T) {
	d, _, mara, ines := desk(t, "light")
	mara.opens("Ines Tavares")
	mara.click("person")
	number := mara.wait("the number", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Digits) > 20 }).Sheet.Digits
	d.picture("safety-number")
	if there := strings.Join(ines.ctl("verify", "Mara Reyes"), " "); !strings.Contains(strings.ReplaceAll(there, " ", ""), strings.ReplaceAll(strings.ReplaceAll(number, " ", ""), "\n", "")) {
		t.Errorf("Mara sees %q, Ines %s", number, there)
	}
	mara.click("same")
	mara.wait("the mark", func(s *screen) bool { return s.Conversation.Verified })
	d.picture("verified")
}

// What somebody hostile writes is shown, cut where it must be, and nothing freezes.
func TestScreenHostile(t *testing.T) {
	d, r, mara, ines := desk(t, "light")
	mara.opens("Ines Tavares")
	for _, text := range []string{
		strings.Repeat("all work and no play ", 5800), // 119 KiB
		strings.Repeat("🎬", 10_000),
		strings.Repeat("x", 60_000), // one word
		"\u202eevil.exe txt. " + "שלום עולם, مرحبا بالعالم",
		strings.Repeat("Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a\u032f\u031e\u0320\u034d", 60),
		"**" + strings.Repeat("[a](", 2000) + "`" + strings.Repeat("*", 3000),
	} {
		ines.ctl("send", "--to", "Mara Reyes", "--text", text)
	}
	for i, size := range [][2]int{{30_000, 1}, {1, 30_000}} {
		line := filepath.Join(t.TempDir(), fmt.Sprintf("line-%d.jpg", i))
		painted(t, line, size[0], size[1], 90)
		ines.ctl("send", "--to", "Mara Reyes", "--file", line)
	}
	ines.ctl("send", "--to", "Mara Reyes", "--text", "and that was all")
	mara.hears("and that was all")
	d.picture("hostile")
	mara.say("still here")
	mara.key("Prior", "Prior")
	mara.say("and after scrolling, too")
	d.picture("hostile-end")
	mara.key("ctrl+Up")
	for i := range 3 { // through all of it, from its end
		mara.key("Prior")
		mara.steady("the list", func(s *screen) spot { return s.Spots["list"] })
		d.picture(fmt.Sprintf("hostile-up-%d", i))
	}
	mara.key("Escape")
	name := strings.TrimSpace(strings.Repeat("Ångström ", 7))
	long := join(t, r, name)
	long.ctl("send", "--to", "Mara Reyes", "--text", "My name is as long as names may be")
	mara.opens(name)
	mara.hears("My name is as long as names may be")
	d.picture("hostile-name")
}

// painted makes a picture of stripes.
func painted(t *testing.T, path string, w, h int, tone uint8) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y*255/h) ^ tone, 200 - tone, 255})
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := jpeg.Encode(f, img, &jpeg.Options{Quality: 85}); err != nil {
		t.Fatal(err)
	}
}
