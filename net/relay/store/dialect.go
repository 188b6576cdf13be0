package store

import (
	"strconv"
	"strings"
	"sync"
)

// dialect turns a query, which is written once, into what a database takes.
// Queries have ? for their arguments, GREATEST and LEAST, and FOR NO KEY UPDATE
// or FOR UPDATE where they hold a row; migrations have the types INTEGER, TEXT and BLOB.
type dialect struct {
	words    *strings.Replacer // nil: none
	numbered bool              // $1, $2, … for ?
	known    sync.Map
}

var (
	sqliteWords = strings.NewReplacer(" FOR NO KEY UPDATE", "", " FOR UPDATE", "", "GREATEST(", "MAX(", "LEAST(", "MIN(")
	// Text is compared byte by byte, as SQLite does.
	postgresTypes = strings.NewReplacer("INTEGER", "BIGINT", "BLOB", "BYTEA", " TEXT", ` TEXT COLLATE "C"`)
)

// query rewrites one; each is done once.
func (d *dialect) query(q string) string {
	if known, ok := d.known.Load(q); ok {
		return known.(string)
	}
	out := q
	if d.words != nil {
		out = d.words.Replace(q)
	}
	if d.numbered {
		parts := strings.Split(out, "?")
		var b strings.Builder
		b.WriteString(parts[0])
		for i, p := range parts[1:] {
			b.WriteString("$" + strconv.Itoa(i+1) + p)
		}
		out = b.String()
	}
	d.known.Store(q, out)
	return out
}
