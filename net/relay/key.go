package relay

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

// Names in the relay's folder.
const (
	keyName      = "relay.key"
	databaseName = "relay.db"
	filesName    = "files"
)

// keyValue is the setting that holds the key of relays that share a database.
const keyValue = "relay.key"

// loadKey reads the relay's identity, or makes one: the Ed25519 seed,
// base64url. It is on the disk before the key is used. Beside SQLite it lies in
// a file of its own. In PostgreSQL it is with the rest, one for all processes;
// a file that is there gives it, so that a relay can move.
func loadKey(c Config, s *store.Store) (ed25519.PrivateKey, error) {
	path := filepath.Join(c.Dir, keyName)
	shared := store.IsPostgres(c.Database)
	var key ed25519.PrivateKey
	err := fs.ErrNotExist
	if !shared || c.Dir != "" {
		key, err = readKey(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		if _, key, err = ed25519.GenerateKey(rand.Reader); err == nil && !shared {
			if err := writeFile(path, []byte(wire.B64(key.Seed())+"\n")); err != nil {
				return nil, fmt.Errorf("the relay's key can't be kept: %w", err)
			}
		}
	}
	if err != nil || !shared {
		return key, err
	}
	kept, err := s.FirstValue(keyValue, wire.B64(key.Seed()))
	if err != nil {
		return nil, fmt.Errorf("the relay's key can't be kept: %w", err)
	}
	return parseKey(kept, "the database")
}

func readKey(path string) (ed25519.PrivateKey, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the relay's key can't be read: %w", err)
	}
	return parseKey(string(b), path)
}

func parseKey(text, where string) (ed25519.PrivateKey, error) {
	seed, err := wire.UnB64(strings.TrimSpace(text))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the relay's key in %s is damaged; put it back from a backup", where)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// writeFile makes a file appear whole, and on the disk, or not at all.
func writeFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // of no effect once it is renamed
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
