// Package index finds messages by their words. It lies in the cache's own file,
// so that it changes in the transaction that changes a message, and is never
// ahead of it or behind. Package storage is its only caller.
//
//	index.docs   number → conversation, message
//	index.words  word, 0, bound → a run of numbers
//
// A message's number is its time in milliseconds and a count of those of one
// millisecond: numbers are in the order of time. A run is up to 64 numbers of
// messages with that word, each as its distance from the one before; none is
// above its bound, and all are above the bound of the run before. The newest
// run of a word has the highest bound that there is.
package index

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"go.etcd.io/bbolt"
)

var (
	bDocs  = []byte("index.docs")
	bWords = []byte("index.words")
)

// ErrDamaged says that what is in the index makes no sense; it can be built anew.
var ErrDamaged = errors.New("the index of words is damaged")

// fileWord is a word that no text has: messages with a file have it.
const fileWord = "\x01"

// Entry is what is to be found of one message.
type Entry struct {
	Conversation, Message string
	At                    int64 // Unix milliseconds
	Text                  string
	File                  bool
}

func (e *Entry) words() []string {
	all := words(e.Text)
	if e.File && len(all) > 0 {
		all = append(all, fileWord)
	}
	return all
}

// Ref names a message that was found.
type Ref struct {
	Conversation, Message string
}

// Index is the index in one transaction.
type Index struct{ docs, words *bbolt.Bucket }

// Create makes an empty index.
func Create(tx *bbolt.Tx) error {
	_, err := tx.CreateBucket(bDocs)
	_, err2 := tx.CreateBucket(bWords)
	return errors.Join(err, err2)
}

// Clear empties the index: it is to be built anew.
func Clear(tx *bbolt.Tx) error {
	return errors.Join(tx.DeleteBucket(bDocs), tx.DeleteBucket(bWords), Create(tx))
}

// In returns the index of a transaction's database.
func In(tx *bbolt.Tx) *Index { return &Index{tx.Bucket(bDocs), tx.Bucket(bWords)} }

// sameMillisecond is how many messages of one millisecond are told apart.
const sameMillisecond = 1 << 16

// number finds the number of an entry, and the first that is free at its time.
func (x *Index) number(e *Entry) (own uint64, known bool, free uint64) {
	base := uint64(min(max(e.At, 0), 1<<47-1)) * sameMillisecond
	row := rowOf(e)
	cursor := x.docs.Cursor()
	free = base
	for k, v := cursor.Seek(key(base)); len(k) == 8; k, v = cursor.Next() {
		n := binary.BigEndian.Uint64(k)
		if n-base >= sameMillisecond {
			break
		}
		if bytes.Equal(v, row) {
			return n, true, 0
		}
		if n == free {
			free++
		}
	}
	return 0, false, free
}

