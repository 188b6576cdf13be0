//go:build servers

package relay

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"satchel/net/relay/bucket"
	"satchel/net/wire"
)

func init() { childBuckets = allBuckets }

// carrier uploads files through whatever relays there are, one after another, and
// sends a message with each: but every third it gives to nobody, and every fourth it
// leaves in the middle.
type carrier struct {
	*client
	through string // the balancer's URL
	total   *atomic.Int64
	sent    map[string][]byte // files that messages carry
	unsure  string            // the last of them, if nobody said that its message is there
	begun   int               // files that were left, and files that nobody was given
}

func (c *carrier) run(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		size := 1 + rand.IntN(64<<10)
		if n%2 == 1 {
			size += bucket.LeastPart // more than one part
		}
		file, content, sum := newFile(size)
		k := c.asks(ctx, &wire.TicketRequest{Purpose: wire.TicketUpload, File: file, Size: int64(size)})
		if k == nil {
			return
		}
		until := size
		if n%4 == 3 {
			until = size / 2
		}
		if !c.uploads(ctx, k.(*wire.Ticket), content, sum, until) {
			return
		}
		switch {
		case until < size, n%3 == 2:
			c.begun++
		default:
			c.sent[file] = content
			if c.asks(ctx, &wire.Send{Conversation: c.self(), Message: "m" + file, Body: []byte("x"), Files: []string{file}}) == nil {
				c.unsure = file
				return
			}
		}
		c.total.Add(1)
	}
}

// asks gets an answer from whatever relay is there; nil when ctx ended.
func (c *carrier) asks(ctx context.Context, f wire.Frame) wire.Frame {
	for ctx.Err() == nil {
		if c.ws == nil {
			ws, err := c.redial(c.through)
			if err != nil {
				time.Sleep(20 * time.Millisecond) // until the balancer finds a relay again
				continue
			}
			c.ws = ws
		}
		if answer := c.answer(f); answer != nil {
			return answer
		}
		c.ws.Close()
		c.ws = nil
	}
	return nil
}

// answer is what a relay says to a frame; nil when the connection broke, or the
// relay asks to try again.
func (c *carrier) answer(f wire.Frame) wire.Frame {
	c.n++
	id := fmt.Sprint("c", c.n)
	f.Meta().ID = id
	b, err := wire.Encode(f)
	if err != nil {
		c.t.Error(err)
		return nil
	}
	for err = c.ws.WriteMessage(1, b); err == nil; {
		c.ws.SetReadDeadline(time.Now().Add(within))
		if _, b, err = c.ws.ReadMessage(); err != nil {
			break
		}
		got, err := wire.Decode(b)
		if err != nil {
			c.t.Error(err)
			return nil
		}
		if got.Meta().Re != id {
			continue
		}
		if e, ok := got.(*wire.Error); ok {
			if !e.Retry {
				c.t.Errorf("%T is refused: %s", f, e.Message)
			}
			return nil
		}
		return got
	}
	return nil
}

// uploads goes on with an upload until so many bytes of it are there; of a whole
// file, until its checksum was told.
func (c *carrier) uploads(ctx context.Context, k *wire.Ticket, content []byte, sum string, until int) bool {
	for ctx.Err() == nil {
		status, header := c.asksFiles(ctx, http.MethodHead, k, nil)
		if status == http.StatusNotFound {
			c.asksFiles(ctx, http.MethodPost, k, nil, "Upload-Length", strconv.Itoa(len(content)))
			continue
		}
		if got := header.Get(headerSHA256); got != "" {
			if got != sum {
				c.t.Errorf("a file has the checksum %s, not %s", got, sum)
			}
			return true
		}
		at, err := strconv.Atoi(header.Get("Upload-Offset"))
		if err != nil {
			continue
		}
		if until < len(content) && at >= until {
			return true
		}
		c.asksFiles(ctx, http.MethodPatch, k, content[at:min(at+2<<20, until)], "Content-Type", octets, "Upload-Offset", strconv.Itoa(at))
	}
	return false
}

// asksFiles makes a request for a file; its status is 0 when there was no answer.
func (c *carrier) asksFiles(ctx context.Context, method string, k *wire.Ticket, body []byte, headers ...string) (status int, h http.Header) {
	path := k.URL
	if method == http.MethodPost {
		path = wire.PathFiles
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.through+path, bytes.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return 0, nil
	}
	req.Header.Set("Authorization", "Bearer "+k.Token)
	req.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header
}

// Relays that keep files in a bucket are killed while files come, and look for what
// is nobody's all the time. In the end every file that a message carries is there,
// equal; and once the rest has had its time, nothing else is.
func TestCloudKilled(t *testing.T) {
	for name, relays := range map[string]int{"one": 1, "three": 3} {
		t.Run(name, func(t *testing.T) {
			files := clouds["s3"](t)
			c := Config{Dir: t.TempDir(), Files: files, Limits: Limits{Sweep: 100 * time.Millisecond}}
			if relays > 1 {
				c.Database = newDatabase(t)
				c.Bus, _ = startNATS(t, -1)
			}
			b := startBalancer(t, relays)
			c.PublicURL = b.url()
			children := make([]*child, relays)
			for i := range children {
				children[i] = startChild(t, c)
				b.set(i, children[i].url)
			}
			ctx, stop := context.WithCancel(t.Context())
			var total atomic.Int64
			var running sync.WaitGroup
			all := make([]*carrier, 3)
			for i := range all {
				all[i] = &carrier{client: joinBy(t, b.url(), inviteTo(t, c), fmt.Sprint("Carrier ", i)), through: b.url(), total: &total, sent: map[string][]byte{}}
				running.Go(func() { all[i].run(ctx) })
			}
			killAny(t, c, b, children, func() bool { return passes(&total, 1+rand.Int64N(4)) })
			stop()
			running.Wait()
			for _, k := range children {
				k.kill()
			}
			http.DefaultClient.CloseIdleConnections()

			c.PublicURL, c.Buckets, c.Limits = "", allBuckets, Limits{}
			r := start(t, c)
			for _, one := range all {
				one.client = one.again(r.URL())
				if one.unsure != "" {
					one.send(one.self(), "m"+one.unsure, "x", one.unsure)
				}
			}
			for range 2 { // what the first takes away from the store, the second finds in the bucket at the latest
				if _, err := r.Sweep(t.Context(), time.Now().Add(8*24*time.Hour), false); err != nil {
					t.Fatal(err)
				}
			}
			sent, begun := 0, 0
			for _, one := range all {
				begun += one.begun
				for file, content := range one.sent {
					sent++
					k := one.ticket(wire.TicketDownload, file, 0)
					req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL()+k.URL, nil)
					if err != nil {
						t.Fatal(err)
					}
					req.Header.Set("Authorization", "Bearer "+k.Token)
					resp, err := redirected.Do(req)
					if err != nil {
						t.Fatal(err)
					}
					got, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if err != nil || !bytes.Equal(got, content) {
						t.Errorf("of %d bytes %d came back, %d: %v", len(content), len(got), resp.StatusCode, err)
					}
				}
			}
			redirected.CloseIdleConnections()
			if there := things(t, openBucket(t, files)); len(there) != sent {
				t.Errorf("%d things are in the bucket for %d files", len(there), sent)
			}
			t.Logf("%d kills: %d files that messages carry are there, %d others are gone", kills(), sent, begun)
		})
	}
}

// redirected follows to a bucket without the relay's permission.
var redirected = &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
	r.Header.Del("Authorization")
	return nil
}}
