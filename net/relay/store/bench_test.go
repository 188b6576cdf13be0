package store

import (
	"fmt"
	"path/filepath"
	"testing"

	"satchel/internal/postgres"
	"satchel/net/wire"
)

// BenchmarkAppend is what the database alone takes: 256 entries of 500 bytes
// wait at any time, in 64 conversations.
func BenchmarkAppend(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkAppend(b, filepath.Join(b.TempDir(), "db")) })
	b.Run("postgres", func(b *testing.B) {
		server, err := postgres.Start() // one that syncs
		if err != nil {
			b.Fatal(err)
		}
		defer server.Stop()
		url, err := server.Database()
		if err != nil {
			b.Fatal(err)
		}
		benchmarkAppend(b, url)
	})
}

func benchmarkAppend(b *testing.B, database string) {
	s, err := Open(database)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	accounts := make([]string, 64)
	for i := range accounts {
		if accounts[i], err = register(s, fmt.Sprint("Person ", i)); err != nil {
			b.Fatal(err)
		}
		if err := begin(s, wire.SelfID(accounts[i]), "self", accounts[i]); err != nil {
			b.Fatal(err)
		}
	}
	waiting := make(chan struct{}, 256)
	body := make([]byte, 500)
	b.ResetTimer()
	for n := range b.N {
		waiting <- struct{}{}
		a := accounts[n%len(accounts)]
		s.Append(wire.Entry{Conversation: wire.SelfID(a), Message: wire.NewID(), From: a, Device: "device of " + a, Body: body}, nil, 0, func(_ wire.Entry, _ bool, err error) {
			if err != nil {
				b.Error(err)
			}
			<-waiting
		})
	}
	for range cap(waiting) {
		waiting <- struct{}{}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "durable-messages/s")
}
