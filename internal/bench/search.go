package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"time"

	"satchel/storage"
)

const (
	searched   = 100_000
	vocabulary = 8_000 // words, as often as words are: the n-th 1/n times as often as the first
	shownFound = 50    // as many as the window asks for
)

// search looks for words among 100,000 messages: one that is in every message
// almost, rare ones, beginnings of words, and what is not there.
func search(ctx context.Context, dir string) error {
	path := filepath.Join(dir, "search.db")
	r := rand.New(rand.NewPCG(3, 4))
	word := func() string { return spelled(int(math.Pow(vocabulary, r.Float64()))) }
	text := func() string {
		words := word()
		for range 4 + r.IntN(14) {
			words += " " + word()
		}
		return words
	}
	if err := fillWith(ctx, path, searched, text); err != nil {
		return err
	}
	db, err := storage.Open(path)
	if err != nil {
		return err
	}
	defer db.Close()
	common, seldom := spelled(1), spelled(vocabulary-1)
	for _, q := range []struct{ name, text string }{
		{"the commonest word", common}, {"a rare word", seldom}, {"two words", common + " " + spelled(40)},
		{"one letter", common[:1]}, {"nothing that is there", "xylophone"},
	} {
		var took []time.Duration
		found := 0
		for range rounds {
			began := time.Now()
			if err := db.View(func(tx *storage.Tx) error {
				all, err := tx.Search(q.text, false, shownFound)
				found = len(all)
				return err
			}); err != nil {
				return err
			}
			took = append(took, time.Since(began))
		}
		fmt.Printf("search: %s in %d messages: %.3f of 50 ms (%s), the longest %.3f; %d shown\n", q.name, searched,
			ratio(median(took), 50*time.Millisecond), micros(median(took)), ratio(percentile(took, 1), 50*time.Millisecond), found)
	}
	return nil
}

// spelled is a word that can be said, another one for each number.
func spelled(n int) string {
	syllables := [...]string{"ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "zo"}
	word := ""
	for n++; n > 0; n /= len(syllables) {
		word += syllables[n%len(syllables)]
	}
	return word
}
