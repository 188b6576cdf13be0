//go:build journey

package journey

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Two people in two real windows, from the welcome to files in all forms, a
// kill, and a start that finds everything again.
func TestWindows(t *testing.T) {
	t.Parallel()
	d := newDisplay(t, 2040, 860)
	left, right := [4]int{4, 30, 1000, 800}, [4]int{1030, 30, 1000, 800}
	listen := freePort(t)

	// A name, one click, and notes to self work.
	mara := d.open("Mara", t.TempDir(), left, "--relay-listen", listen)
	mara.wait("the welcome", func(s *screen) bool { return s.Screen == "welcome" })
	d.picture("welcome")
	mara.click("name")
	mara.typed("Mara Reyes")
	mara.wait("the name", func(s *screen) bool { return s.Welcome.Name == "Mara Reyes" })
	mara.click("continue")
	mara.wait("the main window, connected", func(s *screen) bool { return s.Screen == "main" && s.Connection == "connected" && len(s.Rows) == 1 })
	mara.press(*mara.wait("notes to self", func(s *screen) bool { return len(s.Rows) == 1 && s.Rows[0].Spot != nil }).Rows[0].Spot)
	mara.wait("the conversation", func(s *screen) bool { return s.Conversation != nil && s.Spots["composer"].W > 0 })
	mara.say("Buy film for the old camera")
	d.picture("notes-to-self")

	// One more click, an invitation; the second person pastes it.
	mara.click("invite-somebody")
	link := mara.wait("the invitation", func(s *screen) bool { return s.Sheet != nil && strings.HasPrefix(s.Sheet.Link, "satchel://") }).Sheet.Link
	d.picture("invitation")
	mara.click("copy")
	ines := d.open("Ines", t.TempDir(), right)
	ines.click("name")
	ines.typed("Ines Tavares")
	ines.click("invited")
	ines.click("link")
	ines.typed("satchel://not-an-invitation")
	ines.click("continue")
	ines.wait("a sentence about the link", func(s *screen) bool {
		return s.Screen == "welcome" && s.Welcome.Reason != "" && s.Welcome.Name == "Ines Tavares"
	})
	d.picture("wrong-link")
	ines.click("link")
	ines.key("ctrl+a", "ctrl+v")
	ines.wait("the pasted link", func(s *screen) bool { return s.Welcome.Link == link })
	ines.click("continue")
	ines.wait("the main window", func(s *screen) bool { return s.Screen == "main" && s.Connection == "connected" })
	if s, _ := mara.now(); s.Sheet != nil {
		mara.click("close")
	}

	// They find each other and write twenty messages each.
	ines.click("new")
	s := ines.wait("Mara in the directory", func(s *screen) bool { return s.Sheet != nil && slices.Contains(s.Sheet.People, "Mara Reyes") })
	ines.click(fmt.Sprintf("person-%d", slices.Index(s.Sheet.People, "Mara Reyes")))
	ines.wait("the conversation", func(s *screen) bool {
		return s.Conversation != nil && s.Conversation.Name == "Mara Reyes" && s.Sheet == nil
	})
	ines.say("Morning! Did the rushes from the harbour come through?")
	row := func(s *screen) *spot {
		for _, r := range s.Rows {
			if r.Name == "Ines Tavares" {
				return r.Spot
			}
		}
		return nil
	}
	mara.press(*row(mara.wait("Ines in the list", func(s *screen) bool { return row(s) != nil })))
	mara.hears("Morning! Did the rushes from the harbour come through?")
	for i := range 20 {
		m, n := fmt.Sprintf("From Mara, number %d of twenty", i+1), fmt.Sprintf("And back from Ines, number %d", i+1)
		mara.say(m)
		ines.hears(m)
		if i < 19 {
			ines.say(n)
			mara.hears(n)
		}
	}
	d.picture("twenty-each-way")

	// The hard files, dropped; each is fetched by a click and equal.
	paths, sums := hardFiles(t, filepath.Join(t.TempDir(), "from"))
	for _, p := range paths {
		mara.dropped(p)
		mara.wait("the send sheet", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Name == "send" && len(s.Sheet.Files) == 1 })
		if p == paths[0] {
			d.picture("send-sheet")
		}
		mara.click("sheet-send")
		name := filepath.Base(p)
		mine := func(b *bubble) bool { return b.Mine && b.File == name }
		if strings.HasSuffix(name, ".bin") {
			mara.wait("the upload in the bubble", func(s *screen) bool {
				b := find(s, mine)
				return b != nil && (b.Transfer == "moving" && b.Offset > 0 || b.Seq > 0)
			})
			d.picture("uploading")
		}
		mara.wait(name+" at the relay", func(s *screen) bool { b := find(s, mine); return b != nil && b.Seq > 0 })
		theirs := func(b *bubble) bool { return !b.Mine && b.SHA256 == sums[name] }
		seen := ines.wait(name+" announced", func(s *screen) bool { return find(s, theirs) != nil })
		if f := find(seen, theirs).File; f != name && name != `..\..\evil.sh` {
			t.Errorf("%q arrived as %q", name, f)
		}
		d.picture("announced-" + map[bool]string{true: "picture", false: "file"}[name == "photo.jpg"])
		ines.pressOn("Download", theirs)
		if strings.HasSuffix(name, ".bin") {
			ines.wait("the download in the bubble", func(s *screen) bool {
				b := find(s, theirs)
				return b.Transfer == "moving" && b.Offset > 0 || b.Path != ""
			})
			d.picture("downloading")
		}
		got := ines.wait(name+" here", func(s *screen) bool { b := find(s, theirs); return b != nil && b.Path != "" })
		path := find(got, theirs).Path
		if sumOf(t, path) != sums[name] {
			t.Errorf("%s differs on the other side", name)
		}
		if base := filepath.Base(path); strings.ContainsAny(base, `\/`) || strings.HasPrefix(base, ".") {
			t.Errorf("%q lies here as %q", name, path)
		}
	}
	d.picture("files")

	// Pasting: a file as file managers copy it, then a picture.
	note := filepath.Join(t.TempDir(), "pasted.txt")
	if err := os.WriteFile(note, []byte("pasted\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ines.clipboard("text/uri-list", "file://"+note+"\r\n")
	ines.click("composer")
	ines.key("ctrl+v")
	ines.wait("the send sheet", func(s *screen) bool {
		return s.Sheet != nil && s.Sheet.Name == "send" && slices.Contains(s.Sheet.Files, note)
	})
	ines.click("sheet-send")
	mara.wait("the pasted file", func(s *screen) bool {
		return find(s, func(b *bubble) bool { return !b.Mine && b.File == "pasted.txt" }) != nil
	})

	// A folder is counted before it is sent, and can be left where it is.
	mara.dropped(t.TempDir())
	mara.wait("the folder on the send sheet", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Title == "Send a folder" })
	mara.key("Escape")
	mara.wait("the conversation", func(s *screen) bool { return s.Sheet == nil })

	// A draft is written, then both are killed. All of it is there again.
	mara.click("composer")
	mara.typed("half a thought")
	mara.wait("the draft", func(s *screen) bool { return s.Draft == "half a thought" })
	before := mara.wait("all messages", func(s *screen) bool { return s.Conversation != nil })
	mara.cmd.Process.Signal(os.Interrupt)
	if code := mara.exit(t); code != 0 {
		t.Errorf("the program ended with %d: %s", code, mara.errs)
	}
	ines.wait("the connection gone", func(s *screen) bool { return s.Connection != "connected" })
	ines.click("composer")
	ines.typed("written while nobody was there")
	ines.key("Return")
	ines.wait("it waits", func(s *screen) bool {
		b := find(s, func(b *bubble) bool { return b.Text == "written while nobody was there" })
		return b != nil && b.Receipt == "waiting"
	})
	d.picture("relay-gone")
	ines.kill()
	mara.start("--relay-listen", listen)
	after := mara.wait("the conversation as it was", func(s *screen) bool {
		return s.Screen == "main" && s.Conversation != nil && s.Conversation.Name == "Ines Tavares" && s.Draft == "half a thought" && len(s.Messages) > 0
	})
	if a, b := before.Messages[len(before.Messages)-1].ID, after.Messages[len(after.Messages)-1].ID; a != b {
		t.Errorf("the last message was %s and is %s", a, b)
	}
	ines.start()
	mara.hears("written while nobody was there")
	ines.wait("the waiting message delivered", func(s *screen) bool {
		b := find(s, func(b *bubble) bool { return b.Text == "written while nobody was there" })
		return b != nil && b.Seq > 0
	})
	d.picture("after-the-kill")
}

// clipboard puts something on the display's clipboard; xclip serves it until
// the display is gone.
func (w *window) clipboard(kind, content string) {
	w.t.Helper()
	cmd := exec.Command("xclip", "-selection", "clipboard", "-t", kind)
	cmd.Env = append(os.Environ(), "DISPLAY="+w.d.name)
	cmd.Stdin = strings.NewReader(content)
	if err := cmd.Run(); err != nil {
		w.t.Fatal(err)
	}
}
