package relay

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"satchel/net/wire"
)

// Large requests, small ones, one that is refused before it is read, and questions come
// over one connection, with TLS and without: each is answered, and the file is whole.
func TestQuickUpload(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]Config{"plain": {}, "TLS": {TLS: TLSSelf}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, config)
			link, err := r.Invite(t.Context(), 1, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			mara := joinBy(t, strings.Replace(r.URL(), "https:", "http:", 1), link, "Mara")
			file, content, _ := newFile(3*(5<<20) + 17)
			k := mara.ticket(wire.TicketUpload, file, len(content))
			client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1,
				TLSClientConfig: wire.ClientTLS(func() (string, string) { return "127.0.0.1", r.Key() })}}
			defer client.CloseIdleConnections()
			ask := func(method, path string, body []byte, headers ...string) *http.Response {
				t.Helper()
				q, err := http.NewRequestWithContext(t.Context(), method, r.URL()+path, bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				q.Header = http.Header{"Tus-Resumable": {"1.0.0"}, "Authorization": {"Bearer " + k.Token}}
				for i := 0; i < len(headers); i += 2 {
					q.Header.Set(headers[i], headers[i+1])
				}
				answer, err := client.Do(q)
				if err != nil {
					t.Fatal(method, err)
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				return answer
			}
			patch := func(from, to int) int {
				t.Helper()
				return ask("PATCH", k.URL, content[from:to], "Content-Type", octets, "Upload-Offset", strconv.Itoa(from)).StatusCode
			}
			if s := ask("POST", wire.PathFiles, nil, "Upload-Length", strconv.Itoa(len(content))).StatusCode; s != http.StatusCreated {
				t.Fatal(s)
			}
			for offset := 0; offset < len(content); {
				end := min(offset+(5<<20), len(content))
				if s := patch(offset, end); s != http.StatusNoContent {
					t.Fatalf("from %d: %d", offset, s)
				}
				offset = end
				if at := ask("HEAD", k.URL, nil).Header.Get("Upload-Offset"); at != strconv.Itoa(end) {
					t.Errorf("it has %s bytes, want %d", at, end)
				}
				if s := patch(1, 1+(100<<10)); s != http.StatusConflict {
					t.Errorf("bytes that are there were answered with %d", s)
				}
			}
			if got, err := os.ReadFile(r.uploads.keeper.(*folder).path(file)); err != nil || !bytes.Equal(got, content) {
				t.Errorf("what is there is something else (%v)", err)
			}
		})
	}
}
