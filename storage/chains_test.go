package storage

import (
	"path/filepath"
	"testing"

	"satchel/chat"
)

// A chain grows at its end only; what would leave a gap or stand twice is refused.
func TestChainsGrowAtTheEnd(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "cache.db"))
	update(t, db, func(tx *Tx) error {
		if err := tx.AddToChain("c1", 0, [][]byte{{1}, {2}}); err != nil {
			return err
		}
		for _, after := range []uint64{0, 1, 3} {
			if err := tx.AddToChain("c1", after, [][]byte{{9}}); err == nil {
				t.Errorf("a statement went behind number %d", after)
			}
		}
		same(t, "length", tx.ChainLength("c1"), uint64(2))
		same(t, "of another", tx.ChainLength("c2"), uint64(0))
		same(t, "chain", tx.Chain("c1"), [][]byte{{1}, {2}})
		return nil
	})
}

// A finding is told once, shows in the conversation's row, and goes when it
// holds no more; one that stops is shown before the others.
func TestFindings(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "cache.db"))
	row := func(warning string, stopped bool) {
		t.Helper()
		view(t, db, func(tx *Tx) error {
			c, _, err := tx.Conversation("c1")
			same(t, "warning", c.Warning, warning)
			same(t, "stopped", c.Stopped, stopped)
			return err
		})
	}
	add := func(f Finding, fresh bool) {
		t.Helper()
		update(t, db, func(tx *Tx) error {
			got, err := tx.AddFinding("c1", f)
			same(t, "fresh", got, fresh)
			return err
		})
	}
	update(t, db, func(tx *Tx) error { return tx.PutConversation(&chat.Conversation{ID: "c1", Kind: chat.Direct}) })
	add(Finding{Key: "a", Text: "A"}, true)
	add(Finding{Key: "a", Text: "A again"}, false)
	row("A", false)
	add(Finding{Key: "b", Text: "B", Stop: true}, true)
	add(Finding{Key: "c", Text: "C"}, true)
	row("B", true)
	update(t, db, func(tx *Tx) error { return tx.DeleteFinding("c1", "b") })
	row("C", false)
	add(Finding{Key: "of nobody", Text: "x"}, true)
	update(t, db, func(tx *Tx) error { _, err := tx.AddFinding("unknown", Finding{Key: "a", Text: "x"}); return err })
}
