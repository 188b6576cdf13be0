package app

import (
	"bytes"
	"encoding/json"
	"os"
	"sync"
	"time"
)

// publish offers the screen to the test seam, where there is one.
func (a *App) publish() {
	if a.state != nil {
		a.state.offer()
	}
}

// stateWriter writes the screen to the file that SATCHEL_STATE names.
type stateWriter struct {
	path  string
	mu    sync.Mutex
	next  []byte
	last  []byte
	wake  chan struct{}
	done  chan struct{}
	wg    sync.WaitGroup
	paint func() Screen
}

// newStateWriter returns nil where nobody asked for it.
func newStateWriter(a *App) *stateWriter {
	path := os.Getenv("SATCHEL_STATE")
	if path == "" {
		return nil
	}
	w := &stateWriter{path: path, wake: make(chan struct{}, 1), done: make(chan struct{}), paint: a.screen}
	w.wg.Go(w.run)
	// What Fyne does by itself (a scroll, a key) has no batch of ours: look again now and then.
	w.wg.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-w.done:
				return
			case <-tick.C:
				a.cfg.Do(func() {
					if !a.ended.Load() {
						w.offer()
					}
				})
			}
		}
	})
	return w
}

// offer takes down the screen; on the screen's goroutine.
func (w *stateWriter) offer() {
	b, err := json.MarshalIndent(w.paint(), "", " ")
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if bytes.Equal(b, w.last) {
		return
	}
	w.next, w.last = b, b
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *stateWriter) run() {
	for {
		select {
		case <-w.done:
			return
		case <-w.wake:
		}
		w.mu.Lock()
		b := w.next
		w.mu.Unlock()
		_ = replaceFile(w.path, b) // a test that can't read it fails by itself
	}
}

func (w *stateWriter) close() {
	if w != nil {
		close(w.done)
		w.wg.Wait()
	}
}
