package session

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"satchel/chat"
	"satchel/storage"
)

// The device's secret is in the keyring where there is one, and then not in the
// profile; where the keyring loses it, the profile says so.
func TestKeyring(t *testing.T) {
	keyring.MockInit() // the library's own, in memory
	t.Setenv("SATCHEL_KEYRING", "")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "here")
	dir := t.TempDir()
	made, err := newIdentity()
	if err != nil {
		t.Fatal(err)
	}
	if err := made.keep(dir); err != nil || made.kept != inKeyring {
		t.Fatalf("%q, %v", made.kept, err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "identity.json")); err != nil || strings.Contains(string(b), `"secret"`) {
		t.Errorf("%s, %v", b, err)
	}
	got, err := loadIdentity(dir)
	if err != nil || got.device.ID() != made.device.ID() || got.account != made.account || got.kept != inKeyring {
		t.Errorf("%+v, %v", got, err)
	}
	if err := keyring.Delete(keyringService, string(made.device.ID())); err != nil {
		t.Fatal(err)
	}
	if _, err := loadIdentity(dir); err == nil || !strings.Contains(err.Error(), "keyring") {
		t.Errorf("%v", err)
	}

	t.Setenv("SATCHEL_KEYRING", "off")
	dir = t.TempDir()
	if err := made.keep(dir); err != nil || made.kept != inFile {
		t.Fatalf("%q, %v", made.kept, err)
	}
	if got, err := loadIdentity(dir); err != nil || got.device.ID() != made.device.ID() {
		t.Errorf("%v", err)
	}
}

// A profile from before sealing opens, shows what it holds, and says that it has
// to be joined anew; nothing of it is changed.
func TestProfileFromBeforeSealing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := `{"version":1,"seed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`
	if err := os.WriteFile(filepath.Join(dir, "identity.json"), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := storage.Open(filepath.Join(dir, "cache.db"))
	if err != nil {
		t.Fatal(err)
	}
	me := chat.Account{ID: "me", Name: "Mara"}
	err = db.Update(func(tx *storage.Tx) error {
		if err := tx.PutProfile(storage.Profile{Account: me, RelayURL: "http://127.0.0.1:1"}); err != nil {
			return err
		}
		if err := tx.PutConversation(&chat.Conversation{ID: "c", Kind: chat.Self, Members: []chat.Account{me}}); err != nil {
			return err
		}
		_, err := tx.AddEntries("c", "me", 1, 1, []chat.Message{{ID: "m", Seq: 1, From: "me", Content: chat.Content{Kind: chat.KindMessage, Text: "from before"}}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, dir: dir, name: "Mara"}
	p.open()
	p.wait("refused", func() bool { return p.Connection().State == chat.Refused })
	if c := p.Connection(); c.Reason != string(errOld) {
		t.Errorf("%+v", c)
	}
	if got := p.texts("c"); len(got) != 1 || got[0] != "from before" {
		t.Errorf("%v", got)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "identity.json")); err != nil || string(b) != old {
		t.Errorf("%s, %v", b, err)
	}
	if !p.Profile().Joined || p.Profile().Secret != "" {
		t.Errorf("%+v", p.Profile())
	}
}
