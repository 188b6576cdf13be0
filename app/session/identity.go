package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/adrg/xdg"

	"satchel/chat"
	"satchel/net/link"
	"satchel/net/seal"
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

// identity is the device of this profile, and whose it is.
type identity struct {
	device  *seal.Device // nil in a profile from before sealing
	kept    string       // where its secret lies: inKeyring or inFile
	account chat.AccountID
	chain   [][]byte   // the account's, as it was made here; nil on a device that was added
	boxes   seal.Boxes // and its first key, for this device
}

// config is what the device says hello with. first is for registering.
func (i *identity) config(c link.Config) link.Config {
	key := i.device.Public().Key
	c.Account, c.Device, c.Sign = string(i.account), key[:], i.device.Sign
	if c.Invite != "" && len(i.chain) > 0 {
		c.First = i.chain[0]
	}
	return c
}

// identityFile is PROFILE/identity.json, mode 0600.
type identityFile struct {
	Version int            `json:"version"`
	Kept    string         `json:"kept"` // where the secret is: "file" (then it is in Secret) or "keyring"
	Device  chat.DeviceID  `json:"device"`
	Secret  []byte         `json:"secret,omitempty"`
	Account chat.AccountID `json:"account"`
	Chain   [][]byte       `json:"chain,omitempty"`
	Boxes   [][]byte       `json:"boxes,omitempty"`
}

const identityVersion = 2

// errOld is what a profile from before sealing says.
const errOld = Refusal("This profile was made before messages were sealed, so it can't connect any more. Its messages stay readable here: to go on, join again in a new profile.")

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
	if err := json.Unmarshal(b, &f); err != nil || f.Version < 1 || f.Version > identityVersion {
		return nil, fmt.Errorf("the identity in %s can't be read: it is damaged, or of a newer Satchel", path)
	}
	if f.Version == 1 {
		return &identity{}, nil
	}
	if f.Kept == inKeyring {
		if f.Secret, err = fromKeyring(string(f.Device)); err != nil {
			return nil, fmt.Errorf("this profile's key is in the system's keyring, which does not give it out: unlock the keyring and try again (%w)", err)
		}
	}
	device, err := seal.ParseDevice(f.Secret)
	if err != nil || device.ID() != f.Device {
		return nil, fmt.Errorf("the identity in %s is damaged", path)
	}
	return &identity{device, f.Kept, f.Account, f.Chain, f.Boxes}, nil
}

// newIdentity makes a device and an account that begins with it. Nothing is kept yet.
func newIdentity() (*identity, error) {
	device := seal.NewDevice(seal.Computer)
	account, first, boxes, err := seal.NewAccount(device, DeviceLabel(), time.Now())
	if err != nil {
		return nil, err
	}
	return &identity{device: device, account: account.ID(), chain: [][]byte{first}, boxes: boxes}, nil
}

// DeviceLabel is what this computer is called in the list of devices.
func DeviceLabel() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "computer"
	}
	return strings.ToValidUTF8(name[:min(len(name), seal.MaxLabel)], "")
}

// keep makes the identity durable, its secret in the keyring where there is one.
// When it returns, all is on disk, synced: a relay never knows a device that we
// could forget.
func (i *identity) keep(dir string) error {
	f := identityFile{Version: identityVersion, Kept: inKeyring, Device: i.device.ID(), Account: i.account, Chain: i.chain, Boxes: i.boxes}
	if !toKeyring(string(f.Device), i.device.Marshal()) {
		f.Kept, f.Secret = inFile, i.device.Marshal()
	}
	i.kept = f.Kept
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := writeSynced(filepath.Join(dir, "identity.json"), append(b, '\n')); err != nil {
		return fmt.Errorf("keep the identity: %w", err)
	}
	return nil
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
