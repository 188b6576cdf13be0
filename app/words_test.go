package app

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/chat"
	"satchel/transfer"
	"satchel/widgets"
)

func TestRowsSayWhatHappens(t *testing.T) {
	now := time.Date(2026, 5, 14, 15, 0, 0, 0, time.Local)
	me, ana, bo := chat.Account{ID: "me", Name: "Mara"}, chat.Account{ID: "ana", Name: "Ana Lima"}, chat.Account{ID: "bo", Name: "Bo Li"}
	var m model
	m.init()
	m.me = me
	direct := chat.Conversation{ID: "d", Kind: chat.Direct, Members: []chat.Account{me, ana}}
	with := func(c chat.Conversation, from chat.AccountID, content chat.Content) chat.Conversation {
		content.Kind = chat.KindMessage
		c.Last = &chat.Message{Seq: 1, From: from, At: now.Add(-time.Hour), Content: content}
		return c
	}
	group := chat.Conversation{ID: "g", Kind: chat.Group, Title: "Film crew", Members: []chat.Account{me, ana, bo}}
	file := &chat.File{Name: "shotlist-v7.pdf", Size: 100}
	picture := &chat.File{Name: "IMG.jpg", MIME: "image/jpeg"}
	for _, c := range []struct {
		name string
		conv chat.Conversation
		act  func()
		want widgets.Row
	}{
		{"nothing yet", direct, nil, widgets.Row{Line: "Say hello"}},
		{"notes", chat.Conversation{ID: "s", Kind: chat.Self, Members: []chat.Account{me}}, nil, widgets.Row{Line: "Notes, links and files"}},
		{"words", with(direct, "ana", chat.Content{Text: " two\n lines "}), nil, widgets.Row{Line: "two lines", Time: "14:00"}},
		{"own words", with(direct, "me", chat.Content{Text: "hi"}), nil, widgets.Row{Line: "hi", Time: "14:00", HasReceipt: true, Receipt: chat.ReceiptSent}},
		{"group", with(group, "bo", chat.Content{File: file}), nil, widgets.Row{Lead: "Bo:", Icon: widgets.IconAttach, Line: "shotlist-v7.pdf", Time: "14:00"}},
		{"picture", with(direct, "ana", chat.Content{File: picture, Text: "look"}), nil, widgets.Row{Icon: widgets.IconPicture, Line: "look", Time: "14:00"}},
		{"draft", with(direct, "ana", chat.Content{Text: "hi"}), func() { m.drafts["d"] = " could you " },
			widgets.Row{Lead: "Draft:", LeadTone: widgets.ToneBad, Line: "could you", Time: "14:00"}},
		{"moving", with(direct, "ana", chat.Content{Text: "hi"}), func() {
			m.setTransfer(chat.Transfer{ID: "1", Conversation: "d", State: chat.TransferMoving, File: *file, Offset: 62})
		}, widgets.Row{Line: "Sending shotlist-v7.pdf… 62 %", LineTone: widgets.ToneAccent, Time: "14:00"}},
		{"two moving", with(direct, "ana", chat.Content{Text: "hi"}), func() {
			m.setTransfer(chat.Transfer{ID: "2", Conversation: "d", State: chat.TransferQueued, File: *file})
		}, widgets.Row{Line: "Sending 2 files… 31 %", LineTone: widgets.ToneAccent, Time: "14:00"}},
		{"typing", direct, func() { m.typing["d"] = typist{"ana", now.Add(time.Second)} },
			widgets.Row{Line: "typing…", LineTone: widgets.ToneGood, Italic: true}},
	} {
		if c.act != nil {
			c.act()
		}
		got := m.row(&c.conv, false, now)
		c.want.ID, c.want.Name, c.want.Face = got.ID, got.Name, got.Face
		if got != c.want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.name, got, c.want)
		}
	}
	if title, _, part, ok := m.foot(); !ok || title != "2 transfers" || part < 0.3 || part > 0.32 {
		t.Errorf("foot: %q %v %v", title, part, ok)
	}
	m.setTransfer(chat.Transfer{ID: "1", State: chat.TransferDone, File: *file})
	if title, _, part, _ := m.foot(); title != "1 transfer" || part != 0.5 {
		t.Errorf("the bar went back: %q %v", title, part)
	}
	m.setTransfer(chat.Transfer{ID: "2", State: chat.TransferPaused, File: *file})
	if _, _, _, ok := m.foot(); ok || len(m.batch) != 0 {
		t.Error("nothing moves, and the foot is there")
	}
}

