package relay

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"satchel/net/relay/store"
)

// SweepNow sweeps as the relay does by itself, from another process, also while
// that relay is served. With dry it takes nothing.
func SweepNow(ctx context.Context, c Config, dry bool) (_ Swept, err error) {
	r, err := beside(c)
	if err != nil {
		return Swept{}, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return r.Sweep(ctx, time.Now(), dry)
}

// beside opens store and files of a relay that another process may serve.
func beside(c Config) (r *Relay, err error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	r = &Relay{config: c, limits: c.Limits.withDefaults(), log: c.Logger}
	if r.store, err = Look(c); err != nil {
		return nil, err
	}
	k, err := openKeeper(r)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.uploads = &uploads{relay: r, keeper: k}
	return r, nil
}

// Look opens the store of a relay, for lists and for taking invitations back.
// It works from another process while that relay is served. The caller closes it.
func Look(c Config) (*store.Store, error) {
	if !store.IsPostgres(c.Database) {
		path := strings.TrimPrefix(c.database(), "sqlite:")
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no relay in %s; start one there first", c.Dir)
		} else if err != nil {
			return nil, err
		}
	}
	return store.Open(c.database())
}
