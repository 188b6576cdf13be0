package transfer

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// BenchmarkRoads moves 256 MiB each way through the engine, and for comparison
// by one plain request to the same server: read the MB/s against each other.
func BenchmarkRoads(b *testing.B) {
	s := newServer(b, true)
	data := random(256 << 20)
	path := write(b, "a.bin", data)
	file := s.put(b, "a.bin", data)
	e := start(b, openJournal(""), NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	b.Run("upload", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			up := e.done(e.queue(uploadOf(b, path)))
			_ = os.Remove(filepath.Join(s.dir, string(up.ID)))
		}
	})
	b.Run("download", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			down := e.done(e.queue(downloadOf(file)))
			_ = os.Remove(down.Path)
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			id := "plain"
			for _, step := range []struct{ method, url, kind string }{{"POST", s.URL + "/files/", ""}, {"PATCH", s.URL + "/files/" + id, path}} {
				q, err := http.NewRequest(step.method, step.url, nil)
				if err != nil {
					b.Fatal(err)
				}
				q.Header = http.Header{"Tus-Resumable": {"1.0.0"}, "Upload-Length": {strconv.Itoa(len(data))}, "Authorization": {"Bearer first:" + id}}
				if step.kind != "" {
					f, err := os.Open(step.kind)
					if err != nil {
						b.Fatal(err)
					}
					q.Body, q.ContentLength = f, int64(len(data))
					q.Header = http.Header{"Tus-Resumable": {"1.0.0"}, "Upload-Offset": {"0"}, "Content-Type": {"application/offset+octet-stream"}, "Authorization": {"Bearer first:" + id}}
				}
				answer, err := http.DefaultClient.Do(q)
				if err != nil || answer.StatusCode >= 300 {
					b.Fatal(answer, err)
				}
				answer.Body.Close()
			}
		}
	})
	http.DefaultClient.CloseIdleConnections()
}
