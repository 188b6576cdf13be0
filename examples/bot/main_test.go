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

// The bot joins a real relay, and a real session asks it something, twice.
func TestPing(t *testing.T) {
	t.Setenv("SATCHEL_KEYRING", "off")
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	r, err := relay.Open(relay.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	link, err := r.Invite(ctx, 2, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.Open(session.Options{Dir: filepath.Join(t.TempDir(), "mara"), Client: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 3)
	go func() { ended <- r.Serve(ctx) }()
	go func() { ended <- s.Run(ctx) }()
	go func() { ended <- run(ctx, link, "Ping") }()
	defer func() {
		stop()
		for range 3 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}()
	if err := s.Join(ctx, link, "Mara"); err != nil {
		t.Fatal(err)
	}
	changes, cancel := s.Subscribe()
	defer cancel()
	for {
		c, err := s.OpenDirect(ctx, "Ping")
		if err != nil && ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond) // the bot is still joining
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		for asked := 1; asked <= 2; asked++ {
			m, err := s.Send(ctx, c.ID, chat.Content{Text: "ping"})
			if err != nil {
				t.Fatal(err)
			}
			for answers(t, s, c.ID, m.ID) != 1 {
				select {
				case <-changes:
				case <-ctx.Done():
					t.Fatal("no answer")
				}
			}
		}
		return
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
