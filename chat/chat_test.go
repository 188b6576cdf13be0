package chat

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// Ranges is a set: it answers as a map of numbers does, and stays normal.
func TestRangesAreASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Ranges
		set := map[uint64]bool{}
		for range rapid.IntRange(0, 30).Draw(t, "adds") {
			from := rapid.Uint64Range(0, 60).Draw(t, "from")
			to := from + rapid.Uint64Range(0, 6).Draw(t, "length")
			r.Add(from, to)
			if from > 0 {
				for n := from; n <= to; n++ {
					set[n] = true
				}
			}
		}
		for i, x := range r {
			if x.From > x.To || x.From == 0 || i > 0 && x.From <= r[i-1].To+1 {
				t.Fatalf("not normal: %v", r)
			}
		}
		for n := uint64(1); n < 70; n++ {
			if r.Has(n) != set[n] {
				t.Fatalf("%v has %d: %v", r, n, r.Has(n))
			}
			got, ok := r.Missing(n)
			to := n
			for to > 0 && set[to] {
				to--
			}
			from := to
			for from > 1 && !set[from-1] {
				from--
			}
			if ok != (to > 0) || ok && got != (Range{from, to}) {
				t.Fatalf("%v missing at %d: %v %v, want %d..%d", r, n, got, ok, from, to)
			}
		}
	})
}

// The table of transitions, whole: every state, every event.
func TestTransitions(t *testing.T) {
	const no = transferStates
	const q, p, m, f, d, z, w, x, c = TransferQueued, TransferPreparing, TransferMoving, TransferFinishing, TransferDone,
		TransferPaused, TransferWaiting, TransferFailed, TransferCancelled
	want := [transferStates][transferEvents]TransferState{
		//  start move finish done pause resume cancel wait fail restart
		q: {p, no, no, no, z, no, c, w, x, q},
		p: {no, m, no, no, z, no, c, w, x, q},
		m: {no, no, f, no, z, no, c, w, x, q},
		f: {no, no, no, d, z, no, c, w, x, q},
		d: {no, no, no, no, no, no, no, no, no, d},
		z: {no, no, no, no, no, q, c, no, no, z},
		w: {no, no, no, no, z, q, c, no, no, q},
		x: {no, no, no, no, no, q, c, no, no, x},
		c: {no, no, no, no, no, no, no, no, no, c},
	}
	for s := range transferStates {
		for e := range transferEvents {
			next, ok := s.Next(e)
			if ok != (want[s][e] != no) || ok && next != want[s][e] {
				t.Errorf("%v on %v: %v, %v", s, e, next, ok)
			}
			if ok && e == EventRestart && next.Active() {
				t.Errorf("%v is under way after a restart, without a worker", s)
			}
		}
	}
}

func TestContentKeepsWhatItDoesNotKnow(t *testing.T) {
	in := `{"kind":"poll","text":"Lunch?","options":["a","b"],"file":{"url":"/files/x","name":"n","size":0,"sha256":""},"z":null}`
	var c Content
	if err := json.Unmarshal([]byte(in), &c); err != nil {
		t.Fatal(err)
	}
	if c.Known() || c.Text != "Lunch?" || len(c.Extra) != 2 {
		t.Fatalf("%+v", c)
	}
	out, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var a, b map[string]any
	json.Unmarshal([]byte(in), &a)
	json.Unmarshal(out, &b)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("got %s, want %s", out, in)
	}
}

