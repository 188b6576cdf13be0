package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"satchel/chat"
	"satchel/storage"
)

const (
	batch  = 500
	page   = 60
	rounds = 21
)

// cache compares opening a profile's cache of 1,000, 100,000 and 1,000,000
// messages: the file, the list of conversations, the newest page of one.
func cache(ctx context.Context, dir string) error {
	sizes := []int{1_000, 100_000, 1_000_000}
	paths := make([]string, len(sizes))
	for i, n := range sizes {
		paths[i] = filepath.Join(dir, fmt.Sprintf("cache-%d.db", n))
		// One long conversation; the number of rows in the list stays the same.
		if err := fill(ctx, paths[i], n); err != nil {
			return err
		}
	}
	took := make([][]time.Duration, len(sizes))
	for range rounds {
		for i := range sizes {
			d, err := openCache(paths[i])
			if err != nil {
				return err
			}
			took[i] = append(took[i], d)
		}
	}
	base := median(took[0])
	for i, n := range sizes {
		fmt.Printf("cache: open with %9d messages: %8s  %.2f × 1,000\n", n, micros(median(took[i])), float64(median(took[i]))/float64(base))
	}
	return nil
}

func openCache(path string) (time.Duration, error) {
	start := time.Now()
	db, err := storage.Open(path)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.View(func(tx *storage.Tx) error {
		all, err := tx.Conversations()
		if err != nil {
			return err
		}
		messages, err := tx.Messages(all[0].ID, 0, page)
		if err == nil && len(messages) != page {
			err = fmt.Errorf("the page has %d messages", len(messages))
		}
		return err
	})
	return time.Since(start), err
}

func fill(ctx context.Context, path string, n int) error {
	return fillWith(ctx, path, n, func() string { return "A message of the length that people write, more or less." })
}

// fillWith makes a cache with n messages in one conversation.
func fillWith(ctx context.Context, path string, n int, text func() string) error {
	db, err := storage.Open(path)
	if err != nil {
		return err
	}
	defer db.Close()
	me, other := chat.Account{ID: "me", Name: "Me"}, chat.Account{ID: "other", Name: "Other"}
	conv := chat.Conversation{ID: "c", Kind: chat.Direct, Members: []chat.Account{me, other}}
	if err := db.Update(func(tx *storage.Tx) error { return tx.PutConversation(&conv) }); err != nil {
		return err
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for from := 1; from <= n; from += batch {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var run []chat.Message
		for seq := from; seq < from+batch; seq++ {
			who := me.ID
			if seq%2 == 0 {
				who = other.ID
			}
			run = append(run, chat.Message{ID: chat.MessageID(fmt.Sprintf("%026d", seq)), Seq: uint64(seq), From: who,
				At: at.Add(time.Duration(seq) * time.Second), Content: chat.Content{Kind: chat.KindMessage, Text: text()}})
		}
		err := db.Update(func(tx *storage.Tx) error {
			_, err := tx.AddEntries(conv.ID, me.ID, uint64(from), uint64(from+batch-1), run)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
