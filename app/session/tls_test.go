package session

import (
	"errors"
	"strings"
	"testing"
	"time"

	"satchel/chat"
	"satchel/net/link"
	"satchel/net/relay"
	"satchel/storage"
)

// A relay with TLS of its own: words and files go to it by the key of the
// invitation, also after it was started again; what else answers there is not
// taken for it.
func TestRelayWithItsOwnCertificate(t *testing.T) {
	t.Parallel()
	w := &world{t: t, dir: t.TempDir(), addr: "127.0.0.1:0", tls: relay.TLSSelf}
	w.start()
	t.Cleanup(func() { w.stop() })
	mara, joao := w.person("Mara"), w.person("João")
	if url := mara.Profile().RelayURL; !strings.HasPrefix(url, "https://") {
		t.Fatal(url)
	}
	conv := mara.direct("João")
	w.stop()
	w.start() // with another certificate of the same key
	path, sum := source(t, "a picture.bin", 200_000)
	sent, err := mara.SendFiles(mara.bounded(), conv, []string{path}, chat.Content{Text: "by TLS"})
	if err != nil {
		t.Fatal(err)
	}
	mara.flushed(sent...)
	joao.wait("the message", func() bool { return len(joao.texts(conv)) == 1 })
	if err := joao.Download(conv, sent[0].ID); err != nil {
		t.Fatal(err)
	}
	joao.wait("the file", func() bool { return joao.Path(conv, sent[0].ID) != "" })
	if sumOf(t, joao.Path(conv, sent[0].ID)) != sum {
		t.Error("another file came")
	}

	// Whoever types what stands on the other screen has no key: the certificate
	// is checked by the one that the relay proves.
	phone, laptop := w.newcomer("phone"), w.newcomer("laptop")
	mara.links(phone, func(l *Linking) string { return l.Typed })
	mara.links(laptop, func(l *Linking) string { return l.Link })

	stranger := newWorld(t)
	stranger.stop()
	stranger.tls = relay.TLSSelf
	stranger.start()
	eve := &person{t: t, dir: t.TempDir(), name: "Eve"}
	eve.open()
	wrong := strings.Replace(stranger.invite(), stranger.r.Key(), w.r.Key(), 1)
	var f *link.Failure
	if err := eve.Join(t.Context(), wrong, "Eve"); !errors.As(err, &f) || !strings.Contains(f.Sentence, "its certificate is another. Nothing was sent") {
		t.Errorf("%v", err)
	}
}

// A device that comes when the relay keeps older messages no more has those
// that are newer, and misses nothing.
func TestMessagesThatTheRelayKeepsNoMore(t *testing.T) {
	grace := holeGrace
	holeGrace = 10 * time.Millisecond
	t.Cleanup(func() { holeGrace = grace })
	w := &world{t: t, dir: t.TempDir(), addr: "127.0.0.1:0", keep: relay.Retention{Messages: time.Hour}}
	w.start()
	t.Cleanup(func() { w.stop() })
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	mara.flushed(mara.say(conv, "one"), mara.say(conv, "two"))
	if s, err := w.r.Sweep(t.Context(), time.Now().Add(2*time.Hour), false); err != nil || s.Messages < 2 {
		t.Fatal(s, err)
	}
	mara.flushed(mara.say(conv, "three"))
	tablet := joao.device("tablet")
	tablet.reads(conv, "three")
	mara.flushed(mara.say(conv, "four"))
	tablet.reads(conv, "three", "four")
	err := tablet.db.View(func(tx *storage.Tx) error {
		all, err := tx.Findings(conv)
		if len(all) > 0 {
			t.Errorf("%v", all)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	joao.reads(conv, "one", "two", "three", "four") // what is here stays
}
