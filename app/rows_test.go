package app

import (
	"testing"

	"satchel/chat"
)

// A connection that can't be had is said once, not at each attempt: the line, and with
// it the window, stays as it is until there is one again.
func TestLostConnectionIsSaidOnce(t *testing.T) {
	var m model
	gone := "The relay can't be reached."
	for _, step := range []struct {
		is   chat.ConnectionChanged
		line string
	}{
		{chat.ConnectionChanged{State: chat.Connecting}, "Connecting…"},
		{chat.ConnectionChanged{State: chat.Disconnected, Reason: gone}, "Not connected, trying again…"},
		{chat.ConnectionChanged{State: chat.Connecting, Reason: gone}, "Not connected, trying again…"},
		{chat.ConnectionChanged{State: chat.Disconnected, Reason: gone}, "Not connected, trying again…"},
		{chat.ConnectionChanged{State: chat.Connected}, "Catching up…"},
		{chat.ConnectionChanged{State: chat.Connecting}, "Connecting…"},
	} {
		m.connection = step.is
		if line, _ := m.connectionLine(); line != step.line {
			t.Errorf("%v: %q, and is to be %q", step.is, line, step.line)
		}
	}
}

// A name says nothing else in a row than in a bubble: what would turn it round is gone.
func TestRowsTurnNothing(t *testing.T) {
	for in, want := range map[string]string{
		"\u202egnp.exe": "gnp.exe", "two\nlines.txt": "two lines.txt", "a\u2066b\u2069\x00c": "abc",
		"שלום 12.pdf": "שלום 12.pdf", "  of   words ": "of words",
	} {
		if got := oneLine(in); got != want {
			t.Errorf("%q is %q, and is to be %q", in, got, want)
		}
	}
}
