package session

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"satchel/chat"
)

// newcomer is a profile that belongs to nobody yet, and runs.
func (w *world) newcomer(name string) *person {
	w.t.Helper()
	p := &person{t: w.t, dir: filepath.Join(w.t.TempDir(), name), name: name}
	p.open()
	return p
}

// await waits until an attempt is in this state, or over.
func (p *person) linking(l *Linking, state LinkState) LinkStatus {
	p.t.Helper()
	status := LinkStatus{}
	for status.State != state && !status.ended() {
		var err error
		if status, err = l.Await(p.bounded(), status); err != nil {
			p.t.Fatalf("%s: %v", p.name, err)
		}
	}
	return status
}

// links makes newcomer a device of p's account.
func (p *person) links(newcomer *person, text func(*Linking) string) {
	p.t.Helper()
	old, err := p.StartLink(p.bounded())
	if err != nil {
		p.t.Fatal(err)
	}
	fresh, err := newcomer.Link(p.bounded(), text(old), newcomer.name)
	if err != nil {
		p.t.Fatal(err)
	}
	a, b := p.linking(old, LinkCompares), newcomer.linking(fresh, LinkCompares)
	if a.Digits != b.Digits || len(a.Digits) != 6 {
		p.t.Fatalf("digits %+v, %+v", a, b)
	}
	fresh.Confirm()
	old.Confirm()
	if s := p.linking(old, LinkDone); s.State != LinkDone || s.Label != newcomer.name {
		p.t.Fatalf("the old device: %+v", s)
	}
	if s := newcomer.linking(fresh, LinkDone); s.State != LinkDone {
		p.t.Fatalf("the new device: %+v", s)
	}
	newcomer.synced()
}

func labels(t *testing.T, s *person) (out []string) {
	t.Helper()
	all, err := s.Devices()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if !d.Removed {
			out = append(out, d.Label)
		}
	}
	return out
}

// A second device has the whole history, writes, and is gone when it is removed.
func TestLinkAndRemove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, ines := w.person("Mara"), w.person("Ines")
	conv := mara.direct("Ines")
	mara.flushed(mara.say(conv, "before"))
	laptop, phone := w.newcomer("laptop"), w.newcomer("phone")
	mara.links(laptop, func(l *Linking) string { return l.Link })
	mara.links(phone, func(l *Linking) string { return strings.ToUpper(l.Typed) })
	if laptop.Profile().Account != mara.Profile().Account || laptop.Profile().Device == mara.Profile().Device {
		t.Errorf("%+v", laptop.Profile())
	}
	laptop.LoadHistory(conv, 0)
	laptop.wait("the history is there", func() bool { return slices.Equal(laptop.texts(conv), []string{"before"}) })
	laptop.flushed(laptop.say(conv, "from the laptop"))
	ines.wait("it came", func() bool { return slices.Equal(ines.texts(conv), []string{"before", "from the laptop"}) })
	mara.wait("it came", func() bool { return slices.Equal(mara.texts(conv), []string{"before", "from the laptop"}) })
	if l := labels(t, laptop); len(l) != 3 || l[1] != "laptop" || l[2] != "phone" {
		t.Errorf("%q", l)
	}
	if err := laptop.RemoveDevice(laptop.bounded(), laptop.Profile().Device); !isRefusal(err) {
		t.Errorf("a device removed itself: %v", err)
	}

	d, err := mara.DeviceNamed("LAPTOP")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is gone already
		if err := mara.RemoveDevice(mara.bounded(), d.ID); err != nil {
			t.Fatal(err)
		}
	}
	laptop.wait("it is told", func() bool { return laptop.Connection().State == chat.Refused })
	mara.flushed(mara.say(conv, "after"))
	ines.wait("it came", func() bool { return slices.Contains(ines.texts(conv), "after") })
	phone.wait("it came", func() bool { return slices.Contains(phone.texts(conv), "after") })
	laptop.again()
	laptop.wait("it is told again", func() bool { return laptop.Connection().State == chat.Refused })
	if got := laptop.texts(conv); !slices.Equal(got, []string{"before", "from the laptop"}) {
		t.Errorf("the removed device reads %q", got)
	}
}

// Nobody is linked by a wrong code, a second try, or digits that nobody
// confirmed; the person is told.
func TestLinkFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara := w.person("Mara")
	fresh := w.newcomer("laptop")
	for _, bad := range []string{"", "hello", "satchel://h:1/?code=x", "abc@" + w.addr, w.invite()} {
		if _, err := fresh.Link(fresh.bounded(), bad, "x"); err == nil {
			t.Errorf("%q began", bad)
		}
	}
	if _, err := fresh.StartLink(fresh.bounded()); err == nil {
		t.Error("who belongs to nobody linked another one")
	}
	wrong, err := fresh.Link(fresh.bounded(), "abcde-fghjk@"+w.addr, "x")
	if err != nil {
		t.Fatal(err)
	}
	if s := fresh.linking(wrong, LinkFailed); s.State != LinkFailed || !strings.Contains(s.Reason, "code") {
		t.Errorf("%+v", s)
	}

	begin := func() (old, fresh_ *Linking) {
		t.Helper()
		old, err := mara.StartLink(mara.bounded())
		if err != nil {
			t.Fatal(err)
		}
		new, err := fresh.Link(fresh.bounded(), old.Link, "laptop")
		if err != nil {
			t.Fatal(err)
		}
		mara.linking(old, LinkCompares)
		fresh.linking(new, LinkCompares)
		return old, new
	}
	for what, stop := range map[string]func(old, new *Linking){
		"the old one differs":         func(old, new *Linking) { new.Confirm(); old.Cancel() },
		"the new one differs":         func(old, new *Linking) { old.Confirm(); new.Cancel() },
		"another attempt":             func(old, new *Linking) { begun, _ := mara.StartLink(mara.bounded()); begun.Cancel() },
		"the old one's profile ended": func(old, new *Linking) { mara.again(); mara.synced() },
	} {
		old, new := begin()
		stop(old, new)
		if s := mara.linking(old, LinkFailed); s.State != LinkFailed || s.Reason == "" {
			t.Errorf("%s: the old device says %+v", what, s)
		}
		if s := fresh.linking(new, LinkFailed); s.State != LinkFailed || s.Reason == "" {
			t.Errorf("%s: the new device says %+v", what, s)
		}
		if fresh.Profile().Joined || len(labels(t, mara)) != 1 {
			t.Fatalf("%s: it was linked", what)
		}
	}
	mara.links(fresh, func(l *Linking) string { return l.Link })
	if _, err := fresh.Link(fresh.bounded(), "abcde-fghjk@"+w.addr, "x"); !isRefusal(err) {
		t.Errorf("a profile that belongs to somebody was linked: %v", err)
	}
}
