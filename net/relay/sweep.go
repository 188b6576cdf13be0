package relay

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"satchel/net/relay/store"
)

// sweep removes, now and then, files that nobody is waiting for.
func (r *Relay) sweep(ctx context.Context) {
	for tick := time.NewTicker(r.limits.Sweep); ; {
		r.staged.sweep(time.Now())
		if err := r.sweepOnce(ctx, time.Now()); err != nil && ctx.Err() == nil {
			r.log.Error("files were not looked through", "error", err)
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}

func (r *Relay) sweepOnce(ctx context.Context, now time.Time) error {
	unfinished, unreferenced := now.Add(-r.limits.Unfinished), now.Add(-r.limits.Unreferenced)
	stale, err := r.store.Stale(unfinished.UnixMilli(), unreferenced.UnixMilli())
	if err != nil {
		return err
	}
	for _, f := range stale {
		if ctx.Err() != nil {
			return nil
		}
		if info, err := os.Stat(r.uploads.path(f.ID)); f.Finished == 0 && err == nil && info.ModTime().After(unfinished) {
			continue // it is being written to
		}
		if err := r.uploads.remove(f.ID, f.Finished == 0); err != nil && !errors.Is(err, store.ErrConflict) {
			return err
		}
		if f.Finished > 0 {
			r.metrics.swept.WithLabelValues(sweptUnreferenced).Inc()
		} else {
			r.metrics.swept.WithLabelValues(sweptUnfinished).Inc()
		}
		r.log.Info("file removed", "file", f.ID, "finished", f.Finished > 0)
	}
	if err := r.sweepUnknown(ctx, unfinished); err != nil {
		return err
	}
	r.metrics.sweeps.Inc()
	return nil
}

// sweepUnknown removes what lies in the folder and is not in the store: a
// crash came between the two.
func (r *Relay) sweepUnknown(ctx context.Context, before time.Time) error {
	return filepath.WalkDir(r.uploads.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == locksName {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || ctx.Err() != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another relay was first
		}
		if err != nil || info.ModTime().After(before) {
			return nil
		}
		if err := r.uploads.making.lock(); err != nil {
			return err
		}
		defer r.uploads.making.unlock()
		if _, err := r.store.File(d.Name()); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		switch err := os.Remove(path); {
		case err == nil:
			r.metrics.swept.WithLabelValues(sweptUnknown).Inc()
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		return nil
	})
}
