package relay

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"satchel/net/wire"
)

// steps are those at which uploads and sweeps are cut.
var steps = []string{stepKnown, stepPart, stepWhole, stepFinished, stepForgot}

var errKilled = errors.New("killed here")

// cut is a relay's way through a cut: what is under way ends at a step, once.
type cut struct{ step string }

func (c *cut) fault(step string) error {
	if step != c.step {
		return nil
	}
	c.step = ""
	return errKilled
}

// go on with an upload, in requests of a size that fits into nothing, until it
// is whole.
func (c *client) finishUpload(file string, content []byte, request int) {
	c.t.Helper()
	k := c.ticket(wire.TicketUpload, file, len(content))
	for range 1 + 2*(len(content)/request+2) {
		resp, _ := c.request("HEAD", k.URL, k.Token, nil)
		if resp.StatusCode == http.StatusNotFound {
			c.post(k, len(content))
			continue
		}
		at, err := strconv.Atoi(resp.Header.Get("Upload-Offset"))
		switch {
		case resp.Header.Get(headerSHA256) != "":
			return
		case err != nil:
			continue
		}
		c.patch(k, at, content[at:min(at+request, len(content))])
	}
	c.t.Errorf("the upload of %s does not come to its end", file)
}

// keptAfterCuts cuts an upload, its removal and the expiry of a file at every
// step, opens the relay anew, and goes on. Nothing is left that is no file's,
// no file is lost that somebody has, and every byte of it is there. things lists
// what there is.
func keptAfterCuts(t *testing.T, config Config, size, request int, things func() []string) {
	var cut cut
	config.fault = cut.fault
	config.Retention = Retention{Files: 30 * 24 * time.Hour}
	r, stop := startStop(t, config)
	mara := join(t, r, "Mara")
	live, content, _ := newFile(size)
	mara.finishUpload(live, content, request)
	mara.send(mara.self(), "live", "x", live)
	after := func(d time.Duration) {
		t.Helper()
		if _, err := r.Sweep(t.Context(), time.Now().Add(d), false); err != nil {
			t.Fatal(err)
		}
	}
	only := things()
	for _, step := range steps {
		// An upload that is cut, and goes on at a relay that was opened anew.
		cut.step = step
		file, other, _ := newFile(size)
		k := mara.ticket(wire.TicketUpload, file, len(other))
		mara.post(k, len(other))
		for at := 0; cut.step != "" && at < len(other); at += request {
			mara.patch(k, at, other[at:min(at+request, len(other))])
		}
		cut.step = ""
		stop()
		r, stop = startStop(t, config)
		mara = mara.again(r.URL())
		mara.finishUpload(file, other, request)
		k = mara.ticket(wire.TicketDownload, file, 0)
		if resp, body := mara.request("GET", k.URL, k.Token, nil); body != string(other) {
			t.Fatalf("after a cut where %s: %d bytes come back, %d", step, len(body), resp.StatusCode)
		}
		// Nobody was given it: it is swept, which is cut, and then is not.
		for _, gone := range []time.Duration{8 * 24 * time.Hour, 9 * 24 * time.Hour} {
			cut.step = stepForgot
			if _, err := r.Sweep(t.Context(), time.Now().Add(gone), false); err != nil && !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			cut.step = ""
			after(gone)
		}
		// An upload that is cut, and nobody goes on with.
		cut.step = step
		file, other, _ = newFile(size)
		k = mara.ticket(wire.TicketUpload, file, len(other))
		mara.post(k, len(other))
		for at := 0; at < len(other); at += request {
			mara.patch(k, at, other[at:min(at+request, len(other))])
		}
		cut.step = ""
		after(9 * 24 * time.Hour)
		if now := things(); !slices.Equal(now, only) {
			t.Errorf("after cuts where %s: %v is there, and %v should be", step, now, only)
		}
	}
	k := mara.ticket(wire.TicketDownload, live, 0)
	if _, body := mara.request("GET", k.URL, k.Token, nil); body != string(content) {
		t.Error("the file that was sent is another")
	}
	if resp, body := mara.request("GET", k.URL, k.Token, nil, "Range", "bytes=1000-1999"); body != string(content[1000:2000]) || resp.StatusCode != http.StatusPartialContent {
		t.Errorf("a range: %d, %d bytes", resp.StatusCode, len(body))
	}
	// In the end it expires; the space of all is free.
	dry, err := r.Sweep(t.Context(), time.Now().Add(31*24*time.Hour), true)
	if err != nil || dry.Expired != 1 || dry.Bytes != int64(size) {
		t.Errorf("%+v %v", dry, err)
	}
	cut.step = stepForgot
	if _, err := r.Sweep(t.Context(), time.Now().Add(31*24*time.Hour), false); !errors.Is(err, errKilled) {
		t.Error(err)
	}
	after(31 * 24 * time.Hour)
	after(31 * 24 * time.Hour)
	if now := things(); len(now) > 0 {
		t.Errorf("%v is left", now)
	}
	if used, err := r.store.Space(""); used != 0 || err != nil {
		t.Errorf("%d bytes are counted: %v", used, err)
	}
	resp, body := mara.request("GET", k.URL, k.Token, nil)
	wantStatus(t, resp, body, http.StatusGone, wire.CodeFileExpired)
	mara.refused(wire.CodeFileExpired, &wire.TicketRequest{Purpose: wire.TicketDownload, File: live})
}

