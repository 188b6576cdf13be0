package relay

import (
	"compress/gzip"
	"crypto/ed25519"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"satchel/net/wire"
)

// testdata/v1.db.gz was written by the version before chains: Mara and João, a
// conversation of theirs with a file, and a group. This is Mara's device.
const maraBefore = "NY_2f1O6rDClojhDl37kRP5JQNeX2EBnV2dEhwoYsvg"

// A database of the version before opens. Its accounts are told to join anew,
// and their names are free.
func TestDatabaseBeforeChains(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, err := os.Open("testdata/v1.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, databaseName), b, 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, Config{Dir: dir, Database: "sqlite:" + filepath.Join(dir, databaseName)})

	seed, err := wire.UnB64(maraBefore)
	if err != nil {
		t.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(seed)
	public := key.Public().(ed25519.PublicKey)
	ws, challenge := dial(t, r.URL())
	h := &wire.Hello{Header: wire.Header{ID: "hello"}, Account: wire.NewID(), Device: wire.DeviceID(public), Key: wire.B64(public), Nonce: wire.NewNonce()}
	h.Signature = wire.B64(ed25519.Sign(key, wire.HelloText(challenge, h)))
	old := &client{t: t, ws: ws}
	old.write(h)
	if e, ok := old.read().(*wire.Error); !ok || e.Code != wire.CodeUnknownDevice || e.Retry || !strings.Contains(e.Message, "Join anew") {
		t.Errorf("%+v", e)
	}

	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	all := must[*wire.Accounts](mara, &wire.FindAccounts{}).Accounts
	if len(all) != 2 || !slices.ContainsFunc(all, func(a wire.Account) bool { return a.ID == mara.account && a.Name == "Mara" }) {
		t.Errorf("%+v", all)
	}
	if s := mara.send(direct(mara, joao), "m", "hello again"); s.Seq != 1 {
		t.Errorf("%+v", s)
	}
}
