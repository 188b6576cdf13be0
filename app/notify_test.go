package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"satchel/chat"
)

// told is a window without a session that somebody looks away from, with
// conversations 0 to n of which the last is a muted group.
func toldApp(n int) *App {
	a := &App{}
	a.model.init()
	a.model.synced = true
	a.model.me = chat.Account{ID: "me", Name: "Mara Reyes"}
	for i := range n {
		c := chat.Conversation{ID: chat.ConversationID(fmt.Sprint(i)), Kind: chat.Direct,
			Members: []chat.Account{a.model.me, {ID: "you", Name: "Ines"}}}
		if i == n-1 {
			c.Kind, c.Title, c.Muted = chat.Group, "Film crew", chat.Forever
		}
		a.model.conversations[c.ID] = c
	}
	return a
}

// came is a new message of somebody else.
func came(conv string, seq uint64, text string) *chat.MessagesChanged {
	return &chat.MessagesChanged{Conversation: chat.ConversationID(conv),
		Messages: []chat.Message{{ID: chat.MessageID(fmt.Sprint(seq)), Seq: seq, From: "you", Content: chat.Content{Kind: chat.KindMessage, Text: text}}}}
}

// A muted group says nothing, but to who is called by name there.
func TestNoticeOfMention(t *testing.T) {
	a, now := toldApp(2), time.Now()
	for _, c := range []struct {
		text string
		told bool
	}{
		{"nothing for you", false}, {"`@Mara Reyes` is code", false}, {"mail a@Mara Reyes", false}, {"@Ines, and not Mara Reyes", false},
		{"Look, @mara reyes!", true}, {"@Mara Reyes", true},
	} {
		a.model.notified["1"] = 0
		n, told := a.noticeOf(came("1", 1, c.text), now)
		if told != c.told || told && (n.Title != "Film crew" || n.Body != "Ines: "+c.text) {
			t.Errorf("%q: %v %+v", c.text, told, n)
		}
	}
	// Older ones of a batch count, and what is not to be shown is not.
	a.model.notified["1"] = 0
	batch := came("1", 7, "@Mara Reyes")
	batch.Messages = append(batch.Messages, came("1", 8, "and more").Messages...)
	a.settings.Notices.NamesOnly = true
	n, told := a.noticeOf(batch, now)
	if !told || strings.Contains(n.Body, "Mara") || a.model.notified["1"] != 7 {
		t.Errorf("%v %+v", told, n)
	}
	a.focused = true
	if _, told := a.noticeOf(came("1", 9, "@Mara Reyes"), now); told {
		t.Error("it is told to who looks")
	}
}

// Many messages at once are a few notices, and ring once; where there are several
// accounts, each says whose it is.
func TestNoticesOfBurst(t *testing.T) {
	a, now := toldApp(31), time.Now()
	tags, rings := map[string]int{}, 0
	for round := range 3 {
		for i := range 30 {
			n, told := a.noticeOf(came(fmt.Sprint(i), uint64(round+1), "hello"), now)
			if !told {
				t.Fatalf("conversation %d is not told of", i)
			}
			tags[n.Tag]++
			if n.Sound {
				rings++
			}
		}
	}
	if len(tags) != burstMost+1 || tags["0"] != 3 || tags[manyTag] != 3*(30-burstMost) || rings != 1 {
		t.Errorf("%v, %d rings", tags, rings)
	}
	a.several = true
	n, _ := a.noticeOf(came("20", 9, "later"), now.Add(burstTime))
	if n.Tag != "20" || n.Title != "Ines · Mara Reyes" || !n.Sound {
		t.Errorf("%+v", n)
	}
}
