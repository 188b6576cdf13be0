package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// How PostgreSQL is used.
const (
	lanes      = 4  // goroutines that write entries and marks, each of conversations of its own
	writeConns = 12 // of them, and of all other writes
	readConns  = 12
	tries      = 12                     // of a transaction that met another, or a server that is away
	firstPause = 2 * time.Millisecond   // before the second try; it doubles
	longPause  = 500 * time.Millisecond // and has this bound
)

// postgresWrites writes beside other processes that do the same.
type postgresWrites struct {
	db      *sql.DB
	dialect *dialect
	lanes   [lanes]chan op
	seed    maphash.Seed
	mu      sync.RWMutex
	closed  bool // guarded by mu, and lanes against closing under a sender
	done    sync.WaitGroup

	committed func(time.Duration)
}

func openPostgres(database string) (*Store, error) {
	config, err := pgx.ParseConfig(database)
	if err != nil {
		// The error has the URL in it, and so may have its password.
		return nil, errors.New("store: the URL of the PostgreSQL database can't be understood")
	}
	config.RuntimeParams["default_transaction_isolation"] = "read committed"
	config.RuntimeParams["application_name"] = "satchel-relay"
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	reading := config.Copy()
	reading.RuntimeParams["default_transaction_read_only"] = "on"
	w := &postgresWrites{db: stdlib.OpenDB(*config, stdlib.OptionAfterConnect(durable)), dialect: &dialect{numbered: true}, seed: maphash.MakeSeed(), committed: unobserved}
	w.db.SetMaxOpenConns(writeConns)
	w.db.SetMaxIdleConns(writeConns)
	read := stdlib.OpenDB(*reading)
	read.SetMaxOpenConns(readConns)
	read.SetMaxIdleConns(readConns)
	if err := w.migrate(); err != nil {
		return nil, errors.Join(err, read.Close(), w.db.Close())
	}
	for i := range w.lanes {
		w.lanes[i] = make(chan op, maxBatch)
		w.done.Add(1)
		go w.write(w.lanes[i])
	}
	about := fmt.Sprintf("PostgreSQL, database %s at %s", config.Database, config.Host)
	return &Store{read: reader{read, w.dialect}, writes: w, about: about}, nil
}

// durable sees to it that what is committed is on the disk, whatever the
// server's default is.
func durable(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'", pgx.QueryExecModeSimpleProtocol)
	return err
}

func (w *postgresWrites) observe(committed func(time.Duration)) { w.committed = committed }

func (w *postgresWrites) close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	for _, l := range w.lanes {
		close(l)
	}
	w.mu.Unlock()
	w.done.Wait()
	return w.db.Close()
}

// migrate leads the database to the present form; a table of one row counts
// the migrations that were made.
func (w *postgresWrites) migrate() error {
	err := w.transact(sql.LevelReadCommitted, func(t *tx) error {
		// One process at a time, and the others find it done.
		if err := t.exec("SELECT pg_advisory_xact_lock(7465)"); err != nil {
			return err
		}
		if err := t.exec("CREATE TABLE IF NOT EXISTS migrated (version BIGINT NOT NULL)"); err != nil {
			return err
		}
		version := 0
		err := t.get("SELECT version FROM migrated", nil, &version)
		if errors.Is(err, ErrNotFound) {
			err = t.exec("INSERT INTO migrated (version) VALUES (0)")
		}
		if err != nil {
			return err
		}
		if version > len(migrations) {
			return ErrNewer
		}
		for _, m := range migrations[version:] {
			if err := t.exec(postgresTypes.Replace(m), pgx.QueryExecModeSimpleProtocol); err != nil {
				return err
			}
		}
		return t.exec("UPDATE migrated SET version = ?", len(migrations))
	})
	var e *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e), refused(err):
		return fmt.Errorf("store: migrate: %w", err)
	}
	// pgx tells of every address on a line of its own.
	return errors.New("the PostgreSQL database can't be reached: " + strings.Join(strings.Fields(err.Error()), " "))
}

// do carries out a write in a transaction of its own, as if no other were
// under way.
func (w *postgresWrites) do(do func(*tx) error) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return ErrClosed
	}
	return w.again(false, func(bool) error { return w.transact(sql.LevelSerializable, do) })
}

func (w *postgresWrites) submit(o op) {
	w.mu.RLock()
	if !w.closed {
		w.lanes[maphash.String(w.seed, o.of)%lanes] <- o
		w.mu.RUnlock()
		return
	}
	w.mu.RUnlock()
	o.after(ErrClosed)
}

// write is a goroutine that owns the writes of some conversations. What waits
// goes to the server at once, in one transaction.
func (w *postgresWrites) write(ops <-chan op) {
	defer w.done.Done()
	for first := range ops {
		batch := gather(first, ops)
		for len(batch) > 0 {
			n := 0
			for n < len(batch) && batch[n].quick != nil {
				n++
			}
			if n > 0 {
				w.quick(batch[:n])
			} else {
				n = 1
				w.single(&batch[0], false)
				batch[0].after(batch[0].err)
			}
			batch = batch[n:]
		}
	}
}

