//go:build journey

package journey

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rowOf is where the list has a conversation.
func rowOf(name string) func(*screen) spot {
	return func(s *screen) spot {
		for _, r := range s.Rows {
			if r.Name == name && r.Spot != nil {
				return *r.Spot
			}
		}
		return spot{}
	}
}

// opens chooses a conversation in the list.
func (w *window) opens(name string) {
	w.t.Helper()
	w.press(w.steady(name+" in the list", rowOf(name)))
	w.wait(name+" open", func(s *screen) bool { return s.Conversation != nil && s.Conversation.Name == name })
}

// picks ticks somebody on the sheet.
func (w *window) picks(name string) {
	w.t.Helper()
	w.press(w.steady(name+" on the sheet", func(s *screen) spot {
		if s.Sheet == nil {
			return spot{}
		}
		for i, p := range s.Sheet.People {
			if p == name {
				return s.Spots["person-"+strconv.Itoa(i)]
			}
		}
		return spot{}
	}))
}

// A group, made with the pointer and the keyboard in a real window: people come
// in, are mentioned by a name that the composer completes, and one leaves. The
// others are at their prompts.
func TestGroupInWindows(t *testing.T) {
	t.Parallel()
	d := newDisplay(t, 2040, 860)
	left, right := [4]int{4, 30, 1000, 800}, [4]int{1030, 30, 1000, 800}
	profile := t.TempDir()
	mara := d.open("Mara", profile, left, "--relay-listen", freePort(t), "--name", "Mara Reyes")
	mara.wait("notes to self", func(s *screen) bool { return s.Conversation != nil && s.Connection == "connected" })
	self := &person{t: t, name: "Mara Reyes", dir: profile}
	joao := &person{t: t, name: "Joao Lima", dir: t.TempDir()}
	joao.ctl("join", self.link(), "--name", joao.name)
	ines := &window{t: t, d: d, who: "Ines", profile: t.TempDir(), theme: "dark", at: right, state: t.TempDir() + "/ines.json"}
	ines.start("--name", "Ines Tavares", "--join", self.link())
	ines.wait("the main window", func(s *screen) bool { return s.Screen == "main" && s.Connection == "connected" })

	mara.click("new")
	mara.click("group")
	mara.click("name")
	mara.typed("Film crew")
	mara.picks("Ines Tavares")
	d.picture("new-group")
	mara.click("do")
	mara.wait("the group", func(s *screen) bool { return s.Conversation != nil && s.Conversation.Name == "Film crew" })
	mara.click("composer")
	mara.typed("Rushes at three, @in")
	mara.wait("a name to choose", func(s *screen) bool { return s.Draft == "Rushes at three, @in" && len(s.Offered) == 1 })
	d.picture("mention")
	mara.key("Tab")
	mara.wait("the whole name", func(s *screen) bool { return s.Draft == "Rushes at three, @Ines Tavares " })
	mara.key("Return")
	ines.opens("Film crew")
	ines.hears("Rushes at three, @Ines Tavares")

	mara.click("person")
	mara.click("add")
	mara.picks("Joao Lima")
	d.picture("add-people")
	mara.click("do")
	mara.wait("three people", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Name == "group" && len(s.Sheet.Lines) == 3 })
	ines.click("person")
	ines.wait("three people", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Lines) == 3 })
	mara.click("more-1")
	d.picture("group")
	mara.key("Escape")
	ines.click("leave")
	d.picture("leave-group")
	ines.click("leave")
	ines.wait("that she left", func(s *screen) bool { return strings.HasPrefix(s.Closed, "You left") })
	mara.wait("two people", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Lines) == 2 })
	d.picture("left-group")
	if got := strings.Join(joao.ctl("history", "--with", "Film crew"), "\n"); !strings.Contains(got, "Rushes at three") {
		t.Errorf("Joao can't read what was before: %s", got)
	}
	if s, _ := mara.now(); !slices.Contains(s.Sheet.Lines, "Joao Lima, member") {
		t.Errorf("the page lists %q", s.Sheet.Lines)
	}
}