func TestReceipt(t *testing.T) {
	me, ana, bo := Account{ID: "me"}, Account{ID: "ana"}, Account{ID: "bo"}
	for _, c := range []struct {
		members []Account
		marks   map[AccountID]Mark
		m       Message
		want    Receipt
	}{
		{[]Account{me, ana}, nil, Message{}, ReceiptWaiting},
		{[]Account{me, ana}, nil, Message{State: MessageFailed}, ReceiptFailed},
		{[]Account{me, ana}, nil, Message{Seq: 3}, ReceiptSent},
		{[]Account{me, ana}, map[AccountID]Mark{"ana": {Received: 2}}, Message{Seq: 3}, ReceiptSent},
		{[]Account{me, ana}, map[AccountID]Mark{"ana": {Received: 3}}, Message{Seq: 3}, ReceiptDelivered},
		{[]Account{me, ana}, map[AccountID]Mark{"ana": {Received: 3, Read: 3}}, Message{Seq: 3}, ReceiptRead},
		{[]Account{me, ana, bo}, map[AccountID]Mark{"ana": {Received: 3, Read: 3}}, Message{Seq: 3}, ReceiptSent},
		{[]Account{me, ana, bo}, map[AccountID]Mark{"ana": {Received: 3, Read: 3}, "bo": {Received: 4}}, Message{Seq: 3}, ReceiptDelivered},
		{[]Account{me}, map[AccountID]Mark{"me": {Received: 9, Read: 9}}, Message{Seq: 3}, ReceiptSent},
	} {
		conv := Conversation{Members: c.members, Marks: c.marks}
		if got := conv.Receipt("me", &c.m); got != c.want {
			t.Errorf("%+v: got %v, want %v", c, got, c.want)
		}
	}
}

// A link of a map is a place, when it has one.
func TestParseLocationOfLinks(t *testing.T) {
	for _, link := range []string{
		"41.15 -8.61", "41.15°, −8.61°", "geo:41.15,-8.61;u=35", "geo:41.15,-8.61?z=14",
		"https://www.openstreetmap.org/?mlat=41.15&mlon=-8.61#map=16/50.0/7.0", "https://www.openstreetmap.org/#map=16/41.15/-8.61",
		"https://www.google.com/maps/place/Porto/@41.15,-8.61,15z/data=x", "https://www.google.com/maps/place/P/@50.1,7.1,15z/data=!3m1!3d41.15!4d-8.61",
		"https://maps.google.com/?q=41.15,-8.61", "https://maps.apple.com/?ll=41.15,-8.61&q=Porto", "https://www.bing.com/maps?cp=41.15~-8.61&lvl=12",
	} {
		if l, err := ParseLocation(link); err != nil || *l != (Location{Lat: 41.15, Lon: -8.61}) {
			t.Errorf("%s: %+v, %v", link, l, err)
		}
	}
	for _, bad := range []string{"https://maps.app.goo.gl/abc", "https://example.org/?q=Porto", "ftp://h/?q=41.15,-8.61", "geo:north", "https://maps.google.com/?q=91.5,0"} {
		if l, err := ParseLocation(bad); err == nil {
			t.Errorf("%s is %+v", bad, l)
		}
	}
}

func TestParseLocation(t *testing.T) {
	if l, err := ParseLocation("38.7056, -9.1446"); err != nil || *l != (Location{Lat: 38.7056, Lon: -9.1446}) {
		t.Errorf("%+v, %v", l, err)
	}
	for _, bad := range []string{"", "1", "91,0", "0,181", "NaN,0", "a,b", "1,2,3"} {
		if l, err := ParseLocation(bad); err == nil {
			t.Errorf("%q was taken for %+v", bad, l)
		}
	}
}

// What changes another message says which, and is refused where it makes no sense.
func TestChangesSayWhich(t *testing.T) {
	for _, c := range []struct {
		content Content
		target  MessageID
	}{
		{Content{Kind: KindMessage, Text: "x", Reply: "a"}, ""},
		{Content{Kind: KindEdit, Edit: "a", Text: "x"}, "a"},
		{Content{Kind: KindEdit, Edit: "a"}, "a"},
		{Content{Kind: KindEdit, Reply: "a"}, ""},
		{Content{Kind: KindDelete, Delete: "a"}, "a"},
		{Content{Kind: KindDelete, Delete: MessageID(strings.Repeat("a", 65))}, ""},
		{Content{Kind: KindReaction, Reply: "a", Reaction: "👩‍❤️‍💋‍👨"}, "a"},
		{Content{Kind: KindReaction, Reply: "a"}, "a"},
		{Content{Kind: KindReaction, Reply: "a", Reaction: "two words"}, ""},
		{Content{Kind: KindReaction, Reply: "a", Reaction: "\x00"}, ""},
		{Content{Kind: KindReaction, Reply: "a", Reaction: "\xff"}, ""},
		{Content{Kind: KindReaction, Reply: "a", Reaction: strings.Repeat("x", MaxReaction+1)}, ""},
		{Content{Kind: "poll", Edit: "a"}, ""},
	} {
		if got := c.content.Target(); got != c.target {
			t.Errorf("%+v changes %q, want %q", c.content, got, c.target)
		}
		if err := c.content.Check(); (err == nil) != (c.target != "" || !c.content.Changes()) {
			t.Errorf("%+v: %v", c.content, err)
		}
	}
}