func TestRowTime(t *testing.T) {
	now := time.Date(2026, 5, 14, 0, 30, 0, 0, time.Local) // a Thursday
	for ago, want := range map[time.Duration]string{0: "00:30", 20 * time.Minute: "00:10", time.Hour: "Yesterday", 25 * time.Hour: "Tue",
		6 * 24 * time.Hour: "Fri", 7 * 24 * time.Hour: "7 May", 365 * 24 * time.Hour: "14 May 2025", -time.Hour: "01:30"} {
		if got := rowTime(now.Add(-ago), now); got != want {
			t.Errorf("%v ago: %q, want %q", ago, got, want)
		}
	}
}

// A page is shown as far as it has no gap.
func TestJoined(t *testing.T) {
	page := func(seqs ...uint64) (out []chat.Message) {
		for _, s := range seqs {
			out = append(out, chat.Message{Seq: s})
		}
		return out
	}
	for _, c := range []struct {
		page   []chat.Message
		before uint64
		want   []chat.Message
	}{
		{nil, 0, nil},
		{page(1, 2, 3), 0, page(1, 2, 3)},
		{page(1, 3, 4, 0, 0), 0, page(3, 4, 0, 0)},
		{page(0), 0, page(0)},
		{page(4, 5), 6, page(4, 5)},
		{page(4, 5), 7, nil},
		{page(2, 4, 5), 6, page(4, 5)},
	} {
		got := joined(c.page, c.before)
		if !slices.EqualFunc(got, c.want, func(a, b chat.Message) bool { return a.Seq == b.Seq }) {
			t.Errorf("%v before %d: got %v, want %v", c.page, c.before, got, c.want)
		}
	}
}

func TestCanRun(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, data string
		mode       os.FileMode
		want       bool
	}{
		{"a.txt", "hello", 0o600, false},
		{"a.pdf", "", 0o600, false},
		{"a.SH", "", 0o600, true},
		{"photo.jpg.exe", "x", 0o600, true},
		{"x.desktop", "[Desktop Entry]", 0o600, true},
		{"letter.docm", "PK", 0o600, true},
		{"b.txt", "hello", 0o700, true},
		{"c", "\x7fELF…", 0o600, true},
		{"d.jpg", "#!/bin/sh", 0o600, true},
		{"e.jpg", "MZ", 0o600, true},
		{"f.txt", "\xcf\xfa\xed\xfe\x07", 0o600, true},
		{"g.jpg", "L\x00\x00\x00\x01\x14\x02\x00\x00", 0o600, true},
		{"h.txt", "\ufeff\n# a comment\n[Desktop Entry]\nExec=x", 0o600, true},
		{"i.txt", "# a heading\n\nwords", 0o600, false},
		{"j.txt", "[InternetShortcut]\nURL=file:///x", 0o600, true},
		{"k.docx", zipOf("word/document.xml"), 0o600, false},
		{"l.docx", zipOf("word/document.xml", "word/vbaProject.bin"), 0o600, true},
		{"m.zip", zipOf("META-INF/MANIFEST.MF", "A.class"), 0o600, true},
		{"n.png", "\x89PNG" + zipOf("META-INF/MANIFEST.MF"), 0o600, true},
		{"o.doc", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("x", 9000), 0o600, false},
		{"p.doc", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("x", 9000) + string(wide("_VBA_PROJECT")), 0o600, true},
		{"q.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + string(wide("_VBA_PROJECT")) + strings.Repeat("x", 5<<20), 0o600, true},
		{"r.odt", zipOf("content.xml", "Basic/script-lc.xml"), 0o600, true},
		{"s.txt", "the word vbaProject.bin alone", 0o600, false},
		{"t.jpg", "", 0o600, false},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.data), c.mode); err != nil {
			t.Fatal(err)
		}
		if got := canRun(path); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if !canRun(filepath.Join(dir, "gone")) {
		t.Error("what can't be looked at counts as harmless")
	}
}

