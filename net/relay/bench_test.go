package relay

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"satchel/net/wire"
)

// moved is how many bytes go each way beside the text, in one file.
const moved = 2 << 30

// BenchmarkTextBesideFiles measures send → delivered of single messages, idle
// and while a file goes up and another comes down as fast as the disk takes
// them, and reports the ratio of the 99th percentiles.
func BenchmarkTextBesideFiles(b *testing.B) {
	r := start(b, Config{Limits: Limits{FrameRate: 1e9, FrameBurst: 1e9}})
	mara, joao := join(b, r, "Mara"), join(b, r, "João")
	id := direct(mara, joao)
	n := 0
	say := func() time.Duration {
		n++
		begun := time.Now()
		mara.write(&wire.Send{Conversation: id, Message: strconv.Itoa(n), Body: []byte("hello")})
		news[*wire.Entry](joao)
		took := time.Since(begun)
		mara.read()
		time.Sleep(2 * time.Millisecond) // people do not type back to back
		return took
	}
	p := func(all []time.Duration, q float64) float64 {
		slices.Sort(all)
		return float64(all[int(q*float64(len(all)-1))].Microseconds()) / 1000
	}
	first, _, _ := newFile(0)
	transfer(b, mara, first)
	var idle, busy []time.Duration
	for range 1000 {
		idle = append(idle, say())
	}
	sender, receiver := mara.again(r.URL()), mara.again(r.URL())
	moving, ended := context.WithCancel(context.Background())
	var both sync.WaitGroup
	both.Add(2)
	begun := time.Now()
	go func() { defer both.Done(); second, _, _ := newFile(0); transfer(b, sender, second) }()
	go func() {
		defer both.Done()
		d := receiver.ticket(wire.TicketDownload, first, 0)
		req, _ := http.NewRequest("GET", r.URL()+d.URL, nil)
		req.Header.Set("Authorization", "Bearer "+d.Token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Error(err)
			return
		}
		defer resp.Body.Close()
		if n, err := io.Copy(io.Discard, resp.Body); n != moved {
			b.Error(n, err)
		}
	}()
	go func() { both.Wait(); ended() }()
	for moving.Err() == nil {
		busy = append(busy, say())
	}
	b.ReportMetric(p(idle, .5), "idle-p50-ms")
	b.ReportMetric(p(idle, .99), "idle-p99-ms")
	b.ReportMetric(p(busy, .5), "busy-p50-ms")
	b.ReportMetric(p(busy, .99), "busy-p99-ms")
	b.ReportMetric(p(busy, .99)/p(idle, .99), "ratio")
	b.ReportMetric(float64(len(busy)), "messages")
	b.ReportMetric(2*moved/1e6/time.Since(begun).Seconds(), "MB/s")
	b.ReportMetric(0, "ns/op")
}

// transfer brings a file of moved bytes to the relay.
func transfer(b *testing.B, c *client, file string) {
	k := c.ticket(wire.TicketUpload, file, moved)
	c.post(k, moved)
	block := bytes.Repeat([]byte("satchel "), 16<<10)
	parts := make([]io.Reader, moved/len(block))
	for i := range parts {
		parts[i] = bytes.NewReader(block)
	}
	req, _ := http.NewRequest("PATCH", c.url+k.URL, io.MultiReader(parts...))
	req.ContentLength = moved
	for name, v := range map[string]string{"Authorization": "Bearer " + k.Token, "Tus-Resumable": "1.0.0", "Content-Type": octets, "Upload-Offset": "0"} {
		req.Header.Set(name, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Error(err)
		return
	}
	resp.Body.Close()
	if resp.StatusCode != 204 {
		b.Error(fmt.Sprint(resp.Status))
	}
}