func TestFolderAfterCuts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keptAfterCuts(t, Config{Dir: dir}, 5000, 1999, func() (all []string) {
		filepath.WalkDir(filepath.Join(dir, filesName), func(path string, d fs.DirEntry, _ error) error {
			if !d.IsDir() && d.Name() != "making" {
				all = append(all, d.Name())
			}
			return nil
		})
		return all
	})
}

// The oldest files go where all of them take more than they may.
func TestRetentionBySpace(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Retention: Retention{Space: 2500}})
	mara := join(t, r, "Mara")
	var all []string
	for range 4 {
		file, content, _ := newFile(1000)
		mara.upload(file, content)
		mara.send(mara.self(), file, "x", file)
		all = append(all, file)
	}
	for _, dry := range []bool{true, false} {
		if s, err := r.Sweep(t.Context(), time.Now(), dry); err != nil || s != (Swept{Expired: 2, Bytes: 2000}) {
			t.Errorf("dry %v: %+v %v", dry, s, err)
		}
	}
	for i, id := range all {
		if _, err := os.Stat(disk(r).path(id)); (err == nil) != (i >= 2) {
			t.Errorf("file %d: %v", i, err)
		}
	}
}

// Messages that are too old come without a body, and nothing is a gap.
func TestRetentionOfMessages(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Retention: Retention{Messages: time.Hour}})
	mara := join(t, r, "Mara")
	for i := range 3 {
		mara.send(mara.self(), strconv.Itoa(i), "words")
	}
	if err := r.sweepOnce(t.Context(), time.Now().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	mara.send(mara.self(), "new", "words")
	page := must[*wire.Page](mara, &wire.History{Conversation: mara.self()})
	if len(page.Entries) != 4 || page.Head != 4 {
		t.Fatalf("%+v", page)
	}
	for i, e := range page.Entries {
		if old := i < 3; e.Seq != uint64(i+1) || e.Expired != old || (len(e.Body) == 0) != old {
			t.Errorf("%+v", e)
		}
	}
	if again := mara.send(mara.self(), "0", "words"); again.Seq != 1 {
		t.Errorf("what is sent again is stored again: %+v", again)
	}
}

// A quota is refused with its numbers, by the ticket and by the upload.
func TestQuota(t *testing.T) {
	t.Parallel()
	config := Config{}
	config.Quota.Account, config.Quota.Total = 5000, 8000
	r := start(t, config)
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	first, content, _ := newFile(3000)
	mara.upload(first, content)
	second, content, _ := newFile(2000)
	k := mara.ticket(wire.TicketUpload, second, len(content))
	third, more, _ := newFile(1500)
	early := mara.ticket(wire.TicketUpload, third, len(more))
	mara.post(k, len(content))
	resp, body := mara.post(early, len(more))
	wantStatus(t, resp, body, http.StatusInsufficientStorage, wire.CodeQuotaExceeded)
	e := must[*wire.Error](mara, &wire.TicketRequest{Purpose: wire.TicketUpload, File: third, Size: 1500})
	if e.Code != wire.CodeQuotaExceeded || e.Retry || !strings.Contains(e.Message, "5.0 kB of 5.0 kB, so one of 1.5 kB") {
		t.Errorf("%+v", e)
	}
	// All have less together than each of them.
	e = must[*wire.Error](joao, &wire.TicketRequest{Purpose: wire.TicketUpload, File: third, Size: 3001})
	if e.Code != wire.CodeQuotaExceeded || !strings.Contains(e.Message, "5.0 kB of 8.0 kB") {
		t.Errorf("%+v", e)
	}
	mara.request("DELETE", k.URL, k.Token, nil) // what is given up is free at once
	mara.upload(third, more)
	if err := r.store.SetQuota(joao.account, 10); err != nil {
		t.Fatal(err)
	}
	joao.refused(wire.CodeQuotaExceeded, &wire.TicketRequest{Purpose: wire.TicketUpload, File: second, Size: 11})
}

// Whom the operator shuts out, in another process, is cut off at every relay,
// and refused after; a device that is let in again comes back.
func TestShutOut(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	config := Config{Database: db, Files: "file://" + t.TempDir()}
	first, second := start(t, config), start(t, config)
	mara, joao := join(t, first, "Mara"), join(t, second, "João")
	file, content, _ := newFile(10)
	mara.upload(file, content)
	k := mara.ticket(wire.TicketDownload, file, 0)
	s, err := Look(config)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ended := func(c *client, code string) {
		t.Helper()
		if e := news[*wire.Error](c); e.Code != code {
			t.Errorf("%+v", e)
		}
		if _, e := connect(t, c.url, c.identity, "", ""); e == nil || e.Code != code || e.Retry || !strings.HasSuffix(e.Message, ".") {
			t.Errorf("%+v", e)
		}
	}
	if _, err := s.BlockDevice(string(mara.device.ID()), true); err != nil {
		t.Fatal(err)
	}
	ended(mara, wire.CodeDeviceBlocked)
	resp, body := mara.request("GET", k.URL, k.Token, nil)
	wantStatus(t, resp, body, http.StatusUnauthorized, wire.CodeForbidden)
	if _, err := s.BlockDevice(string(mara.device.ID()), false); err != nil {
		t.Fatal(err)
	}
	mara.again(second.URL())
	if err := s.RemoveAccount(joao.account); err != nil {
		t.Fatal(err)
	}
	ended(joao, wire.CodeAccountRemoved)
	join(t, first, "João")
}
