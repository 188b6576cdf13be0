//go:build servers

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/transfer/storetest"
)

// The lines for Caddy in docs/operations.md carry a session.
func TestBehindCaddy(t *testing.T) {
	behind(t, func(proxy int, direct string) {
		web := t.TempDir()
		site := strings.NewReplacer("chat.example.org", fmt.Sprintf("http://127.0.0.1:%d", proxy), "127.0.0.1:7465", direct).Replace(fenced(t, "caddy")[0])
		path := filepath.Join(web, "Caddyfile")
		if err := os.WriteFile(path, []byte("{\n\tadmin off\n\tpersist_config off\n\tdefault_bind 127.0.0.1\n}\n"+site+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("XDG_DATA_HOME", web)
		t.Setenv("XDG_CONFIG_HOME", web)
		storetest.Start(t, proxy, storetest.Tool(t, "caddy"), "run", "--config", path, "--adapter", "caddyfile")
	})
}
