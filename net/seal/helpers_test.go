package seal

import (
	"errors"
	"fmt"
	"time"

	"satchel/chat"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fataler is what both *testing.T and *rapid.T are.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func wantError(t fataler, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// person is an account as its owner has it: several devices and all that the
// relay keeps of it.
type person struct {
	account    *Account
	devices    []*Device
	statements [][]byte
	boxes      Boxes
	keys       AccountKeys
}

func newPerson(t fataler) *person {
	t.Helper()
	d := NewDevice(Computer)
	a, s, boxes, err := NewAccount(d, "desk", noon)
	if err != nil {
		t.Fatalf("new account: %v", err)
	}
	p := &person{account: a, devices: []*Device{d}, statements: [][]byte{s}, boxes: boxes}
	p.keys = must(OpenAccountKeys(a, d, boxes))
	return p
}

func (p *person) root() Hash { return p.account.root }

func (p *person) author(i int) Author { return Author{p.account, p.devices[i]} }

func (p *person) take(t fataler, s []byte, boxes Boxes) {
	t.Helper()
	if err := p.account.Append(s); err != nil {
		t.Fatalf("append: %v", err)
	}
	p.statements, p.boxes = append(p.statements, s), append(p.boxes, boxes...)
	for _, d := range p.devices {
		if p.account.activeKey(d.public.Key) {
			p.keys = must(OpenAccountKeys(p.account, d, p.boxes))
			return
		}
	}
}

// add adds a device, signed by device by, and returns its index.
func (p *person) add(t fataler, by int, kind DeviceKind) int {
	t.Helper()
	d := NewDevice(kind)
	s, boxes, err := p.account.AddDevice(p.devices[by], p.keys, d.Public(), d.Proof(p.root()), "another", noon)
	if err != nil {
		t.Fatalf("add device: %v", err)
	}
	p.devices = append(p.devices, d)
	p.take(t, s, boxes)
	return len(p.devices) - 1
}

func (p *person) remove(t fataler, by, device int) {
	t.Helper()
	s, boxes, err := p.account.RemoveDevice(p.devices[by], p.keys, p.devices[device].public.Key, noon)
	if err != nil {
		t.Fatalf("remove device: %v", err)
	}
	p.take(t, s, boxes)
}

func accountsOf(people ...*person) Accounts {
	all := Accounts{}
	for _, p := range people {
		all[p.root()] = p.account
	}
	return all
}

// room is a conversation with all that the relay keeps of it.
type room struct {
	*Conversation
	statements [][]byte
	boxes      Boxes
	keys       ConversationKeys // of somebody who has them all
}

func newRoom(t fataler, title string, owner *person, others ...*person) *room {
	t.Helper()
	var changes []MemberState
	for _, o := range others {
		changes = append(changes, MemberState{Root: o.root(), Role: Member})
	}
	c, w, err := NewGroup(owner.author(0), changes, title, accountsOf(others...), noon)
	if err != nil {
		t.Fatalf("new group: %v", err)
	}
	return &room{c, [][]byte{w.Statement}, w.Boxes, w.Keys}
}

func (r *room) propose(by Author, accounts Accounts, p Proposal) (*Written, error) {
	return r.Propose(by, accounts, r.keys, p, noon)
}

func (r *room) do(t fataler, by Author, accounts Accounts, p Proposal) *Written {
	t.Helper()
	w, err := r.propose(by, accounts, p)
	if err != nil {
		t.Fatalf("propose: %v", err)
	}
	r.take(t, w, accounts)
	return w
}

func (r *room) take(t fataler, w *Written, accounts Accounts) {
	t.Helper()
	if err := r.Append(w.Statement, accounts); err != nil {
		t.Fatalf("append: %v", err)
	}
	r.statements, r.boxes = append(r.statements, w.Statement), append(r.boxes, w.Boxes...)
	for g, k := range w.Keys {
		r.keys[g] = k
	}
}

// keysOf opens all boxes that are for somebody.
func (r *room) keysOf(t fataler, root Hash, keys AccountKeys) ConversationKeys {
	t.Helper()
	out := ConversationKeys{}
	for _, b := range r.boxes {
		if x := must(ParseMemberBox(b)); x.Member != root {
			continue
		}
		if err := r.Open(out, root, keys, b); err != nil {
			t.Fatalf("open box: %v", err)
		}
	}
	return out
}

func messageID(n int) chat.MessageID { return chat.MessageID(fmt.Sprintf("%026d", n)) }

// resign signs a changed account statement anew.
func (s *accountStatement) resign(d *Device) []byte {
	s.sig = d.signature(s.signText())
	return s.marshal()
}

func (s *conversationStatement) resign(d *Device) []byte {
	s.sig = d.signature(s.signText())
	return s.marshal()
}
