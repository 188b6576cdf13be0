package store

import (
	"database/sql"
	"errors"
	"strings"
	"sync/atomic"
	"time"
)

// What a method may refuse; everything else that it returns is a failure.
var (
	ErrNotFound      = errors.New("store: not found")
	ErrConflict      = errors.New("store: the id is in use for something else")
	ErrRemoved       = errors.New("store: the device is not the account's any more")
	ErrBarred        = errors.New("store: the operator shut the account or the device out")
	ErrDevice        = errors.New("store: the device is another account's")
	ErrNameTaken     = errors.New("store: the name is taken")
	ErrInviteInvalid = errors.New("store: no such invitation")
	ErrInviteExpired = errors.New("store: the invitation has expired")
	ErrInviteUsed    = errors.New("store: the invitation was used up")
	ErrFull          = errors.New("store: the disk is full")
	ErrNewer         = errors.New("store: the database is of a newer version of this program")
	ErrMayNot        = errors.New("store: the account's role does not allow this")
	ErrTooMuch       = errors.New("store: more settings than an account may keep")
	ErrClosed        = errors.New("store: closed")
)

// refused tells of the errors that are an answer, and no failure.
func refused(err error) bool {
	for _, r := range []error{ErrNotFound, ErrConflict, ErrRemoved, ErrDevice, ErrNameTaken, ErrInviteInvalid, ErrInviteExpired, ErrInviteUsed, ErrNewer, ErrFile, ErrBarred, ErrTooMuch, ErrMayNot} {
		if errors.Is(err, r) {
			return true
		}
	}
	return errors.As(err, new(*OverQuota))
}

// Store is an open database.
type Store struct {
	read    reader
	writes  writes
	about   string
	waiting atomic.Int64 // writes that were asked for and have no end yet
}

// writes is a database that is written to.
type writes interface {
	do(func(*tx) error) error
	submit(op)
	observe(func(time.Duration))
	close() error
}

// Open opens a database, and makes its tables where there are none. It is
// named by its URL, postgres://…, or is the SQLite file with this path, which
// may be led by sqlite:.
func Open(database string) (*Store, error) {
	if IsPostgres(database) {
		return openPostgres(database)
	}
	return openSQLite(strings.TrimPrefix(database, "sqlite:"))
}

// IsPostgres tells whether a database that Open takes is one of PostgreSQL,
// which several processes may open at once.
func IsPostgres(database string) bool {
	return strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
}

// Close waits for what was asked before and closes the database. It may be called again.
func (s *Store) Close() error {
	return errors.Join(s.writes.close(), s.read.db.Close())
}

// About says which database this is, in words and without secrets.
func (s *Store) About() string { return s.about }

// Observe makes every transaction that was committed be told of, with the time
// from its beginning until it was on the disk. It is called once, before the
// first write. committed is called on several goroutines and must not wait.
func (s *Store) Observe(committed func(took time.Duration)) { s.writes.observe(committed) }

// Waiting is how many writes were asked for and are not on the disk yet.
func (s *Store) Waiting() int { return int(s.waiting.Load()) }

// do carries out a write and returns when it is on the disk.
func (s *Store) do(do func(*tx) error) error {
	s.waiting.Add(1)
	defer s.waiting.Add(-1)
	return s.writes.do(do)
}

// submit queues a write of a conversation, or of an account. after is called
// when it is committed, or when it failed, on a goroutine that must not be held
// up, and so must not wait for another write.
func (s *Store) submit(of string, do func(*tx) error, after func(error)) {
	s.queue(op{of: of, do: do, after: after})
}

// inOrder carries out a write as do does, one after the other of this process,
// and sees at each statement what others committed before it. Where rows are
// what many writes meet at, none of them has to be repeated.
func (s *Store) inOrder(of string, do func(*tx) error) error {
	done := make(chan error, 1)
	s.submit(of, do, func(err error) { done <- err })
	return <-done
}

func (s *Store) queue(o op) {
	s.waiting.Add(1)
	after := o.after
	o.after = func(err error) {
		s.waiting.Add(-1)
		after(err)
	}
	s.writes.submit(o)
}

func unobserved(time.Duration) {}

// op is a write that waits, and who is told of it.
type op struct {
	of      string      // a conversation or an account: those of one are told in the order of their commits
	quick   []statement // what do does where nothing is unusual, or none
	do      func(*tx) error
	after   func(error)
	patient bool // nobody waits: it may go with the next one to the disk
	err     error
}

// statement is one of several that do not depend on what the others found, so
// that a database at a distance carries out all at once. Where the first gives
// no row, none of them changes anything, and do finds out why.
type statement struct {
	query string
	args  []any
	into  []any // of the first: what its row is read to
}

// tx is a transaction. No context: a write is short, and its end must be known.
type tx struct {
	in       transaction
	repeated bool // this write may have been committed before, by a try of which nobody knows the end
}

// transaction is how a database carries out statements.
type transaction interface {
	exec(query string, args []any) (changed int64, err error)
	get(query string, args, into []any) error // sql.ErrNoRows: none
	query(query string, args []any) (*sql.Rows, error)
}

func (t *tx) exec(query string, args ...any) error {
	_, err := t.changed(query, args...)
	return err
}

// changed carries out a statement and returns how many rows it changed.
func (t *tx) changed(query string, args ...any) (int64, error) { return t.in.exec(query, args) }

// get reads one row; ErrNotFound when there is none.
func (t *tx) get(query string, args []any, into ...any) error {
	err := t.in.get(query, args, into)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// has tells whether a query has a row.
func (t *tx) has(query string, args ...any) (bool, error) {
	var one int
	err := t.get(query, args, &one)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// reader reads outside of transactions.
type reader struct {
	db      *sql.DB
	dialect *dialect
}

func (r reader) Query(query string, args ...any) (*sql.Rows, error) {
	return r.db.Query(r.dialect.query(query), args...)
}

func (r reader) QueryRow(query string, args ...any) *sql.Row {
	return r.db.QueryRow(r.dialect.query(query), args...)
}

func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) || unspeakable(err) {
		return ErrNotFound
	}
	return err
}

func now() int64 { return time.Now().UnixMilli() }

// Value returns what SetValue stored; empty when nothing.
func (s *Store) Value(key string) (string, error) {
	var v string
	err := found(s.read.QueryRow("SELECT value FROM meta WHERE key = ?", key).Scan(&v))
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return v, err
}

// SetValue keeps a setting of the relay's.
func (s *Store) SetValue(key, value string) error {
	return s.do(func(t *tx) error {
		return t.exec("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)
	})
}

// FirstValue keeps a setting unless there is one, and returns which it is then.
func (s *Store) FirstValue(key, value string) (kept string, err error) {
	err = s.do(func(t *tx) error {
		if err := t.exec("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING", key, value); err != nil {
			return err
		}
		return t.get("SELECT value FROM meta WHERE key = ?", []any{key}, &kept)
	})
	return kept, err
}

// Ready writes nothing, durably: it fails when the store can't write.
func (s *Store) Ready() error {
	return s.SetValue("ready", time.Now().UTC().Format(time.RFC3339))
}
