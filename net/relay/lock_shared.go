package relay

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/tus/tusd/v2/pkg/handler"
)

// locksName is the folder of locks, beside the files that relays share.
const locksName = ".locks"

// How a lock is waited for that another process holds.
const (
	lockPoll = 25 * time.Millisecond
	lockAsk  = 250 * time.Millisecond // between two requests to let it go; one may be lost
)

// sharedLocker locks an upload in this process and among all relays that share
// the files: first in memory, then by what is unlocked when its process dies.
// Who waits asks the holder, over the bus, to let go.
type sharedLocker struct {
	handler.Locker
	ask func(id string)
	// try locks among all relays; unlock is nil when another has the lock. lost
	// is called should the lock be lost.
	try func(id string, lost func()) (unlock func() error, err error)

	mu   sync.Mutex
	held map[string]func() // what asks the holder in this process to let go
}

func newSharedLocker(in handler.Locker, ask func(string), try func(string, func()) (func() error, error)) *sharedLocker {
	return &sharedLocker{Locker: in, ask: ask, try: try, held: map[string]func(){}}
}

func (l *sharedLocker) NewLock(id string) (handler.Lock, error) {
	in, err := l.Locker.NewLock(id)
	return &sharedLock{all: l, id: id, in: in}, err
}

// wanted is called when another process waits for an upload.
func (l *sharedLocker) wanted(id string) {
	l.mu.Lock()
	release := l.held[id]
	l.mu.Unlock()
	if release != nil {
		release()
	}
}

type sharedLock struct {
	all    *sharedLocker
	id     string
	in     handler.Lock
	unlock func() error
}

func (l *sharedLock) Lock(ctx context.Context, release func()) error {
	if err := l.in.Lock(ctx, release); err != nil {
		return err
	}
	err := l.lockForAll(ctx, release)
	if err != nil {
		return errors.Join(err, l.in.Unlock())
	}
	l.all.mu.Lock()
	l.all.held[l.id] = release
	l.all.mu.Unlock()
	return nil
}

func (l *sharedLock) lockForAll(ctx context.Context, lost func()) (err error) {
	poll := time.NewTicker(lockPoll)
	defer poll.Stop()
	for asked := (time.Time{}); ; {
		if l.unlock, err = l.all.try(l.id, lost); err != nil || l.unlock != nil {
			return err
		}
		if time.Since(asked) > lockAsk {
			asked = time.Now()
			l.all.ask(l.id)
		}
		select {
		case <-ctx.Done():
			return handler.ErrLockTimeout
		case <-poll.C:
		}
	}
}

// tryFile locks a file, and makes it where there is none. Who unlocks removes
// it, so one that was removed meanwhile is no lock.
func tryFile(path string) (*flock.Flock, bool, error) {
	f := flock.New(path, flock.SetPermissions(0o600))
	locked, err := f.TryLock()
	if err != nil || !locked {
		return nil, false, errors.Join(err, f.Close())
	}
	ours, err := f.Stat()
	if err != nil {
		return nil, false, errors.Join(err, f.Close())
	}
	there, err := os.Stat(path)
	if err == nil && os.SameFile(ours, there) {
		return f, true, nil
	}
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return nil, false, errors.Join(err, f.Close())
}

func (l *sharedLock) Unlock() error {
	l.all.mu.Lock()
	delete(l.all.held, l.id)
	l.all.mu.Unlock()
	// That of all first: who waits in this process finds it free.
	return errors.Join(l.unlock(), l.in.Unlock())
}

// making is held while a file appears or disappears in store and folder, by
// one of all processes that use the folder: relays, and an operator's sweep.
type making struct {
	mu   sync.Mutex
	file *flock.Flock
}

func (m *making) lock() error {
	m.mu.Lock()
	if err := m.file.Lock(); err != nil {
		m.mu.Unlock()
		return err
	}
	return nil
}

func (m *making) unlock() {
	_ = m.file.Unlock() // the process's end unlocks it, too
	m.mu.Unlock()
}

func (m *making) close() error { return m.file.Close() }
