package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What a method may refuse; everything else that it returns is a failure.
var (
	ErrNotFound      = errors.New("store: not found")
	ErrConflict      = errors.New("store: the id is in use for something else")
	ErrRemoved       = errors.New("store: the device is not the account's any more")
	ErrDevice        = errors.New("store: the device is another account's")
	ErrNameTaken     = errors.New("store: the name is taken")
	ErrInviteInvalid = errors.New("store: no such invitation")
	ErrInviteExpired = errors.New("store: the invitation has expired")
	ErrInviteUsed    = errors.New("store: the invitation was used up")
	ErrFull          = errors.New("store: the disk is full")
	ErrNewer         = errors.New("store: the database is of a newer version of this program")
	ErrClosed        = errors.New("store: closed")
)

// maxBatch is how many writes share one transaction, at most.
const maxBatch = 256

// Store is an open database.
type Store struct {
	write, read *sql.DB
	conn        *sql.Conn // the writing goroutine's
	ops         chan op
	told        chan []op // committed, in order
	closed      bool
	mu          sync.RWMutex // guards closed, and ops against closing under a sender
	done        sync.WaitGroup
}

// op is a write that waits, and who is told of it.
type op struct {
	do    func(*tx) error
	after func(error)
	err   error
}

// Open opens the database in a file, and makes it where there is none.
func Open(path string) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// Made here, and not by SQLite, so that nobody else may read it.
	f, err := os.OpenFile(abs, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	f.Close()
	dsn := (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String() +
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	s := &Store{ops: make(chan op, maxBatch), told: make(chan []op, 16)}
	if s.write, err = sql.Open("sqlite", dsn); err != nil {
		return nil, err
	}
	s.write.SetMaxOpenConns(1)
	if s.conn, err = s.write.Conn(context.Background()); err != nil {
		s.write.Close()
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	if s.read, err = sql.Open("sqlite", dsn+"&_pragma=query_only(1)"); err == nil {
		s.read.SetMaxOpenConns(4)
		s.read.SetMaxIdleConns(4)
		err = s.migrate()
	}
	if err != nil {
		return nil, errors.Join(err, s.closeDatabases())
	}
	s.done.Add(2)
	go s.writer()
	go s.teller()
	return s, nil
}

// Close waits for what was asked before and closes the database. It may be called again.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.ops)
	s.mu.Unlock()
	s.done.Wait()
	return s.closeDatabases()
}

func (s *Store) closeDatabases() error {
	errs := []error{s.conn.Close()}
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	return errors.Join(append(errs, s.write.Close())...)
}

func (s *Store) migrate() error {
	ctx := context.Background()
	// Immediate, because another process may be doing the same.
	if _, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("store: migrate: %w", full(err))
	}
	err := func() error {
		var version int
		if err := s.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version > len(migrations) {
			return ErrNewer
		}
		for ; version < len(migrations); version++ {
			if _, err := s.conn.ExecContext(ctx, migrations[version]); err != nil {
				return err
			}
			if _, err := s.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version+1)); err != nil {
				return err
			}
		}
		_, err := s.conn.ExecContext(ctx, "COMMIT")
		return err
	}()
	if err != nil {
		_, _ = s.conn.ExecContext(ctx, "ROLLBACK") // err is what went wrong
		return fmt.Errorf("store: migrate: %w", full(err))
	}
	return nil
}

// submit queues a write. after is called when it is committed, or when it
// failed, on the telling goroutine, and so must not wait for another write.
func (s *Store) submit(do func(*tx) error, after func(error)) {
	s.mu.RLock()
	if !s.closed {
		s.ops <- op{do: do, after: after}
		s.mu.RUnlock()
		return
	}
	s.mu.RUnlock()
	after(ErrClosed)
}

// do carries out a write and returns when it is on the disk.
func (s *Store) do(do func(*tx) error) error {
	done := make(chan error, 1)
	s.submit(do, func(err error) { done <- err })
	return <-done
}

// writer is the goroutine that owns the writing connection.
func (s *Store) writer() {
	defer s.done.Done()
	defer close(s.told)
	t := &tx{conn: s.conn, stmts: map[string]*sql.Stmt{}}
	for first := range s.ops {
		batch := make([]op, 1, 16)
		batch[0] = first
	gather:
		for len(batch) < maxBatch {
			select {
			case o, ok := <-s.ops:
				if !ok {
					break gather
				}
				batch = append(batch, o)
			default:
				break gather
			}
		}
		t.run(batch)
		s.told <- batch
	}
	for _, stmt := range t.stmts {
		stmt.Close()
	}
}

func (s *Store) teller() {
	defer s.done.Done()
	for batch := range s.told {
		for _, o := range batch {
			o.after(o.err)
		}
	}
}

// tx is the writer's transaction. Its statements are prepared once. No
// context: a write is short, and its end must be known.
type tx struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// run carries out a batch in one transaction. One that fails is undone alone;
// when the transaction itself fails, all have failed.
func (t *tx) run(batch []op) {
	failed := t.exec("BEGIN IMMEDIATE")
	if failed == nil {
		for i := range batch {
			if failed = t.exec("SAVEPOINT op"); failed != nil {
				break
			}
			if batch[i].err = full(batch[i].do(t)); batch[i].err != nil {
				if failed = t.exec("ROLLBACK TO op"); failed != nil {
					break
				}
			}
			if failed = t.exec("RELEASE op"); failed != nil {
				break
			}
		}
		if failed == nil {
			failed = t.exec("COMMIT")
		}
		if failed != nil {
			_ = t.exec("ROLLBACK") // failed is what went wrong
		}
	}
	if failed != nil {
		for i := range batch {
			batch[i].err = fmt.Errorf("store: commit: %w", full(failed))
		}
	}
}

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if stmt, ok := t.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := t.conn.PrepareContext(context.Background(), query)
	if err == nil {
		t.stmts[query] = stmt
	}
	return stmt, err
}

func (t *tx) exec(query string, args ...any) error {
	_, err := t.changed(query, args...)
	return err
}

// changed carries out a statement and returns how many rows it changed.
func (t *tx) changed(query string, args ...any) (int64, error) {
	stmt, err := t.stmt(query)
	if err != nil {
		return 0, err
	}
	r, err := stmt.Exec(args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// get reads one row; ErrNotFound when there is none.
func (t *tx) get(query string, args []any, into ...any) error {
	stmt, err := t.stmt(query)
	if err != nil {
		return err
	}
	return found(stmt.QueryRow(args...).Scan(into...))
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

func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// full turns SQLite's word for a full disk into ErrFull.
func full(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL {
		return ErrFull
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

// Ready writes nothing, durably: it fails when the store can't write.
func (s *Store) Ready() error {
	return s.SetValue("ready", time.Now().UTC().Format(time.RFC3339))
}
