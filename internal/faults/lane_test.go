package faults

import (
	"fmt"
	"testing"

	"satchel/chat"
	"satchel/net/seal"
)

// lane is two people of one relay, each behind a gateway of their own, and what
// goes from Ana to Bo. One run at a time.
type lane struct {
	w        *world
	up, down *gateway
	ana, bo  *person
	conv     chat.ConversationID
}

func newLane(t testing.TB, w *world, n int) *lane {
	t.Helper()
	l := &lane{w: w, up: newGateway(t, w.url()), down: newGateway(t, w.url())}
	l.ana = w.person(fmt.Sprint("Ana", n), l.up.URL, "")
	l.bo = w.person(fmt.Sprint("Bo", n), l.down.URL, "")
	l.conv = meet(t, l.ana, l.bo)
	return l
}

const (
	upload   = "upload"
	download = "download"
)

// trial is one run: a file goes from Ana to Bo, and something goes wrong.
type trial struct {
	row, direction string
	data           []byte
	path           string              // "": data is written to a new file
	fault          *fault              // at the gateway of that direction; nil: none
	lift           bool                // the fault lasts until the transfer stands still; a click goes on
	before         func()              // called before the transfer is asked for; may be nil
	still          func(chat.Transfer) // called where it stands still; may be nil
}

func (c *trial) begin() {
	if c.before != nil {
		c.before()
	}
}

// run carries a trial out; the file is equal at the end, or the test fails.
func (l *lane) run(t *testing.T, c trial) {
	t.Helper()
	note := matrix.run(t, c.row, c.direction)
	var r result
	defer func() { note(r) }()
	if c.path == "" {
		c.path = newFile(t, c.data)
	}
	if c.direction == upload {
		l.up.set(c.fault)
		c.begin()
	}
	moved := l.up.up.Load()
	m := l.ana.insist(t, l.conv, c, &r)
	if c.direction == upload {
		said := r.said
		r = l.ana.through(t, m, l.up, c)
		r.said = r.said || said
		r.twice = max(0, l.up.up.Load()-moved-seal.SealedSize(int64(len(c.data))))
	}
	l.ana.sent(t, m)

	l.bo.received(t, m)
	if c.direction == download {
		l.down.set(c.fault)
		c.begin()
	}
	moved = l.down.down.Load()
	if err := l.bo.Download(l.conv, m.ID); err != nil {
		if c.direction != download || c.still == nil {
			t.Fatal(err)
		}
		t.Logf("refused: %v", err)
		r.said = true
		c.still(chat.Transfer{})
		if err := l.bo.Download(l.conv, m.ID); err != nil {
			t.Fatal(err)
		}
	}
	if c.direction == download {
		said := r.said
		r = l.bo.through(t, m, l.down, c)
		r.said = r.said || said
		r.twice = max(0, l.down.down.Load()-moved-seal.SealedSize(int64(len(c.data))))
	} else if tr := l.bo.transfer(t, m, "here", rests); tr.State != chat.TransferDone {
		t.Fatal(tr.Reason)
	}
	l.bo.equal(t, m, c.data)
	c.fault.happened(t)
}

// insist sends a file, once more where the first time is refused in a sentence.
func (p *person) insist(t testing.TB, conv chat.ConversationID, c trial, r *result) chat.Message {
	t.Helper()
	for {
		all, err := p.SendFiles(p.bounded(), conv, []string{c.path}, chat.Content{Kind: chat.KindMessage})
		if err == nil {
			return all[0]
		}
		if r.said || c.still == nil {
			t.Fatal(err)
		}
		t.Logf("refused: %v", err)
		r.said = true
		c.still(chat.Transfer{})
	}
}

// through takes a transfer to its end, past all that it stumbles over.
func (p *person) through(t testing.TB, m chat.Message, g *gateway, c trial) (r result) {
	t.Helper()
	defer g.set(nil)
	if c.lift {
		tr := p.transfer(t, m, "standing still", stands)
		if c.still != nil {
			c.still(tr)
		}
		g.set(nil)
		if tr.State.Ended() {
			return r // the fault did not reach it
		}
		p.resume(t, tr)
	}
	for clicks := 0; ; clicks++ {
		tr := p.transfer(t, m, "done or failed", rests)
		if said := p.reasons(tr.ID); len(said) > 0 {
			r.said, r.resumed = true, true
			sentences(t, said)
			t.Logf("said: %q", said)
		}
		switch tr.State {
		case chat.TransferDone:
			return r
		case chat.TransferFailed:
			if clicks == 3 {
				t.Fatalf("it fails again and again: %q", p.reasons(tr.ID))
			}
			if c.still != nil {
				c.still(tr)
			}
			g.set(nil)
			p.resume(t, tr)
		default:
			t.Fatalf("it is %v: %s", tr.State, tr.Reason)
		}
	}
}

// resume is the click on "Retry". It may come when it goes on already.
func (p *person) resume(t testing.TB, tr chat.Transfer) {
	t.Helper()
	p.mu.Lock()
	if now := p.last[tr.ID]; now.State == tr.State {
		now.State = chat.TransferQueued // heard of, or not yet: what is waited for is what comes now
		p.last[tr.ID] = now
	}
	p.mu.Unlock()
	if err := p.ResumeTransfer(tr.ID); err != nil {
		if now, ok := p.TransferOf(tr.Conversation, tr.Message); !ok || now.State != chat.TransferDone {
			t.Fatal(err)
		}
	}
}
