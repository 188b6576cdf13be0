package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"sync"
	"time"
)

// lockTime bounds the wait for the server's answer about a lock.
const lockTime = 10 * time.Second

// Locks are those of uploads among all processes that share a database. The
// server drops them when their process dies.
type Locks struct {
	db   *sql.DB
	mu   sync.Mutex
	conn *sql.Conn         // one session has all of this process's; nil: none yet
	held map[string]func() // what to call when the session is lost
}

// Locks returns them; nil when no other process can have the database.
func (s *Store) Locks() (*Locks, error) {
	w, ok := s.writes.(*postgresWrites)
	if !ok {
		return nil, nil
	}
	return &Locks{db: w.db, held: map[string]func(){}}, nil
}

// Try takes a lock; unlock is nil when another process has it. lost is called
// when the session ends that holds it: another may have the lock then.
func (l *Locks) Try(id string, lost func()) (unlock func() error, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), lockTime)
	defer cancel()
	if l.conn == nil {
		if l.conn, err = l.db.Conn(ctx); err != nil {
			return nil, err
		}
	}
	var ok bool
	if err := l.conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", lockNumber(id)).Scan(&ok); err != nil {
		l.drop()
		return nil, err
	}
	if !ok {
		return nil, nil
	}
	l.held[id] = lost
	return func() error { return l.unlock(id) }, nil
}

func (l *Locks) unlock(id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[id] == nil {
		return nil // lost
	}
	delete(l.held, id)
	ctx, cancel := context.WithTimeout(context.Background(), lockTime)
	defer cancel()
	if _, err := l.conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", lockNumber(id)); err != nil {
		l.drop() // the server's end of the session unlocks it
	}
	return nil
}

// drop ends a session that failed, and tells those who held locks in it.
func (l *Locks) drop() {
	if l.conn != nil {
		// Not back into the pool: what it has locked would stay so.
		_ = l.conn.Raw(func(any) error { return driver.ErrBadConn })
		l.conn.Close()
		l.conn = nil
	}
	for id, lost := range l.held {
		delete(l.held, id)
		lost()
	}
}

// Close gives all locks up.
func (l *Locks) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.held)
	l.drop()
	return nil
}

// lockNumber is the server's name for a lock.
func lockNumber(id string) int64 {
	sum := sha256.Sum256([]byte("satchel upload " + id))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}
