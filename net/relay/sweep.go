package relay

import (
	"context"
	"errors"
	"time"

	"satchel/net/relay/store"
)

// Retention is how long things are kept. A zero field is for ever.
type Retention struct {
	Files    time.Duration // since a file was whole, whoever was given it
	Messages time.Duration // since a message was stored
	Space    int64         // bytes of files; above, the oldest whole ones go first
}

// Swept is what a sweep took, or would take. Bytes are those of files that the
// store knew.
type Swept struct {
	Unfinished   int   `json:"unfinished"`   // uploads that stood still
	Unreferenced int   `json:"unreferenced"` // files that nobody was given
	Unknown      int   `json:"unknown"`      // what lay there and was no file's
	Expired      int   `json:"expired"`      // files that were kept long enough, or were the oldest above the space
	Messages     int64 `json:"messages"`     // bodies that were kept long enough
	Bytes        int64 `json:"bytes"`
}

// sweep removes, now and then, what nobody is waiting for.
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
	swept, err := r.Sweep(ctx, now, false)
	for what, n := range map[string]int64{sweptUnfinished: int64(swept.Unfinished), sweptUnreferenced: int64(swept.Unreferenced),
		sweptUnknown: int64(swept.Unknown), sweptExpired: int64(swept.Expired)} {
		r.metrics.swept.WithLabelValues(what).Add(float64(n))
	}
	r.metrics.expired.Add(float64(swept.Messages))
	if err == nil && ctx.Err() == nil {
		r.metrics.sweeps.Inc()
	}
	return err
}

// Sweep takes away what is too old, what stands still and what is nobody's, as
// a relay that is served does by itself. With dry it takes nothing, and tells
// what it would. What it took before an error is told, too.
func (r *Relay) Sweep(ctx context.Context, now time.Time, dry bool) (s Swept, err error) {
	unfinished := now.Add(-r.limits.Unfinished)
	if err := r.sweepStale(ctx, &s, unfinished, now.Add(-r.limits.Unreferenced), dry); err != nil {
		return s, err
	}
	if err := r.sweepAged(ctx, &s, now, dry); err != nil {
		return s, err
	}
	if err := r.sweepMessages(ctx, &s, now, dry); err != nil {
		return s, err
	}
	return s, r.uploads.keeper.unknown(ctx, unfinished, func(name string, take func() error) error {
		if !dry {
			if err := take(); err != nil {
				return err
			}
			r.log.Info("what was no file's was removed", "name", name)
		}
		s.Unknown++
		return nil
	})
}

// sweepStale takes uploads that stand still, and whole files that nobody was given.
func (r *Relay) sweepStale(ctx context.Context, s *Swept, unfinished, unreferenced time.Time, dry bool) error {
	stale, err := r.store.Stale(unfinished.UnixMilli(), unreferenced.UnixMilli())
	if err != nil {
		return err
	}
	for _, f := range stale {
		if ctx.Err() != nil {
			return nil
		}
		if f.Finished == 0 && !r.uploads.keeper.resting(f, unfinished) {
			continue // it is being written to
		}
		if !dry {
			switch err := r.uploads.remove(f, f.Finished == 0); {
			case errors.Is(err, store.ErrConflict):
				continue // somebody was given it meanwhile
			case err != nil:
				return err
			}
			r.log.Info("file removed", "file", f.ID, "finished", f.Finished > 0)
		}
		if f.Finished > 0 {
			s.Unreferenced++
		} else {
			s.Unfinished++
		}
		if f.Gone == 0 {
			s.Bytes += f.Size
		}
	}
	return nil
}

// sweepAged takes the bytes of whole files that are too old, and then of the
// oldest until the rest fits into the space.
func (r *Relay) sweepAged(ctx context.Context, s *Swept, now time.Time, dry bool) error {
	keep := r.config.Retention
	before := s.Bytes
	take := func(files []store.File) error {
		for _, f := range files {
			if ctx.Err() != nil {
				return nil
			}
			if !dry {
				switch err := r.uploads.expire(f); {
				case errors.Is(err, store.ErrConflict):
					continue // another relay was first
				case err != nil:
					return err
				}
				r.log.Info("file expired", "file", f.ID)
			}
			s.Expired++
			s.Bytes += f.Size
		}
		return nil
	}
	if keep.Files > 0 {
		aged, err := r.store.Aged(now.Add(-keep.Files).UnixMilli())
		if err == nil {
			err = take(aged)
		}
		if err != nil {
			return err
		}
	}
	if keep.Space <= 0 {
		return nil
	}
	used, err := r.store.Space("")
	if err != nil {
		return err
	}
	if dry {
		used -= before
	}
	oldest, err := r.store.Oldest(used - keep.Space)
	if err != nil {
		return err
	}
	if dry && keep.Files > 0 { // those are counted
		n := 0
		for n < len(oldest) && oldest[n].Finished < now.Add(-keep.Files).UnixMilli() {
			n++
		}
		oldest = oldest[n:]
	}
	return take(oldest)
}

// sweepMessages takes the bodies of messages that are too old.
func (r *Relay) sweepMessages(ctx context.Context, s *Swept, now time.Time, dry bool) error {
	keep := r.config.Retention.Messages
	if keep <= 0 {
		return nil
	}
	before := now.Add(-keep).UnixMilli()
	if dry {
		n, err := r.store.Expiring(before)
		s.Messages = n
		return err
	}
	all, err := r.store.Expirable(before)
	if err != nil {
		return err
	}
	for _, id := range all {
		for ctx.Err() == nil {
			n, err := r.store.ExpireEntries(id, before)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
			s.Messages += n
		}
	}
	return nil
}
