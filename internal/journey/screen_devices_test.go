//go:build journey

package journey

import (
	"strings"
	"testing"
)

// Two windows of one person: the second is linked, has the history, and is told
// when it is removed. By day and by night.
func TestTwoDevicesInWindows(t *testing.T) {
	t.Parallel()
	d := newDisplay(t, 2040, 860)
	left, right := [4]int{4, 30, 1000, 800}, [4]int{1030, 30, 1000, 800}
	mara := d.open("Mara", t.TempDir(), left, "--relay-listen", freePort(t), "--name", "Mara Reyes")
	mara.wait("notes to self", func(s *screen) bool { return s.Conversation != nil && s.Connection == "connected" })
	mara.say("Buy film for the old camera")

	mara.click("settings")
	mara.wait("one device", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Lines) == 1 })
	mara.click("link-device")
	mara.wait("a link", func(s *screen) bool { return s.Sheet != nil && strings.Contains(s.Sheet.Link, "link=") })
	d.picture("link-device")
	link := mara.wait("a link", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Link != "" }).Sheet.Link
	laptop := &window{t: t, d: d, who: "laptop", profile: t.TempDir(), theme: "dark", at: right, state: t.TempDir() + "/laptop.json"}
	laptop.start()
	laptop.click("another")
	laptop.click("code")
	laptop.typed(link)
	d.picture("welcome-another-device")
	laptop.click("continue")
	digits := mara.wait("digits", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Digits != "" }).Sheet.Digits
	laptop.wait("the same digits", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Digits == digits })
	d.picture("digits")
	laptop.click("same")
	mara.click("same")
	laptop.wait("the history", func(s *screen) bool {
		return s.Screen == "main" && s.Sheet == nil && find(s, func(b *bubble) bool { return b.Text == "Buy film for the old camera" }) != nil
	})
	mara.wait("it is linked", func(s *screen) bool { return s.Sheet != nil && strings.Contains(s.Sheet.Words, "is linked") })
	d.picture("linked")
	mara.click("close")

	mara.click("settings")
	mara.wait("two devices", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Lines) == 2 })
	laptop.click("settings")
	laptop.wait("two devices", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Lines) == 2 })
	d.picture("devices")
	laptop.click("recovery-file")
	laptop.wait("the recovery file", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Name == "recovery" })
	mara.click("remove-1")
	mara.wait("the question", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Name == "remove" })
	d.picture("remove-device")
	mara.click("remove")
	mara.wait("one device", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Lines) == 1 })
	laptop.wait("the end", func(s *screen) bool { return s.Connection == "refused" && strings.Contains(s.Notice, "removed") })
	laptop.click("close")
	d.picture("removed")
}
