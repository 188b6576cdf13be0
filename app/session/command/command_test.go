package command

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"satchel/app/session"
	"satchel/chat"
)

func TestParse(t *testing.T) {
	place := &chat.Location{Lat: -1.5, Lon: 2}
	for _, c := range []struct {
		args string
		want job
	}{
		{"join L --name N", &join{link: "L", name: "N"}},
		{"join --name N L", &join{link: "L", name: "N"}},
		{"join -name=N -- -L", &join{link: "-L", name: "N"}},
		{"send --to A --text T --title U --location -1.5,2 --file p --file q", &send{"A",
			chat.Content{Kind: "message", Text: "T", Title: "U", Location: place}, []string{"p", "q"}, chat.PictureEdit{Clean: true}}},
		{"send --to A --file p --smaller", &send{"A", chat.Content{Kind: "message"}, []string{"p"}, chat.PictureEdit{Clean: true, Smaller: true}}},
		{"send --to A --file p --keep-metadata", &send{"A", chat.Content{Kind: "message"}, []string{"p"}, chat.PictureEdit{}}},
		{"listen", &listen{}},
		{"listen --count 3 --timeout 2s --download d", &listen{3, true, 2 * time.Second, "d"}},
		{"history --with A", &history{"A", 50}},
		{"history --limit 7 --with A", &history{"A", 7}},
		{"conversations", conversations{}},
		{"status", status{}},
		{"link L --name N", &linkHere{"L", "N"}},
		{"device list", deviceList{}},
		{"device link", deviceLink{}},
		{"device remove laptop", &deviceRemove{"laptop"}},
		{"verify A", &verify{who: "A"}},
		{"verify --code C A", &verify{who: "A", code: "C"}},
		{"verify A --confirm 1", &verify{who: "A", number: "1"}},
		{"recovery export f", &recoveryExport{"f"}},
		{"recovery import f --name N", &recoveryImport{"f", "N"}},
		{"group create T --with A,B", &groupCreate{"T", []string{"A", "B"}}},
		{"group list", groupList{}},
		{"group add T --with A --history", &groupChange{verb: "add", which: "T", names: []string{"A"}, history: true}},
		{"group remove T --with A", &groupChange{verb: "remove", which: "T", names: []string{"A"}}},
		{"group leave T", &groupChange{verb: "leave", which: "T"}},
		{"group rename T U", &groupChange{verb: "rename", which: "T", title: "U"}},
		{"group write T admins", &groupChange{verb: "write", which: "T", admins: true}},
		{"group write T all", &groupChange{verb: "write", which: "T"}},
		{"group picture T P", &groupPicture{which: "T", path: "P"}},
		{"group picture T --none", &groupPicture{which: "T", none: true}},
		{"group link T", &groupLink{"T", session.LinkTerms{Relay: true}}},
		{"group link T --uses 3 --expires 1h --history --no-relay", &groupLink{"T", session.LinkTerms{Uses: 3, Expires: time.Hour, History: true}}},
		{"group links T", &groupLinks{which: "T"}},
		{"group revoke T L", &groupLinks{"T", "L"}},
		{"join satchel://h/?group=G --timeout 5s", &join{link: "satchel://h/?group=G", timeout: 5 * time.Second}},
		{"timer A", &timer{whom: "A"}},
		{"timer A off", &timer{whom: "A", set: true}},
		{"timer A 90m", &timer{"A", true, 90 * time.Minute}},
		{"timer A 7d", &timer{"A", true, 7 * 24 * time.Hour}},
		{"mute A", &conversationSet{verb: "mute", whom: "A"}},
		{"mute A --for 8h", &conversationSet{verb: "mute", whom: "A", span: 8 * time.Hour}},
		{"unmute A", &conversationSet{verb: "unmute", whom: "A"}},
		{"pin A", &conversationSet{verb: "pin", whom: "A"}},
		{"unarchive A", &conversationSet{verb: "unarchive", whom: "A"}},
		{"block A", &block{"A", true}},
		{"unblock A", &block{"A", false}},
		{"blocked", blockList{}},
		{"profile", &profile{}},
		{"profile --name N", &profile{name: "N"}},
		{"profile --picture P", &profile{picture: "P"}},
		{"profile --no-picture", &profile{none: true}},
		{"invite", &invite{1, 7 * 24 * time.Hour}},
		{"invite --uses 5 --expires 1h", &invite{5, time.Hour}},
	} {
		got, err := parse(strings.Fields(c.args))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v", c.args, got, err)
		}
	}
	for _, args := range []string{"help", "send --help", "join -h", "link -h", "device help", "recovery export -h"} {
		if _, err := parse(strings.Fields(args)); !errors.Is(err, errHelp) {
			t.Errorf("%s: %v", args, err)
		}
	}
	for _, args := range []string{"", "dance", "join", "join L", "join L M --name N", "send --to A", "send --text T", "send --to A --text", "send --to A --text T more",
		"send --to A --file=", "listen --count -1", "listen --count x", "listen --timeout -1s", "history", "invite --uses 0", "status --fast",
		"link", "link L M", "device", "device dance", "device remove", "device list x", "verify", "verify A --code C --confirm 1", "recovery", "recovery export",
		"recovery import f --passphrase x", "group", "group create T", "group create --with A", "group add T", "group remove T --history", "group leave", "group rename T",
		"group write T", "group write T some", "group picture T", "group picture T P --none", "group link", "group revoke T", "timer", "timer A 0s", "timer A 367d", "timer A 1ms", "timer A 1h 2h", "join L --timeout -1s --name N", "mute", "mute A --for 1ms", "mute A --for -1h", "pin", "pin A B", "unmute A --for 1h", "block", "blocked A", "profile A"} {
		_, err := parse(strings.Fields(args))
		var u usage
		if !errors.As(err, &u) {
			t.Errorf("%s: %v", args, err)
		}
		var b bytes.Buffer
		if code := report(&b, err); code != exitUsage || strings.Count(b.String(), "\n") != 1 {
			t.Errorf("%s: exit %d, %q", args, code, b.String())
		}
	}
}

func TestSentence(t *testing.T) {
	for in, want := range map[string]string{
		"there is nothing":    "There is nothing.",
		"There is.":           "There is.",
		"a\nB.\n":             "A. B.",
		"é assim":             "É assim.",
		"/tmp/x is a folder.": "/tmp/x is a folder.",
	} {
		if got := sentence(errors.New(in)); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// A run that is taken over by another process makes the same messages, and
// prints what is left.
func TestRunIsTheSameElsewhere(t *testing.T) {
	c := Call{Run: runName(), Began: time.Now()}
	d := c
	if c.messageID(0) != d.messageID(0) || c.messageID(0) == c.messageID(1) || len(c.messageID(0)) != 26 {
		t.Error(c.messageID(0), d.messageID(0), c.messageID(1))
	}
	other := Call{Run: runName(), Began: c.Began}
	if c.messageID(0) == other.messageID(0) {
		t.Error("two runs have one message")
	}
	var b bytes.Buffer
	d.Printed, d.Stdout = 2, &b
	for i := range 4 {
		if err := d.print(i); err != nil {
			t.Fatal(err)
		}
	}
	if b.String() != "2\n3\n" {
		t.Errorf("%q", b.String())
	}
}
