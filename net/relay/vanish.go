package relay

import (
	"context"
	"errors"
	"time"

	"satchel/net/relay/store"
)

// vanishEvery is how often the relay looks for messages that are to disappear. A
// page of history knows by itself which are; this takes them from the disk.
const vanishEvery = time.Second

// vanish takes away, as long as ctx goes on, what messages said whose lifetime
// has ended, and their files.
func (r *Relay) vanish(ctx context.Context) {
	tick := time.NewTicker(vanishEvery)
	defer tick.Stop()
	for {
		if err := r.vanishOnce(ctx, time.Now()); err != nil && ctx.Err() == nil {
			r.log.Error("messages that are to disappear are still there", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *Relay) vanishOnce(ctx context.Context, now time.Time) error {
	by := now.UnixMilli()
	for ctx.Err() == nil {
		n, err := r.store.Vanish(by)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		r.metrics.expired.Add(float64(n))
	}
	if err := r.store.Ungrant(by); err != nil {
		return err
	}
	files, err := r.store.Vanished(by)
	if err != nil {
		return err
	}
	for _, f := range files {
		if ctx.Err() != nil {
			return nil
		}
		switch err := r.uploads.remove(f, false); {
		case errors.Is(err, store.ErrConflict):
			continue // somebody was given it meanwhile
		case err != nil:
			return err
		}
		r.log.Info("file disappeared with its message", "file", f.ID)
		r.metrics.swept.WithLabelValues(sweptExpired).Inc()
	}
	return nil
}