func key(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func rowOf(e *Entry) []byte {
	row := binary.AppendUvarint(nil, uint64(len(e.Conversation)))
	return append(append(row, e.Conversation...), e.Message...)
}

// Put adds a message; one that is there already stays.
func (x *Index) Put(e Entry) error {
	all := e.words()
	if len(all) == 0 {
		return nil
	}
	_, known, n := x.number(&e)
	if known || n%sameMillisecond == sameMillisecond-1 {
		return nil
	}
	if err := x.docs.Put(key(n), rowOf(&e)); err != nil {
		return err
	}
	for _, w := range all {
		if err := x.add(w, n); err != nil {
			return err
		}
	}
	return nil
}

// Remove takes a message out; e is what was put.
func (x *Index) Remove(e Entry) error {
	all := e.words()
	if len(all) == 0 {
		return nil
	}
	n, known, _ := x.number(&e)
	if !known {
		return nil
	}
	for _, w := range all {
		if err := x.drop(w, n); err != nil {
			return err
		}
	}
	return x.docs.Delete(key(n))
}

// runMost is how many numbers a run has at most.
const runMost = 64

// openEnd is the bound of a word's newest run.
const openEnd = math.MaxUint64

func lead(word string) []byte { return append([]byte(word), 0) }

// run finds the run that n is in, or belongs in: its bound and its numbers. It
// only ever seeks forward: see newest in package storage.
func (x *Index) run(word string, n uint64) (bound uint64, run []uint64, err error) {
	lead := lead(word)
	k, v := x.words.Cursor().Seek(append(slices.Clone(lead), key(n)...))
	if !bytes.HasPrefix(k, lead) {
		return openEnd, nil, nil
	}
	if len(k) != len(lead)+8 {
		return 0, nil, ErrDamaged
	}
	run, err = decode(v, nil)
	return binary.BigEndian.Uint64(k[len(lead):]), run, err
}

// decode appends the numbers of a run.
func decode(v []byte, to []uint64) ([]uint64, error) {
	n := uint64(0)
	for len(v) > 0 {
		d, w := binary.Uvarint(v)
		if w <= 0 {
			return to, ErrDamaged
		}
		n, v = n+d, v[w:]
		to = append(to, n)
	}
	return to, nil
}

func (x *Index) write(word string, bound uint64, run []uint64) error {
	k := append(lead(word), key(bound)...)
	if len(run) == 0 {
		return x.words.Delete(k)
	}
	var v []byte
	before := uint64(0)
	for _, n := range run {
		v = binary.AppendUvarint(v, n-before)
		before = n
	}
	return x.words.Put(k, v)
}

// add puts n among the numbers of a word.
func (x *Index) add(word string, n uint64) error {
	bound, run, err := x.run(word, n)
	if err != nil {
		return err
	}
	at, there := slices.BinarySearch(run, n)
	if there {
		return nil
	}
	run = slices.Insert(run, at, n)
	if len(run) > runMost {
		half := runMost / 2
		if at == runMost { // news come at the end: what is full stays full
			half = runMost
		}
		if err := x.write(word, run[half-1], run[:half]); err != nil {
			return err
		}
		run = run[half:]
	}
	return x.write(word, bound, run)
}

// drop takes n out of the numbers of a word.
func (x *Index) drop(word string, n uint64) error {
	bound, run, err := x.run(word, n)
	if err != nil {
		return err
	}
	at, there := slices.BinarySearch(run, n)
	if !there {
		return nil
	}
	return x.write(word, bound, slices.Delete(run, at, at+1))
}

// Query is what is looked for.
type Query struct {
	Text         string // every word of it; the last may be only begun
	Files        bool   // only messages that carry a file; Text may be empty then
	Conversation string // only in this one; "": in all
	Limit        int    // at most so many
}

// Find returns the newest messages that a query is about, the newest first.
func (x *Index) Find(q Query) ([]Ref, error) {
	asked := question(q.Text)
	if q.Files && (len(asked) > 0 || q.Text == "") {
		asked = append(asked, wanted{fileWord, false})
	}
	if len(asked) == 0 {
		return nil, nil
	}
	var found []uint64
	for i, w := range asked {
		numbers, err := x.numbers(w)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			found = numbers
		} else {
			found = both(found, numbers)
		}
		if len(found) == 0 {
			return nil, nil
		}
	}
	var out []Ref
	for i := len(found) - 1; i >= 0 && len(out) < q.Limit; i-- {
		row := x.docs.Get(key(found[i]))
		n, w := binary.Uvarint(row)
		if w <= 0 || n > uint64(len(row)-w) {
			return nil, fmt.Errorf("%w: message %d", ErrDamaged, found[i])
		}
		if in := string(row[w : w+int(n)]); q.Conversation == "" || q.Conversation == in {
			out = append(out, Ref{in, string(row[w+int(n):])})
		}
	}
	return out, nil
}

// numbers are those of the messages that have a word, in order.
func (x *Index) numbers(w wanted) (all []uint64, err error) {
	prefix := []byte(w.word)
	if !w.prefix {
		prefix = lead(w.word)
	}
	several := false
	cursor := x.words.Cursor()
	for k, v := cursor.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = cursor.Next() {
		end := bytes.IndexByte(k, 0)
		if end < 0 {
			return nil, ErrDamaged
		}
		several = several || end != len(w.word)
		if all, err = decode(v, all); err != nil {
			return nil, err
		}
	}
	if several {
		slices.Sort(all)
		all = slices.Compact(all)
	}
	return all, nil
}

// both are the numbers that are in a and in b, which are in order.
func both(a, b []uint64) []uint64 {
	if len(b) < len(a) {
		a, b = b, a
	}
	out := a[:0:0]
	for _, n := range a {
		i := sort.Search(len(b), func(i int) bool { return b[i] >= n })
		if b = b[i:]; len(b) == 0 {
			break
		}
		if b[0] == n {
			out = append(out, n)
		}
	}
	return out
}
