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
