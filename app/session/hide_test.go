package session

import (
	"os"
	"slices"
	"testing"

	"satchel/chat"
)

// What somebody deletes for themselves goes on all their devices, with its file, its
// edits and quotes, also on one that comes later; others keep it. What two devices
// deleted while neither heard of the other is joined.
func TestDeleteForMe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, ines := w.person("Mara"), w.person("Ines")
	conv := mara.direct("Ines")
	mara.flushed(mara.say(conv, "one"))
	back := mara.directTo(ines)
	two := ines.flushed(ines.say(back, "two walrus"))[0]
	path := t.TempDir() + "/sea.txt"
	must(t, os.WriteFile(path, []byte("sea"), 0o600))
	sent, err := ines.SendFiles(ines.bounded(), back, []string{path}, chat.Content{Text: "three"})
	must(t, err)
	three := ines.flushed(sent...)[0]
	four := ines.flushed(ines.say(back, "four"))[0]
	laptop := w.newcomer("laptop")
	mara.links(laptop, func(l *Linking) string { return l.Link })
	for _, p := range []*person{mara, laptop} {
		p.wait("all of it", func() bool {
			return slices.Contains(p.texts(conv), "four") && slices.Contains(p.texts(conv), "two walrus")
		})
	}
	answer, err := mara.Send(mara.bounded(), conv, chat.Content{Text: "an answer", Reply: two.ID})
	must(t, err)
	mara.flushed(answer)
	must(t, mara.Download(conv, three.ID))
	mara.wait("the file", func() bool { return mara.Path(conv, three.ID) != "" })
	file := mara.Path(conv, three.ID)

	must(t, mara.DeleteForMe(mara.bounded(), conv, two.ID, three.ID))
	gone := func(p *person, texts ...string) {
		t.Helper()
		p.wait("they are gone", func() bool {
			got := slices.DeleteFunc(p.texts(conv), func(s string) bool { return s == "" })
			return slices.Equal(got, texts)
		})
		if found, err := p.Search("walrus", false, 10); err != nil || len(found) != 0 {
			t.Errorf("%s finds %v %v", p.name, found, err)
		}
		if m, ok, err := p.Message(conv, answer.ID); err != nil || !ok || m.ReplyTo != nil {
			t.Errorf("%s: %+v %v", p.name, m.ReplyTo, err)
		}
	}
	gone(mara, "one", "four", "an answer")
	gone(laptop, "one", "four", "an answer")
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the downloaded file: %v", err)
	}
	if got := ines.texts(back); !slices.Contains(got, "two walrus") || !slices.Contains(got, "three") {
		t.Errorf("Ines has %q", got)
	}

	// An edit does not bring it back.
	must(t, ines.Edit(ines.bounded(), back, two.ID, "two walrus again"))
	ines.flushed(ines.say(back, "five"))
	mara.wait("what came after the edit", func() bool { return slices.Contains(mara.texts(conv), "five") })
	gone(mara, "one", "four", "an answer", "five")

	// Without the relay each deletes another; both hold on both.
	w.stop()
	must(t, mara.DeleteForMe(mara.bounded(), conv, four.ID))
	five := laptop.last(conv)
	must(t, laptop.DeleteForMe(laptop.bounded(), conv, five.ID))
	w.start()
	gone(mara, "one", "an answer")
	gone(laptop, "one", "an answer")

	phone := w.newcomer("phone")
	laptop.links(phone, func(l *Linking) string { return l.Link })
	phone.wait("the answer", func() bool { return slices.Contains(phone.texts(conv), "an answer") })
	gone(phone, "one", "an answer")

	// What the relay does not have yet is refused in a sentence.
	w.stop()
	if err := mara.DeleteForMe(mara.bounded(), conv, mara.say(conv, "on its way").ID); err == nil || !slices.Contains(mara.texts(conv), "on its way") {
		t.Errorf("%v", err)
	}
}

// last is the newest message that says something.
func (p *person) last(conv chat.ConversationID) chat.Message {
	p.t.Helper()
	page, err := p.Messages(conv, 0, 100)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, m := range slices.Backward(page) {
		if m.Content.Text != "" {
			return m
		}
	}
	p.t.Fatal("nothing says anything")
	return chat.Message{}
}

// What an account kept on a computer goes whole, and what is not its own stays.
func TestErase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, ines := w.person("Mara"), w.person("Ines")
	conv := mara.direct("Ines")
	mara.flushed(mara.say(conv, "hello"))
	must(t, os.WriteFile(mara.dir+"/notes.txt", []byte("mine"), 0o600))
	must(t, mara.Erase())
	left, err := os.ReadDir(mara.dir)
	must(t, err)
	if len(left) != 1 || left[0].Name() != "notes.txt" {
		t.Errorf("left: %v", left)
	}
	mara.open()
	if p := mara.Profile(); p.Joined {
		t.Errorf("it still is %+v", p.Account)
	}
	ines.wait("what was said stays", func() bool { return slices.Contains(ines.texts(conv), "hello") })
}
