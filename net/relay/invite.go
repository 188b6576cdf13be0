package relay

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

// urlValue is the setting that holds the relay's URL for other processes.
const urlValue = "url"

// Defaults and bounds of an invitation.
const (
	DefaultInvite = 7 * 24 * time.Hour
	maxInvite     = 366 * 24 * time.Hour
	maxUses       = 10000
)

// Invite makes an invitation that may be used so often within this time.
func (r *Relay) Invite(ctx context.Context, uses int, expires time.Duration) (link string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return addInvite(r.store, r.url, r.Key(), uses, expires)
}

// Invite makes an invitation to the relay that keeps its things in dir. It
// works from another process while that relay is served.
func Invite(ctx context.Context, dir string, uses int, expires time.Duration) (link string, err error) {
	return InviteTo(ctx, Config{Dir: dir}, uses, expires)
}

// InviteTo is as Invite, for a relay of which a part may be kept elsewhere.
func InviteTo(ctx context.Context, c Config, uses int, expires time.Duration) (link string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	where := "that database"
	if !store.IsPostgres(c.Database) {
		where = c.Dir
		if _, err := os.Stat(filepath.Join(c.Dir, keyName)); errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("there is no relay in %s; start one there first", where)
		}
	}
	s, err := Look(c)
	if err != nil {
		return "", err
	}
	defer s.Close()
	url, err := s.Value(urlValue)
	if err != nil {
		return "", err
	}
	if url == "" {
		return "", fmt.Errorf("the relay in %s was never started; start it first", where)
	}
	key, err := loadKey(c, s)
	if err != nil {
		return "", err
	}
	return addInvite(s, url, wire.B64(key.Public().(ed25519.PublicKey)), uses, expires)
}

// InviteBounds tells what is wrong with an invitation that is asked for.
func InviteBounds(uses int, expires time.Duration) error {
	switch {
	case uses < 1 || uses > maxUses:
		return fmt.Errorf("an invitation can be used between 1 and %d times", maxUses)
	case expires <= 0 || expires > maxInvite:
		return errors.New("an invitation is open for a year at most, and for a moment at least")
	}
	return nil
}

func addInvite(s *store.Store, url, key string, uses int, expires time.Duration) (string, error) {
	if err := InviteBounds(uses, expires); err != nil {
		return "", err
	}
	i := store.Invite{Code: wire.NewID(), Uses: uses, Expires: time.Now().Add(expires)}
	return wire.Invitation{URL: url, Code: i.Code, Key: key}.String(), s.AddInvite(i)
}