// single carries out one write in a transaction of its own.
func (w *postgresWrites) single(o *op, repeated bool) {
	o.err = w.again(o.quick != nil, func(again bool) error {
		return w.transact(sql.LevelReadCommitted, func(t *tx) error {
			t.repeated = repeated || again
			return o.do(t)
		})
	})
}

// quick carries out a batch, and tells those who wait: first those whose
// entries were stored, in their order, then the others.
func (w *postgresWrites) quick(batch []op) {
	var took []bool
	repeated := false
	err := w.again(true, func(again bool) (err error) {
		repeated = again
		took, err = w.pipeline(batch)
		return err
	})
	for i := range batch {
		if err == nil && took[i] {
			batch[i].after(nil)
		}
	}
	var e *pgconn.PgError
	for i := range batch {
		switch {
		case err == nil && took[i]:
			continue
		case err == nil || errors.As(err, &e) && !repeatable(e.Code):
			w.single(&batch[i], repeated) // one of them has spoilt it for all
		default:
			batch[i].err = err
		}
		batch[i].after(batch[i].err)
	}
}

// pipeline sends a batch to the server and reads all answers, in one
// transaction; it returns which of the writes were done.
func (w *postgresWrites) pipeline(batch []op) (took []bool, err error) {
	ctx, began := context.Background(), time.Now()
	c, err := w.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	err = c.Raw(func(driver any) error {
		var b pgx.Batch
		// All rows at first and in their order, so that two that hold the
		// same do not wait for each other.
		b.Queue("SELECT id FROM conversations WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", conversations(batch))
		for i := range batch {
			for _, q := range batch[i].quick {
				b.Queue(w.dialect.query(q.query), q.args...)
			}
		}
		took = make([]bool, len(batch))
		answers := driver.(*stdlib.Conn).Conn().SendBatch(ctx, &b)
		_, err := answers.Exec()
		for i := range batch {
			for n, q := range batch[i].quick {
				if err != nil {
					break
				}
				if n > 0 {
					_, err = answers.Exec()
				} else if err = answers.QueryRow().Scan(q.into...); errors.Is(err, pgx.ErrNoRows) {
					err = nil
				} else {
					took[i] = err == nil
				}
			}
		}
		return errors.Join(err, answers.Close())
	})
	if err == nil {
		w.committed(time.Since(began))
	}
	return took, err
}

// conversations returns those of a batch, each once.
func conversations(batch []op) []string {
	seen := map[string]bool{}
	var all []string
	for i := range batch {
		if c := batch[i].of; !seen[c] {
			seen[c] = true
			all = append(all, c)
		}
	}
	return all
}

// again repeats what met another transaction, or found no server; and where it
// is harmless, also what may have been done before the server was lost.
func (w *postgresWrites) again(harmless bool, do func(again bool) error) error {
	pause, unsure := firstPause, false
	for n := 1; ; n++ {
		err := do(unsure)
		if err == nil || n == tries {
			return outcome(err)
		}
		var e *pgconn.PgError
		switch {
		case errors.As(err, &e):
			if !repeatable(e.Code) {
				return outcome(err)
			}
		case pgconn.SafeToRetry(err):
		case harmless && !refused(err):
			unsure = true
		default:
			return outcome(err)
		}
		time.Sleep(pause + rand.N(pause))
		pause = min(2*pause, longPause)
	}
}

// repeatable tells of the server's errors that another try may not meet: a
// serialization failure, a deadlock, a row that somebody else made meanwhile,
// and a server that is starting, stopping, or has no connection left.
func repeatable(code string) bool {
	switch code {
	case "40001", "40P01", "23505", "57P01", "57P02", "57P03", "53300":
		return true
	}
	return false
}

// outcome turns PostgreSQL's word for a full disk into ErrFull.
func outcome(err error) error {
	var e *pgconn.PgError
	if unspeakable(err) {
		return ErrNotFound
	}
	if errors.As(err, &e) && (e.Code == "53100" || strings.Contains(e.Message, "No space left on device")) {
		return ErrFull
	}
	return err
}

// unspeakable tells of a text that PostgreSQL can't hold, and so has not.
func unspeakable(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "22021"
}

func (w *postgresWrites) transact(level sql.IsolationLevel, do func(*tx) error) error {
	ctx, began := context.Background(), time.Now()
	in, err := w.db.BeginTx(ctx, &sql.TxOptions{Isolation: level})
	if err != nil {
		return err
	}
	if err := do(&tx{in: postgresTx{in, w.dialect}}); err != nil {
		_ = in.Rollback() // err is what went wrong
		return err
	}
	if err := in.Commit(); err != nil {
		return err
	}
	w.committed(time.Since(began))
	return nil
}

// postgresTx is one transaction.
type postgresTx struct {
	in      *sql.Tx
	dialect *dialect
}

func (p postgresTx) exec(query string, args []any) (int64, error) {
	r, err := p.in.Exec(p.dialect.query(query), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (p postgresTx) get(query string, args, into []any) error {
	return p.in.QueryRow(p.dialect.query(query), args...).Scan(into...)
}

func (p postgresTx) query(query string, args []any) (*sql.Rows, error) {
	return p.in.Query(p.dialect.query(query), args...)
}