func TestEdited(t *testing.T) {
	file := &File{Name: "a"}
	for _, c := range []struct {
		before Content
		text   string
		want   Content
		ok     bool
	}{
		{Content{Kind: KindMessage, Text: "a", Reply: "r"}, "b", Content{Kind: KindMessage, Text: "b", Reply: "r"}, true},
		{Content{Kind: KindMessage, Text: "a"}, "", Content{Kind: KindMessage, Text: "a"}, false},
		{Content{Kind: KindMessage, Text: "a", File: file}, "", Content{Kind: KindMessage, File: file}, true},
		{Content{Kind: "poll", Text: "a"}, "b", Content{Kind: "poll", Text: "a"}, false},
	} {
		got, ok := c.before.Edited(&Content{Kind: KindEdit, Text: c.text})
		if ok != c.ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v with %q: %+v, %v", c.before, c.text, got, ok)
		}
	}
}

func TestQuoteOf(t *testing.T) {
	long := Message{ID: "a", From: "b", Content: Content{Text: strings.Repeat("é", 200), File: &File{Name: "f"}}}
	q := QuoteOf(&long)
	if !utf8.ValidString(q.Text) || len(q.Text) > quoteLength+len("…") || q.File != "f" || q.ID != "a" || q.From != "b" {
		t.Errorf("%+v", q)
	}
	if q := QuoteOf(&Message{Content: Content{Title: "t", Location: &Location{}}}); q.Text != "t" || !q.Place {
		t.Errorf("%+v", q)
	}
}

// A link leads elsewhere, or with a key to what was sent to the relay anew; a folder
// keeps its key.
func TestLinks(t *testing.T) {
	key := []byte("a key")
	for _, c := range []struct {
		url  string
		key  []byte
		good bool
	}{
		{"https://store.example/a?X=1", nil, true}, {"http://store.example/a", nil, true}, {"/files/0123", key, true},
		{"/files/0123", nil, false}, {"https://store.example/a", key, false}, {"//store.example/a", key, false}, {"/files/0123?a=b", key, false},
		{"https://me:pass@store.example/a", nil, false}, {"file:///etc/passwd", key, false}, {"", key, false}, {"/files/0123", make([]byte, maxLinkKey+1), false},
	} {
		link := Content{Kind: KindLink, Reply: "m", URL: c.url, Key: c.key}
		if err := link.Check(); (err == nil) != c.good {
			t.Errorf("%s with a key of %d bytes: %v", c.url, len(c.key), err)
		}
		before := Content{Kind: KindMessage, File: &File{URL: "/files/old", Key: []byte("old"), SHA256: "sum"}}
		after := before.Linked(&link)
		if c.good != (after.File.URL == c.url) || c.good && c.key != nil != (string(after.File.Key) == "a key") || after.File.SHA256 != "sum" || before.File.URL != "/files/old" {
			t.Errorf("%s: %+v", c.url, after.File)
		}
		folder := Content{Kind: KindFolder, File: &File{URL: "/files/old", Key: []byte("old"), Folder: &Folder{}}}
		if after := folder.Linked(&link); string(after.File.Key) != "old" || c.key != nil && after.File.URL != "/files/old" {
			t.Errorf("%s: a folder has %+v", c.url, after.File)
		}
	}
}
