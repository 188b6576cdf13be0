package session

import (
	"fmt"
	"testing"

	"satchel/chat"
	"satchel/net/link"
	"satchel/net/wire"
)

// The ticks that follow a message wait for company; all else takes along those
// that wait, in order, and files don't wait for what was answered.
func TestTicksWaitForCompany(t *testing.T) {
	s := &Session{inbox: make(chan event, 8), closing: make(chan struct{})}
	s.state.outbox = newOutbox()
	s.state.marks = map[chat.ConversationID]*markState{"c": {flight: "mark"}}
	came := func(f wire.Frame) event { return linked{link.Received{Frame: f}, s} }
	header := func(re string) wire.Header { return wire.Header{Re: re} }
	mark, told, entry := came(&wire.Mark{}), came(&wire.OK{Header: header("mark")}), came(&wire.Entry{})
	sent := came(&wire.Sent{Header: header("1")})
	word, other := call(func(*turn) {}), came(&wire.OK{Header: header("other")})
	for _, c := range []struct {
		name        string
		first, then []event
		goes        int
	}{
		{"a tick alone", []event{mark}, nil, 1},
		{"ticks", []event{mark}, []event{told, sent, mark}, 4},
		{"a tick and a word", []event{sent}, []event{mark, word}, 3},
		{"an entry", []event{entry}, nil, 1},
		{"a tick and an entry", []event{mark}, []event{entry}, 2},
		{"an answer that is no tick", []event{mark}, []event{other}, 2},
	} {
		s.state.outbox.flight["1"] = &flying{n: 1}
		left := false
		s.state.outbox.leave = func() { left = true }
		for _, e := range c.then {
			s.inbox <- e
		}
		if got := s.gather(c.first); len(got) != c.goes || len(s.inbox) > 0 {
			t.Errorf("%s: %d go in one turn, want %d", c.name, len(got), c.goes)
		}
		if want := c.name == "ticks"; left != want {
			t.Errorf("%s: files go on: %v, want %v", c.name, left, want)
		}
	}

	for i := range flightMost { // others wait for its place
		s.state.outbox.flight[fmt.Sprint(i)] = &flying{n: uint64(i)}
	}
	if isPatient(sent) {
		t.Error("an answer waits while the outbox is full")
	}
	close(s.closing)
	if got := s.gather([]event{mark}); len(got) != 1 {
		t.Errorf("at the end %d go", len(got))
	}
}
