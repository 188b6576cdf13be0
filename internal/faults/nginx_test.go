package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/transfer/storetest"
)

// nginx as many have it before a relay: bodies of one megabyte at most.
func TestProxyWithASmallBodyLimit(t *testing.T) {
	w := newWorld(t, nil)
	dir, port := t.TempDir(), storetest.FreePort(t)
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o777); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`user root; daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error.log;
		events {}
		http { access_log %[1]s/access.log; client_body_temp_path %[1]s/tmp; client_max_body_size 1m;
			proxy_temp_path %[1]s/tmp; fastcgi_temp_path %[1]s/tmp; uwsgi_temp_path %[1]s/tmp; scgi_temp_path %[1]s/tmp;
			server { listen 127.0.0.1:%[2]d; location / { proxy_pass http://%[3]s; proxy_http_version 1.1;
				proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; } } }`, dir, port, w.addr)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	by := "http://" + storetest.Start(t, port, "nginx", "-e", filepath.Join(dir, "error.log"), "-c", filepath.Join(dir, "nginx.conf"))
	size := 5 << 20
	if whole {
		size = 100 << 20
	}
	l := &lane{w: w, up: newGateway(t, by), down: newGateway(t, by)}
	l.ana, l.bo = w.person("Ana", by, ""), w.person("Bo", by, "")
	l.conv = meet(t, l.ana, l.bo)
	for _, n := range []int{size, size + 1} {
		l.run(t, trial{row: "nginx that takes 1 MB a request", direction: upload, data: random(n, 5)})
	}
	log, err := os.ReadFile(filepath.Join(dir, "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	refused := strings.Count(string(log), `" 413 `)
	t.Logf("%d times too large, %d pieces", refused, strings.Count(string(log), "PATCH"))
	if refused == 0 {
		t.Error("nothing was too large")
	}
	if refused > 4 {
		t.Errorf("%d pieces were too large: what was learned is forgotten", refused)
	}
}
