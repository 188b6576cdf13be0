package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// matrix is what all runs came to.
var matrix table

type table struct {
	mu    sync.Mutex
	order []string
	rows  map[string]*row
}

// row sums up the runs of one kind of fault in one direction.
type row struct {
	name, direction            string
	runs, equal, said, resumed int
	twice                      int64
}

// result is one run. Every run that is recorded ended in a file that is equal at
// the other end; what did not has failed its test.
type result struct {
	said    bool  // it stood still at least once, and said in a sentence why
	resumed bool  // it went on from there, or after a kill, by itself or by a click
	twice   int64 // bytes that moved beside those of the file
}

func (tb *table) row(name, direction string) *row {
	if tb.rows == nil {
		tb.rows = map[string]*row{}
	}
	key := name + "\x00" + direction
	r := tb.rows[key]
	if r == nil {
		r = &row{name: name, direction: direction}
		tb.rows[key] = r
		tb.order = append(tb.order, key)
	}
	return r
}

// has gives a row its place, before runs come in any order.
func (tb *table) has(name, direction string) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.row(name, direction)
}

// run counts a run that begins; the returned function notes how it ended. One
// that ends without it is a violation.
func (tb *table) run(t *testing.T, name, direction string) func(result) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.row(name, direction).runs++
	return func(r result) {
		tb.mu.Lock()
		defer tb.mu.Unlock()
		row := tb.row(name, direction)
		if t.Failed() {
			return
		}
		row.equal++
		if r.said {
			row.said++
		}
		if r.resumed {
			row.resumed++
		}
		row.twice = max(row.twice, r.twice)
	}
}

// print adds the table to build/faults.md, as docs/faults.md holds it.
func (tb *table) print() error {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(tablePath), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(tablePath, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if info, err := f.Stat(); err == nil && info.Size() == 0 {
		fmt.Fprintf(f, "| what goes wrong | direction | runs | equal at the end | said why in a sentence | went on | bytes twice, at most | violations |\n|---|---|--:|--:|--:|--:|--:|--:|\n")
	}
	for _, key := range tb.order {
		r := tb.rows[key]
		fmt.Fprintf(f, "| %s | %s | %d | %d | %d | %d | %s | %d |\n", r.name, r.direction, r.runs, r.equal, r.said, r.resumed, bytesOf(r.twice), r.runs-r.equal)
	}
	return f.Close()
}

const tablePath = "../../build/faults.md"

func bytesOf(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprint(n)
}
