package relay

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/net/seal"
	"satchel/net/wire"
)

// inside are the frames by which one acts in a conversation, or on its file.
func inside(conversation, file string) []wire.Frame {
	own, _, _ := newFile(0)
	return []wire.Frame{
		&wire.History{Conversation: conversation},
		&wire.History{Conversation: conversation, After: 1, Limit: 1},
		&wire.Send{Conversation: conversation, Message: "mine", Body: []byte("x")},
		&wire.Send{Conversation: conversation, Message: "1", Body: []byte("again")}, // an id that is there
		&wire.Mark{Conversation: conversation, Received: 1, Read: 1},
		&wire.Typing{Conversation: conversation},
		&wire.GetChain{Conversation: conversation},
		&wire.GetBoxes{Conversation: conversation},
		&wire.TicketRequest{Purpose: wire.TicketUpload, File: own, Size: 1, Conversation: conversation},
		&wire.TicketRequest{Purpose: wire.TicketDownload, File: file},
	}
}

// Who is not in a conversation can't read it, write to it, mark it, type in it,
// or fetch what was sent to it, and does not learn whether it exists: every
// answer is the one that a conversation gets that nobody ever made.
func TestAttackOutsider(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao, eve := join(t, r, "Mara"), join(t, r, "João"), join(t, r, "Eve")
	file, content, _ := newFile(100)
	mara.upload(file, content)
	two, many := direct(mara, joao), group(mara, joao)
	for _, id := range []string{mara.self(), two, many} {
		mara.send(id, "1", "words", file)
	}
	_, w, err := seal.NewDirect(eve.author(), mara.owner.chain, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	// box is one that she made, as if it were for a conversation.
	box := func(id string) [][]byte {
		b := slices.Clone(w.Boxes[0])
		i := bytes.Index(b, []byte(wire.DirectID(eve.account, mara.account)))
		copy(b[i:], id)
		if x, err := seal.ParseMemberBox(b); err != nil || string(x.Conversation) != id {
			t.Fatalf("no box for %s: %v", id, err)
		}
		return [][]byte{b}
	}
	unknown, _, _ := newFile(0)
	nobody := map[string]string{}
	name := func(n int, f wire.Frame) string { return fmt.Sprintf("%d %T", n, f) }
	for n, f := range inside(wire.NewID(), unknown) {
		e := must[*wire.Error](eve, f)
		if nobody[name(n, f)] = e.Code + e.Message; e.Code != wire.CodeNotFound {
			t.Errorf("%s of nothing: %+v", name(n, f), e)
		}
	}
	for _, id := range []string{mara.self(), two, many} {
		for n, f := range inside(id, file) {
			if e := must[*wire.Error](eve, f); e.Code+e.Message != nobody[name(n, f)] {
				t.Errorf("%s: %+v", name(n, f), e)
			}
		}
	}
	// Ids of a wrong form are ids of nothing.
	for _, id := range []string{"", "*", "%", "_", "' OR 1=1 --", "a\x00b", strings.ToUpper(two), two + "\x00", " " + two, two[:25], two + two,
		strings.Repeat("x", 300<<10), "../" + two, "\u202e" + two, "\u2028"} {
		for n, f := range inside(id, file) {
			if p, ok := f.(*wire.TicketRequest); ok && (p.Purpose == wire.TicketDownload || id == "") || id == "" && n >= 6 {
				continue // without a conversation they mean something else
			}
			if e := must[*wire.Error](eve, f); e.Code != wire.CodeNotFound && e.Code != wire.CodeBadFrame {
				t.Errorf("%s of %.40q: %+v", name(n, f), id, e)
			}
		}
	}
	// Statements and boxes of hers, for chains that are not.
	for n := range uint64(3) {
		answers := map[string]bool{}
		for _, id := range []string{wire.NewID(), two, many} {
			forged := signed(w.Statement, eve.identity, func(b []byte) {
				copy(b[2:], id)
				binary.BigEndian.PutUint64(b[28:], n+1)
			})
			e := must[*wire.Error](eve, &wire.AppendChain{Conversation: id, Statement: forged, Boxes: box(id)})
			answers[e.Code+e.Message] = true
		}
		if len(answers) != 1 {
			t.Errorf("statement %d is answered differently: %v", n+1, answers)
		}
	}
	for _, id := range []string{wire.NewID(), two, many} {
		eve.refused(wire.CodeNotFound, &wire.PutBoxes{Conversation: id, Boxes: box(id), Loose: true})
		must[*wire.OK](eve, &wire.PutBoxes{Conversation: id, Boxes: box(id)})
	}
	// Nothing has changed, and nobody has heard of it.
	for _, id := range []string{two, many} {
		if p := must[*wire.Page](joao, &wire.History{Conversation: id}); p.Head != 1 || string(p.Entries[0].Body) != "words" {
			t.Errorf("%+v", p)
		}
	}
	for _, c := range []*client{mara, joao} {
		quiet[*wire.Typing](c)
		for _, f := range c.kept {
			if m, ok := f.(*wire.Mark); ok && m.Account == eve.account {
				t.Errorf("%s got %+v", c.name, f)
			}
		}
	}
	for _, f := range eve.kept {
		t.Errorf("Eve got %T %+v", f, f)
	}
	if w := eve.again(r.URL()).welcome; len(w.Conversations) != 1 || w.Conversations[0].ID != eve.self() {
		t.Errorf("%+v", w.Conversations)
	}
}

// Whoever writes is who they are, whatever their frames say.
func TestAttackInAnothersName(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	id := direct(mara, joao)
	for n, frame := range []string{
		`{"type":"send","id":"x","conversation":"%s","message":"m","body":"eA==","from":"%s","device":"%s","seq":9,"at":1}`,
		`{"type":"mark","id":"x","conversation":"%s","received":1,"account":"%s"}`,
		`{"type":"typing","id":"x","conversation":"%s","account":"%s"}`,
	} {
		args := []any{id, mara.account, string(mara.device.ID())}[:strings.Count(frame, "%s")]
		if err := joao.ws.WriteMessage(1, fmt.Appendf(nil, frame, args...)); err != nil {
			t.Fatal(err)
		}
		for joao.read().Meta().Re != "x" {
		}
		var from string
		switch n {
		case 0:
			e := news[*wire.Entry](mara)
			if from = e.From; e.Device != string(joao.device.ID()) || e.Seq != 1 || e.At == 1 {
				t.Errorf("%+v", e)
			}
		case 1:
			from = news[*wire.Mark](mara).Account
		case 2:
			from = news[*wire.Typing](mara).Account
		}
		if from != joao.account {
			t.Errorf("%s: from %s", frame, from)
		}
	}
	// Nobody has the id of another's message, and the first one stays.
	mara.refused(wire.CodeConflict, &wire.Send{Conversation: id, Message: "m", Body: []byte("changed")})
	if p := must[*wire.Page](mara, &wire.History{Conversation: id}); len(p.Entries) != 1 || string(p.Entries[0].Body) != "x" {
		t.Errorf("%+v", p)
	}
}

// A device that is removed while it writes as fast as it can has no word stored
// after the removal was confirmed, at its own relay and at another.
func TestAttackRemovedDevice(t *testing.T) {
	t.Parallel()
	for _, relays := range []int{1, 2} {
		t.Run(fmt.Sprint(relays), func(t *testing.T) {
			var all []*Relay
			if relays == 1 {
				all = []*Relay{start(t, Config{})}
			} else {
				all, _, _, _ = cluster(t, relays)
			}
			mara := join(t, all[0], "Mara")
			phone := mara.second(seal.Computer)
			if relays > 1 {
				phone = phone.again(all[1].URL())
			}
			phone.send(mara.self(), "first", "x")
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for n := 0; ; n++ {
					b, _ := wire.Encode(&wire.Send{Conversation: mara.self(), Message: fmt.Sprint(n), Body: []byte("x")})
					if phone.ws.WriteMessage(1, b) != nil {
						return // cut off
					}
				}
			}()
			mara.take(mara.removed(phone.identity))
			last := mara.send(mara.self(), "removed", "x").Seq
			for e := (&wire.Error{}); e.Code != wire.CodeDeviceRemoved; {
				e = news[*wire.Error](phone)
			}
			phone.ws.Close()
			<-ended
			mara.send(mara.self(), "later", "x")
			p := must[*wire.Page](mara, &wire.History{Conversation: mara.self(), After: last})
			if i := slices.IndexFunc(p.Entries, func(e wire.Entry) bool { return e.Device == string(phone.device.ID()) }); i >= 0 || len(p.Entries) != 1 {
				t.Errorf("%d entries after the removal, %+v", len(p.Entries), p.Entries[0])
			}
			if _, e := connect(t, all[relays-1].URL(), phone.identity, "", ""); e == nil || e.Code != wire.CodeDeviceRemoved {
				t.Errorf("%+v", e)
			}
		})
	}
}
