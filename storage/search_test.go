package storage

import (
	"errors"
	"slices"
	"testing"

	"satchel/chat"
)

// finds are the ids of what a search finds.
func finds(t *testing.T, db *DB, text string, files bool) (ids []chat.MessageID) {
	t.Helper()
	view(t, db, func(tx *Tx) error {
		all, err := tx.Search(text, files, 100)
		for _, m := range all {
			ids = append(ids, m.ID)
		}
		return err
	})
	return ids
}

// The index says what people see: edits, deletions, what is pending and what is
// taken back, in whatever order; and what was here before it was made.
func TestSearchFollowsWhatIsShown(t *testing.T) {
	db := fresh(t)
	said := func(seq uint64, from chat.AccountID, text string) chat.Message {
		m := entry(seq, from)
		m.Content.Text = text
		return m
	}
	add := func(m ...chat.Message) {
		t.Helper()
		update(t, db, func(tx *Tx) error {
			_, err := tx.AddEntries(conv, me, m[0].Seq, m[len(m)-1].Seq, m)
			return err
		})
	}
	want := func(text string, files bool, seqs ...uint64) {
		t.Helper()
		var ids []chat.MessageID
		for _, seq := range seqs {
			ids = append(ids, entry(seq, me).ID)
		}
		if got := finds(t, db, text, files); !slices.Equal(got, ids) {
			t.Errorf("%q finds %v, not %v", text, got, ids)
		}
	}
	edit := changing(2, ana, chat.KindEdit, entry(1, ana).ID, "the Harbour")
	add(edit)
	add(said(1, ana, "the boat"))
	want("boat", false)
	want("harb", false, 1)
	file := said(3, ana, "")
	file.Content.File = &chat.File{Name: "Évora-plan.pdf"}
	add(file, said(4, me, "evora"), changing(5, me, chat.KindDelete, entry(1, ana).ID, ""))
	want("evora", false, 4, 3)
	want("evora", true, 3)
	want("harbour", false, 1)
	view(t, db, func(tx *Tx) error {
		for q, many := range map[string]int{"": 1, "evora": 1, "boat": 0} {
			if all, err := tx.Files(conv, q, 10); err != nil || len(all) != many {
				t.Errorf("%d files by %q, %v", len(all), q, err)
			}
		}
		if all, err := tx.Files("another", "", 10); err != nil || len(all) != 0 {
			t.Errorf("another conversation has %d files, %v", len(all), err)
		}
		return nil
	})
	add(changing(6, ana, chat.KindDelete, entry(1, ana).ID, ""))
	want("harbour", false)
	mine := said(0, me, "pending words")
	mine.ID, mine.State = entry(7, me).ID, chat.MessagePending
	update(t, db, func(tx *Tx) error { return tx.AddPending(mine) })
	want("pending", false, 7)
	update(t, db, func(tx *Tx) error {
		_, err := tx.Acknowledge(conv, mine.ID, 7, day)
		return err
	})
	want("pending", false, 7)
	gone := said(0, me, "gone words")
	gone.ID, gone.State = "gone", chat.MessagePending
	update(t, db, func(tx *Tx) error { return errors.Join(tx.AddPending(gone), tx.RemovePending(conv, gone.ID)) })
	want("gone", false)

	update(t, db, func(tx *Tx) error { return tx.IndexAnew() })
	want("evora", false)
	for done, rounds := false, 0; !done; rounds++ {
		update(t, db, func(tx *Tx) (err error) {
			done, err = tx.IndexMore(2)
			return err
		})
		if rounds > 20 {
			t.Fatal("it never ends")
		}
	}
	want("evora", false, 4, 3)
	want("words", false, 7)
	want("harbour", false)
}

// BenchmarkSearch is a search in 100,000 messages of the cache, and what the
// index adds to the file.
func BenchmarkSearch(b *testing.B) {
	db := open(b, filled(b, 100_000))
	var with, of int
	view(b, db, func(tx *Tx) error {
		of = int(tx.bolt.Size())
		for _, name := range []string{"index.docs", "index.words"} {
			s := tx.bolt.Bucket([]byte(name)).Stats()
			with += s.LeafAlloc + s.BranchAlloc
		}
		return nil
	})
	for _, q := range []string{"number", "n", "number 4242", "99"} {
		b.Run(q, func(b *testing.B) {
			for b.Loop() {
				view(b, db, func(tx *Tx) error {
					_, err := tx.Search(q, false, 50)
					return err
				})
			}
			b.ReportMetric(float64(with)/float64(of), "of-file")
		})
	}
}

// An index that makes no sense is an error, and not a wrong answer.
func TestDamagedIndex(t *testing.T) {
	db := fresh(t)
	update(t, db, func(tx *Tx) error {
		_, err := tx.AddEntries(conv, me, 1, 1, []chat.Message{entry(1, ana)})
		return errors.Join(err, tx.bolt.Bucket([]byte("index.docs")).ForEach(func(k, _ []byte) error {
			return tx.bolt.Bucket([]byte("index.docs")).Put(k, nil)
		}))
	})
	if err := db.View(func(tx *Tx) error {
		_, err := tx.Search("number", false, 10)
		return err
	}); !errors.Is(err, ErrIndex) {
		t.Errorf("it says %v", err)
	}
	update(t, db, func(tx *Tx) error {
		err := tx.IndexAnew()
		_, err2 := tx.IndexMore(10)
		return errors.Join(err, err2)
	})
	if got := finds(t, db, "number", false); len(got) != 1 {
		t.Errorf("made anew, it finds %v", got)
	}
}
