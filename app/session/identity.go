package session

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"

	"satchel/chat"
	"satchel/net/wire"
)

// Folder finds a profile's folder. A plain name means a profile in the user's
// data folder, unless a folder of that name is right here; a path is itself;
// empty is the default profile.
func Folder(profile string) string {
	if profile == "" {
		profile = "default"
	} else if info, err := os.Stat(profile); strings.ContainsRune(profile, os.PathSeparator) || strings.Contains(profile, "/") ||
		profile == "." || profile == ".." || err == nil && info.IsDir() {
		return profile
	}
	return filepath.Join(xdg.DataHome, "satchel", profile)
}

// identity is the device's key pair. The account is named after its first device.
type identity struct{ key ed25519.PrivateKey }

func (i *identity) public() ed25519.PublicKey { return i.key.Public().(ed25519.PublicKey) }
func (i *identity) device() chat.DeviceID     { return chat.DeviceID(wire.DeviceID(i.public())) }

// identityFile is PROFILE/identity.json, mode 0600.
type identityFile struct {
	Version int    `json:"version"`
	Seed    string `json:"seed"` // Ed25519, base64url
}

// loadIdentity reads the device's keys; nil without an error when there are none yet.
func loadIdentity(dir string) (*identity, error) {
	path := filepath.Join(dir, "identity.json")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read the identity: %w", err)
	}
	var f identityFile
	if err := json.Unmarshal(b, &f); err != nil || f.Version != 1 {
		return nil, fmt.Errorf("the identity in %s can't be read: it is damaged, or of a newer Satchel", path)
	}
	seed, err := wire.UnB64(f.Seed)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the identity in %s is damaged", path)
	}
	return &identity{ed25519.NewKeyFromSeed(seed)}, nil
}

// makeIdentity makes the device's keys. They are on disk, synced, before the
// caller sees them: a relay never knows a device that we could forget.
func makeIdentity(dir string) (*identity, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(identityFile{Version: 1, Seed: wire.B64(key.Seed())})
	if err != nil {
		return nil, err
	}
	if err := writeSynced(filepath.Join(dir, "identity.json"), append(b, '\n')); err != nil {
		return nil, fmt.Errorf("keep the identity: %w", err)
	}
	return &identity{key}, nil
}

// writeSynced puts a private file in place whole or not at all.
func writeSynced(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