// zipOf is an archive of empty files.
func zipOf(names ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		_, _ = w.Create(name)
	}
	_ = w.Close()
	return b.String()
}

func TestSearch(t *testing.T) {
	for _, c := range []struct {
		name, find string
		want       bool
	}{{"João Silva", "joao", true}, {"João Silva", "sil j", true}, {"João Silva", "ilva", false}, {"ÅSA", "as", true}, {"花子", "花", true}, {"x", "", true}} {
		if got := matches(c.name, chat.Fold(c.find)); got != c.want {
			t.Errorf("%q in %q: %v", c.find, c.name, got)
		}
	}
}

func TestURIPaths(t *testing.T) {
	got := uriPaths([]string{"file:///a/b%20c", "http://x/y", "file:///%E6%B8%AF ", "", "%zz"})
	if !slices.Equal(got, []string{"/a/b c", "/港"}) {
		t.Errorf("%q", got)
	}
}

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	if s := loadSettings(dir); s.Width != 1200 {
		t.Errorf("%+v", s)
	}
	want := settings{Width: 900, Height: 600, Conversation: "c"}
	if err := want.save(dir); err != nil || loadSettings(dir) != want {
		t.Errorf("%+v, %v", loadSettings(dir), err)
	}
	for _, bad := range []string{"", "{", `{"width":1,"height":1}`, `{"width":1e9,"height":600}`} {
		os.WriteFile(filepath.Join(dir, settingsFile), []byte(bad), 0o600)
		if s := loadSettings(dir); s.Width != 1200 || s.Height != 780 {
			t.Errorf("%q gave %+v", bad, s)
		}
	}
}

// Why a transfer stands still is said in the window's language, with the numbers
// that came with it, in the list of all transfers too.
func TestReasonsInAnotherLanguage(t *testing.T) {
	setLanguage("pt")
	t.Cleanup(func() { setLanguage("en") })
	var m model
	m.init()
	for reason, want := range map[string]string{
		transfer.Reason(transfer.Room(t.TempDir(), 1<<60, 3<<30)):                      "Não há espaço suficiente no disco: o ficheiro precisa de mais 1.0 EiB, e podem usar-se",
		transfer.Reason(transfer.Room(t.TempDir(), 1<<60, 0)):                          "Não há espaço suficiente no disco: o ficheiro precisa de mais 1.0 EiB, e podem usar-se",
		"This link has expired; João’s Satchel will make a new one when it is online.": "Esta ligação expirou; o Satchel de João fará outra quando estiver online.",
	} {
		m.setTransfer(chat.Transfer{ID: "1", State: chat.TransferFailed, Reason: reason})
		rows := m.transferRows(nil, nil, time.Time{})
		if got := rows[1].Transfer.Reason; !strings.HasPrefix(got, want) || strings.Contains(got, "downloads need") || strings.Contains(got, " are ") {
			t.Errorf("%q is told as %q", reason, got)
		}
	}
}

// Sentences of the session in which a file's name stands are said in the person's
// language, around the name as it is.
func TestNamesInSentences(t *testing.T) {
	setLanguage("pt")
	t.Cleanup(func() { setLanguage("en") })
	for said, want := range map[string]string{
		"Relatório 2.pdf is no longer where it was. Put it back, then try again.": "Relatório 2.pdf já não está onde estava. Reponha-o e tente de novo.",
		"a%s.txt changed after it was chosen. Send it again.":                     "a%s.txt mudou depois de ter sido escolhido. Envie-o de novo.",
		"The relay at http://192.168.1.10:7465 is not running.":                   "O relay em http://192.168.1.10:7465 não está a funcionar.",
	} {
		if got := told(said); got != want {
			t.Errorf("%q is %q", said, got)
		}
	}
}
