package session

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// erased are the files and folders that a session keeps in its profile. The lock
// stands last: while it is there and held, the profile is nobody else's.
var erased = []string{"identity.json", "secrets.json", "cache.db", "control.sock", "files", "lock"}

// Erase closes the session, and takes what it kept from this computer for good: its
// keys first, then messages and files. What else lies in the folder stays, and so
// does what somebody saved elsewhere. The relay and other devices hear nothing.
func (s *Session) Erase() error {
	s.mu.Lock()
	id, known := s.id, s.stores.Known
	s.mu.Unlock()
	if err := s.Close(); err != nil {
		s.log.Warn("the profile that is erased did not close", "error", err)
	}
	lock := flock.New(filepath.Join(s.opts.Dir, "lock"), flock.SetPermissions(0o600))
	if held, err := lock.TryLock(); err != nil || !held {
		return errors.Join(ErrInUse, err)
	}
	if id != nil && id.kept == inKeyring {
		if err := dropFromKeyring(string(id.device.ID())); err != nil {
			s.log.Warn("the key stays in the keyring", "error", err)
		}
	}
	for i := range known {
		if known[i].Kept == inKeyring {
			s.dropSecret(known[i].Kept, known[i].Name)
		}
	}
	var all error
	for _, name := range erased {
		all = errors.Join(all, os.RemoveAll(filepath.Join(s.opts.Dir, name)))
	}
	return errors.Join(all, lock.Unlock())
}
