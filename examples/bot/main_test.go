package main

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"satchel/app/session"
	"satchel/chat"
	"satchel/net/relay"
)

// The bot joins a real relay, and a real session asks it something, twice; and once
// more after the relay, and then the bot, was started again.
func TestPing(t *testing.T) {
	t.Setenv("SATCHEL_KEYRING", "off")
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	config := relay.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"}
	// begin runs something until the function that it returns is called.
	begin := func(run func(context.Context) error) (end func()) {
		ctx, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- run(ctx) }()
		return func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	serve := func() (*relay.Relay, func()) {
		r, err := relay.Open(config)
		if err != nil {
			t.Fatal(err)
		}
		return r, begin(r.Serve)
	}
	r, endRelay := serve()
	config.Listen = r.URL()[len("http://"):]
	link, err := r.Invite(ctx, 2, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bot.json")
	endBot := begin(func(ctx context.Context) error { return run(ctx, file, link) })
	s, err := session.Open(session.Options{Dir: filepath.Join(t.TempDir(), "mara"), Client: "test"})
	if err != nil {
		t.Fatal(err)
	}
	endSession := begin(s.Run)
	defer func() { endBot(); endSession(); endRelay() }()
	if err := s.Join(ctx, link, "Mara"); err != nil {
		t.Fatal(err)
	}
	changes, cancel := s.Subscribe()
	defer cancel()
	c, err := s.OpenDirect(ctx, "Ping")
	for ; err != nil && ctx.Err() == nil; c, err = s.OpenDirect(ctx, "Ping") {
		time.Sleep(20 * time.Millisecond) // the bot is still joining
	}
	var asked []chat.MessageID
	ask := func() {
		t.Helper()
		m, err := s.Send(ctx, c.ID, chat.Content{Text: "ping"})
		if err != nil {
			t.Fatal(err)
		}
		asked = append(asked, m.ID)
		for answers(t, s, c.ID, m.ID) != 1 {
			select {
			case <-changes:
			case <-ctx.Done():
				t.Fatal("no answer")
			}
		}
	}
	ask()
	ask()
	endRelay()
	_, endRelay = serve()
	s.Kick()
	ask()
	endBot()
	endBot = begin(func(ctx context.Context) error { return run(ctx, file, link) })
	ask()
	for _, id := range asked {
		if n := answers(t, s, c.ID, id); n != 1 {
			t.Errorf("%d answers", n)
		}
	}
	if c, _, err := s.Conversation(c.ID); err != nil || c.Warning != "" {
		t.Errorf("%q %v", c.Warning, err)
	}
}

// answers counts the bot's answers to a message.
func answers(t *testing.T, s *session.Session, conv chat.ConversationID, to chat.MessageID) (n int) {
	t.Helper()
	page, err := s.Messages(conv, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range page {
		if m.Content.Reply == to && m.Content.Text == "pong" && m.From != s.Profile().Account.ID {
			n++
		}
	}
	return n
}
