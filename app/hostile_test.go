package app

import (
	"strings"
	"testing"

	"satchel/chat"
)

func message(text string) chat.Content { return chat.Content{Kind: chat.KindMessage, Text: text} }

// hostile are texts that make a screen slow, wide or ugly.
func hostile() []string {
	zalgo := "Z" + strings.Repeat("\u0335\u0321\u0489\u0310", 400) + "a" + strings.Repeat("\u0301", 900)
	return []string{
		strings.Repeat("😀", 10_000),
		zalgo,
		"\u202Egnp.exe\u202C שלום عالم \u2067mixed\u2069 \u200F right to left",
		strings.Repeat("W", 40_000),
		strings.Repeat("\n", 5_000) + "the end",
		strings.Repeat("a b ", 30_000),
		"\x00\x01\x1b[31m control \u2028 separators \u2029",
		strings.Repeat("**", 3000) + "`" + strings.Repeat("[x](", 2000),
	}
}

// A list of 5,000 conversations, names of 200 characters among them, is filled,
// walked and searched.
func TestManyConversations(t *testing.T) {
	s := newStage(t)
	p := s.sits(t.TempDir())
	p.begins("Mara")
	texts := hostile()
	for i := range 5000 {
		id := chat.ConversationID(strings.Repeat("x", 20) + string(rune('A'+i%26)) + strings.Repeat("y", i/26%50) + string(rune('a'+i/1300)))
		who := chat.Account{ID: chat.AccountID(id), Name: strings.Repeat("Ángström\u0301 \u202E", 20)[:200]}
		p.model.setConversation(chat.Conversation{ID: id, Kind: chat.Direct, Members: []chat.Account{p.model.me, who}, Unread: i % 3,
			Last: &chat.Message{ID: "m", Seq: 1, From: who.ID, Content: message(texts[i%len(texts)])}})
	}
	p.drawRows()
	if n := p.screen().Listed; n < 5000 {
		t.Fatalf("%d rows", n)
	}
	p.main.head.Search.SetText("angstrom")
	p.sees("what is looked for", func(s Screen) bool { return s.Listed >= 5000 })
	if title := p.window.Title(); !strings.HasPrefix(title, "(4") {
		t.Errorf("the title is %q", title)
	}
	p.looksRight(t, "the list")
}
