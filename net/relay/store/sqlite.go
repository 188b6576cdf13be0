package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	maxBatch = 256                   // writes that share one transaction, at most
	company  = 25 * time.Millisecond // that patient writes wait for others to share it with
)

// sqliteWrites has one goroutine that writes and one that tells.
type sqliteWrites struct {
	db      *sql.DB
	conn    *sql.Conn // the writing goroutine's
	dialect *dialect
	ops     chan op
	told    chan []op // committed, in order
	mu      sync.RWMutex
	closed  bool // guarded by mu, and ops against closing under a sender
	done    sync.WaitGroup

	committed func(time.Duration)
}

func openSQLite(path string) (*Store, error) {
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
	w := &sqliteWrites{dialect: &dialect{words: sqliteWords}, ops: make(chan op, maxBatch), told: make(chan []op, 16), committed: unobserved}
	if w.db, err = sql.Open("sqlite", dsn); err != nil {
		return nil, err
	}
	w.db.SetMaxOpenConns(1)
	if w.conn, err = w.db.Conn(context.Background()); err != nil {
		w.db.Close()
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	read, err := sql.Open("sqlite", dsn+"&_pragma=query_only(1)")
	if err == nil {
		read.SetMaxOpenConns(4)
		read.SetMaxIdleConns(4)
		if err = w.migrate(); err != nil {
			err = errors.Join(err, read.Close())
		}
	}
	if err != nil {
		return nil, errors.Join(err, w.conn.Close(), w.db.Close())
	}
	w.done.Add(2)
	go w.writer()
	go w.teller()
	return &Store{read: reader{read, w.dialect}, writes: w, about: "SQLite, " + abs}, nil
}

func (w *sqliteWrites) observe(committed func(time.Duration)) { w.committed = committed }

func (w *sqliteWrites) close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	close(w.ops)
	w.mu.Unlock()
	w.done.Wait()
	return errors.Join(w.conn.Close(), w.db.Close())
}

// migrate leads the database to the present form; PRAGMA user_version counts
// the migrations that were made.
func (w *sqliteWrites) migrate() error {
	ctx := context.Background()
	// Immediate, because another process may be doing the same.
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("store: migrate: %w", full(err))
	}
	err := func() error {
		var version int
		if err := w.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version > len(migrations) {
			return ErrNewer
		}
		for ; version < len(migrations); version++ {
			if _, err := w.conn.ExecContext(ctx, migrations[version]); err != nil {
				return err
			}
			if _, err := w.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version+1)); err != nil {
				return err
			}
		}
		_, err := w.conn.ExecContext(ctx, "COMMIT")
		return err
	}()
	if err != nil {
		_, _ = w.conn.ExecContext(ctx, "ROLLBACK") // err is what went wrong
		return fmt.Errorf("store: migrate: %w", full(err))
	}
	return nil
}

func (w *sqliteWrites) submit(o op) {
	w.mu.RLock()
	if !w.closed {
		w.ops <- o
		w.mu.RUnlock()
		return
	}
	w.mu.RUnlock()
	o.after(ErrClosed)
}

func (w *sqliteWrites) do(do func(*tx) error) error {
	done := make(chan error, 1)
	w.submit(op{do: do, after: func(err error) { done <- err }})
	return <-done
}

// writer is the goroutine that owns the writing connection.
func (w *sqliteWrites) writer() {
	defer w.done.Done()
	defer close(w.told)
	t := &sqliteTx{conn: w.conn, dialect: w.dialect, stmts: map[string]*sql.Stmt{}}
	for first := range w.ops {
		batch := accompany(gather(first, w.ops), w.ops)
		began := time.Now()
		if t.run(batch) {
			w.committed(time.Since(began))
		}
		w.told <- batch
	}
	for _, stmt := range t.stmts {
		stmt.Close()
	}
}

// gather takes what waits, behind the first and in its order.
func gather(first op, ops <-chan op) []op {
	batch := append(make([]op, 0, 16), first)
	for len(batch) < maxBatch {
		select {
		case o, ok := <-ops:
			if !ok {
				return batch
			}
			batch = append(batch, o)
		default:
			return batch
		}
	}
	return batch
}

// accompany waits for others while all of a batch are patient: a sync of the disk
// for each mark would stand in the way of the next message's.
func accompany(batch []op, ops <-chan op) []op {
	if slices.ContainsFunc(batch, func(o op) bool { return !o.patient }) {
		return batch
	}
	alone := time.NewTimer(company)
	defer alone.Stop()
	for len(batch) < maxBatch {
		select {
		case o, ok := <-ops:
			if !ok {
				return batch
			}
			if batch = append(batch, o); !o.patient {
				return batch
			}
		case <-alone.C:
			return batch
		}
	}
	return batch
}

func (w *sqliteWrites) teller() {
	defer w.done.Done()
	for batch := range w.told {
		for _, o := range batch {
			o.after(o.err)
		}
	}
}

// sqliteTx is the writer's transaction. Its statements are prepared once.
type sqliteTx struct {
	conn    *sql.Conn
	dialect *dialect
	stmts   map[string]*sql.Stmt
}

// run carries out a batch in one transaction. One that fails is undone alone;
// when the transaction itself fails, all have failed, and it returns false.
func (s *sqliteTx) run(batch []op) bool {
	t := &tx{in: s}
	failed := t.exec("BEGIN IMMEDIATE")
	if failed == nil {
		for i := range batch {
			var quick bool
			if quick, failed = s.quick(batch[i].quick); failed != nil {
				break
			} else if quick {
				continue
			}
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
	return failed == nil
}

// quick carries out statements; false: they changed nothing.
func (s *sqliteTx) quick(all []statement) (bool, error) {
	for i, q := range all {
		if i > 0 {
			if _, err := s.exec(q.query, q.args); err != nil {
				return false, err
			}
		} else if err := s.get(q.query, q.args, q.into); errors.Is(err, sql.ErrNoRows) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	return len(all) > 0, nil
}

func (s *sqliteTx) stmt(query string) (*sql.Stmt, error) {
	if stmt, ok := s.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(context.Background(), s.dialect.query(query))
	if err == nil {
		s.stmts[query] = stmt
	}
	return stmt, err
}

func (s *sqliteTx) exec(query string, args []any) (int64, error) {
	stmt, err := s.stmt(query)
	if err != nil {
		return 0, err
	}
	r, err := stmt.Exec(args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s *sqliteTx) get(query string, args, into []any) error {
	stmt, err := s.stmt(query)
	if err != nil {
		return err
	}
	return stmt.QueryRow(args...).Scan(into...)
}

func (s *sqliteTx) query(query string, args []any) (*sql.Rows, error) {
	stmt, err := s.stmt(query)
	if err != nil {
		return nil, err
	}
	return stmt.Query(args...)
}

// full turns SQLite's word for a full disk into ErrFull.
func full(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL {
		return ErrFull
	}
	return err
}
