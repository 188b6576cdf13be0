package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/seal"
	"satchel/net/wire"
)

// enter registers an account with an invitation; the code of a refusal, or "".
func enter(t *testing.T, url, link, name string) string {
	t.Helper()
	i, err := wire.ParseInvitation(link)
	if err != nil {
		t.Fatal(err)
	}
	d := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}}
	ws, _, err := d.Dial("ws"+strings.TrimPrefix(url, "http")+wire.PathSocket, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	read := func() wire.Frame {
		ws.SetReadDeadline(time.Now().Add(20 * time.Second))
		_, b, err := ws.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		f, err := wire.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	challenge := read().(*wire.Challenge)
	device := seal.NewDevice(seal.Computer)
	account, first, _, err := seal.NewAccount(device, "laptop", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key := device.Public().Key
	h := &wire.Hello{Account: string(account.ID()), Device: string(device.ID()), Key: wire.B64(key[:ed25519.PublicKeySize]), Nonce: wire.NewNonce(),
		First: first, Invite: i.Code, Name: name}
	h.Signature = wire.B64(device.Sign(wire.HelloText(challenge, h)))
	b, err := wire.Encode(h)
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.WriteMessage(websocket.TextMessage, b); err != nil {
		t.Fatal(err)
	}
	if e, ok := read().(*wire.Error); ok {
		return e.Code
	}
	return ""
}

// The lists show what is there while the relay is served, and an invitation
// that was taken back lets nobody in.
func TestLists(t *testing.T) {
	dir := t.TempDir()
	url, stop := start(t, "--data", dir, "--listen", "127.0.0.1:0")
	do := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), append(args, "--data", dir), &out, &errs); code != want {
			t.Fatalf("%v: %d %q", args, code, errs.String())
		}
		return out.String()
	}
	link := strings.TrimSpace(do(exitDone, "invite", "--uses", "5"))
	if refused := enter(t, url, link, "Mara Reyes"); refused != "" {
		t.Fatal(refused)
	}
	for command, want := range map[string][]string{
		"users": {"NAME", "Mara Reyes"}, "devices": {"computer", "active"}, "invites": {"1 of 5"}, "conversations": {"KIND"}, "files": {"SIZE"},
	} {
		for _, w := range want {
			if out := do(exitDone, command); !strings.Contains(out, w) {
				t.Errorf("%s: %q is not in %q", command, w, out)
			}
		}
		for d := json.NewDecoder(strings.NewReader(do(exitDone, command, "--json"))); ; {
			var row map[string]any
			if err := d.Decode(&row); err == io.EOF {
				break
			} else if err != nil || row["id"] == "" {
				t.Errorf("%s: %v %v", command, row, err)
				break
			}
		}
	}
	var invite struct{ ID string }
	if err := json.Unmarshal([]byte(do(exitDone, "invites", "--json")), &invite); err != nil {
		t.Fatal(err)
	}
	do(exitFailed, "invites", "revoke", "zzzz")
	if out := do(exitDone, "invites", "revoke", invite.ID[:8]); !strings.Contains(out, invite.ID) {
		t.Errorf("%q", out)
	}
	if refused := enter(t, url, link, "João"); refused != wire.CodeInviteInvalid {
		t.Errorf("%q", refused)
	}
	// Whom the operator shuts out is refused, in words.
	do(exitDone, "users", "quota", "mara reyes", "5GB")
	if out := do(exitDone, "users", "list"); !strings.Contains(out, "5.0 GB") {
		t.Errorf("%q", out)
	}
	var device struct{ ID string }
	if err := json.Unmarshal([]byte(do(exitDone, "devices", "--json")), &device); err != nil {
		t.Fatal(err)
	}
	do(exitDone, "devices", "block", device.ID[:8])
	if out := do(exitDone, "devices"); !strings.Contains(out, "blocked") {
		t.Errorf("%q", out)
	}
	do(exitDone, "devices", "unblock", device.ID)
	if out := do(exitDone, "users", "remove", "Mara Reyes", "--json"); !strings.Contains(out, `"became":"removed"`) {
		t.Errorf("%q", out)
	}
	do(exitFailed, "devices", "unblock", device.ID)
	do(exitFailed, "users", "remove", "Mara Reyes") // the name is free
	for _, args := range [][]string{{"sweep", "--dry-run"}, {"sweep", "--json", "--retention", "files=90d"}, {"doctor"}} {
		if out := do(exitDone, args...); out == "" {
			t.Errorf("%v says nothing", args)
		}
	}
	if code := stop(); code != exitDone {
		t.Errorf("%d", code)
	}
}
