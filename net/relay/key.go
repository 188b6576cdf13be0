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

	"satchel/net/wire"
)

// Names in the relay's folder.
const (
	keyName      = "relay.key"
	databaseName = "relay.db"
	filesName    = "files"
)

// loadKey reads the relay's identity, or makes one. The file holds the
// Ed25519 seed, base64url; it is on the disk before the key is used.
func loadKey(dir string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dir, keyName)
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	_, key, err = ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	if err := writeFile(path, []byte(wire.B64(key.Seed())+"\n")); err != nil {
		return nil, fmt.Errorf("the relay's key can't be kept: %w", err)
	}
	return key, nil
}

func readKey(path string) (ed25519.PrivateKey, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the relay's key can't be read: %w", err)
	}
	seed, err := wire.UnB64(strings.TrimSpace(string(b)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the relay's key in %s is damaged; put the file back from a backup", path)
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
