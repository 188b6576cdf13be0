package relay

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

func newFile(n int) (id string, content []byte, sum string) {
	var b [16]byte
	rand.Read(b[:])
	content = make([]byte, n)
	rand.Read(content)
	s := sha256.Sum256(content)
	return hex.EncodeToString(b[:]), content, hex.EncodeToString(s[:])
}

func (c *client) ticket(purpose, file string, size int) *wire.Ticket {
	c.t.Helper()
	return must[*wire.Ticket](c, &wire.TicketRequest{Purpose: purpose, File: file, Size: int64(size)})
}

const octets = "application/offset+octet-stream"

func (c *client) patch(k *wire.Ticket, offset int, content []byte) (*http.Response, string) {
	c.t.Helper()
	return c.request("PATCH", k.URL, k.Token, bytes.NewReader(content), "Content-Type", octets, "Upload-Offset", strconv.Itoa(offset))
}

func (c *client) post(k *wire.Ticket, size int, headers ...string) (*http.Response, string) {
	c.t.Helper()
	return c.request("POST", wire.PathFiles, k.Token, nil, append([]string{"Upload-Length", strconv.Itoa(size)}, headers...)...)
}

// upload brings a file to the relay in one go.
func (c *client) upload(file string, content []byte) {
	c.t.Helper()
	k := c.ticket(wire.TicketUpload, file, len(content))
	if resp, body := c.post(k, len(content)); resp.StatusCode != 201 {
		c.t.Fatalf("POST: %d %s", resp.StatusCode, body)
	}
	if len(content) == 0 {
		return
	}
	if resp, body := c.patch(k, 0, content); resp.StatusCode != 204 {
		c.t.Fatalf("PATCH: %d %s", resp.StatusCode, body)
	}
}

func wantStatus(t *testing.T, resp *http.Response, body string, status int, code string) {
	t.Helper()
	var e struct{ Code, Message string }
	json.Unmarshal([]byte(body), &e)
	if resp.StatusCode != status || code != "" && (e.Code != code || !strings.HasSuffix(e.Message, ".")) {
		t.Errorf("got %d %s, want %d %s", resp.StatusCode, body, status, code)
	}
}

func TestUploadAndDownload(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao, eve := join(t, r, "Mara"), join(t, r, "João"), join(t, r, "Eve")
	conv := direct(mara, joao)
	file, content, sum := newFile(3<<20 + 17)
	k := mara.ticket(wire.TicketUpload, file, len(content))
	if k.URL != wire.PathFiles+file || time.Until(time.UnixMilli(k.Expires)) < 50*time.Minute {
		t.Errorf("%+v", k)
	}
	resp, _ := mara.request("HEAD", k.URL, k.Token, nil)
	wantStatus(t, resp, "", 404, "")
	resp, body := mara.post(k, len(content), "Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte("../../../evil.sh")))
	wantStatus(t, resp, body, 201, "")
	if !strings.HasSuffix(resp.Header.Get("Location"), k.URL) {
		t.Errorf("%v", resp.Header)
	}
	// Piece by piece; the offset is told, and a wrong one refused.
	for offset := 0; offset < len(content); {
		end := min(offset+1<<20, len(content))
		resp, body = mara.patch(k, offset, content[offset:end])
		wantStatus(t, resp, body, 204, "")
		if resp.Header.Get("Upload-Offset") != strconv.Itoa(end) || (resp.Header.Get(headerSHA256) == sum) != (end == len(content)) {
			t.Errorf("%d: %v", end, resp.Header)
		}
		offset = end
		if resp, _ = mara.request("HEAD", k.URL, k.Token, nil); resp.Header.Get("Upload-Offset") != strconv.Itoa(end) {
			t.Errorf("%d: %v", end, resp.Header)
		}
		if resp, body = mara.patch(k, offset-1, []byte("x")); resp.StatusCode != 409 {
			t.Errorf("%d %s", resp.StatusCode, body)
		}
	}
	// Who lost the answer learns it.
	for _, ask := range []func() (*http.Response, string){
		func() (*http.Response, string) { return mara.request("HEAD", k.URL, k.Token, nil) },
		func() (*http.Response, string) { return mara.patch(k, len(content), nil) },
		func() (*http.Response, string) { return mara.post(k, len(content)) },
	} {
		if resp, body := ask(); resp.StatusCode/100 != 2 || resp.Header.Get(headerSHA256) != sum || resp.Header.Get("Upload-Offset") != strconv.Itoa(len(content)) {
			t.Errorf("%d %s %v", resp.StatusCode, body, resp.Header)
		}
	}
	// Only its uploader may read it, until it was sent.
	joao.refused(wire.CodeNotFound, &wire.TicketRequest{Purpose: wire.TicketDownload, File: file})
	joao.refused(wire.CodeNotFound, &wire.Send{Conversation: conv, Message: "steal", Files: []string{file}})
	mara.ticket(wire.TicketDownload, file, 0)
	mara.send(conv, "m", "look", file)
	eve.refused(wire.CodeNotFound, &wire.TicketRequest{Purpose: wire.TicketDownload, File: file})

	d := joao.ticket(wire.TicketDownload, file, 0)
	get := func(headers ...string) (*http.Response, string) {
		return joao.request("GET", d.URL, d.Token, nil, headers...)
	}
	resp, body = get()
	h := resp.Header
	if body != string(content) || h.Get("Content-Disposition") != "attachment" || h.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("Cache-Control") != "no-store" ||
		h.Get("ETag") != `"`+sum+`"` || h.Get(headerSHA256) != sum || h.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("%d %d bytes %v", resp.StatusCode, len(body), h)
	}
	for _, c := range []struct {
		headers []string
		status  int
		body    string
	}{
		{[]string{"Range", "bytes=1000000-"}, 206, string(content[1000000:])},
		{[]string{"Range", "bytes=5-9"}, 206, string(content[5:10])},
		{[]string{"Range", "bytes=5-9", "If-Range", `"` + sum + `"`}, 206, string(content[5:10])},
		{[]string{"Range", "bytes=5-9", "If-Range", `"other"`}, 200, string(content)},
		{[]string{"Range", "bytes=999999999-"}, 416, ""},
	} {
		if resp, body := get(c.headers...); resp.StatusCode != c.status || c.status != 416 && body != c.body {
			t.Errorf("%v: %d, %d bytes", c.headers, resp.StatusCode, len(body))
		}
	}
	if resp, body := joao.request("HEAD", d.URL, d.Token, nil); resp.StatusCode != 200 || resp.ContentLength != int64(len(content)) || body != "" {
		t.Errorf("%v", resp)
	}
	// Passing it on is for those who may read it.
	other := direct(joao, eve)
	eve.refused(wire.CodeNotFound, &wire.Send{Conversation: other, Message: "m", Files: []string{file}})
	joao.send(other, "m", "forwarded", file)
	eve.ticket(wire.TicketDownload, file, 0)
	// Whole, it can't be written to or taken back.
	if resp, _ := mara.patch(k, 0, []byte("x")); resp.StatusCode != 409 {
		t.Errorf("%d", resp.StatusCode)
	}
	resp, body = mara.request("DELETE", k.URL, k.Token, nil)
	wantStatus(t, resp, body, 403, wire.CodeForbidden)
	// Nothing lies anywhere but where it has to.
	filepath.WalkDir(r.config.Dir, func(path string, e os.DirEntry, err error) error {
		if strings.Contains(path, "evil") {
			t.Error(path)
		}
		return err
	})
}

func TestEmptyFile(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	file, _, sum := newFile(0)
	k := mara.ticket(wire.TicketUpload, file, 0)
	for range 2 {
		resp, body := mara.post(k, 0)
		if resp.StatusCode != 201 || resp.Header.Get(headerSHA256) != sum {
			t.Errorf("%d %s %v", resp.StatusCode, body, resp.Header)
		}
	}
	d := mara.ticket(wire.TicketDownload, file, 0)
	if resp, body := mara.request("GET", d.URL, d.Token, nil); resp.StatusCode != 200 || body != "" {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
}

func TestTickets(t *testing.T) {
	t.Parallel()
	r := start(t, Config{MaxFile: 1 << 20})
	mara, eve := join(t, r, "Mara"), join(t, r, "Eve")
	file, content, _ := newFile(1000)
	for code, f := range map[string]*wire.TicketRequest{
		wire.CodeFileTooLarge: {Purpose: wire.TicketUpload, File: file, Size: 1<<20 + 1},
		wire.CodeNotFound:     {Purpose: wire.TicketUpload, File: file, Size: 1, Conversation: eve.self()},
		wire.CodeBadFrame:     {Purpose: wire.TicketUpload, File: file, Size: -1},
	} {
		mara.refused(code, f)
	}
	for _, id := range []string{"", "..", strings.ToUpper(file), file + "0", "../" + file[3:], strings.Repeat("g", 32)} {
		mara.refused(wire.CodeBadFrame, &wire.TicketRequest{Purpose: wire.TicketUpload, File: id})
		mara.refused(wire.CodeBadFrame, &wire.TicketRequest{Purpose: wire.TicketDownload, File: id})
	}
	mara.refused(wire.CodeBadFrame, &wire.TicketRequest{Purpose: "look", File: file})
	mara.refused(wire.CodeNotFound, &wire.TicketRequest{Purpose: wire.TicketDownload, File: file})

	k := mara.ticket(wire.TicketUpload, file, len(content))
	early := eve.ticket(wire.TicketUpload, file, len(content)) // nobody has begun it yet
	mara.post(k, len(content))
	eve.refused(wire.CodeConflict, &wire.TicketRequest{Purpose: wire.TicketUpload, File: file, Size: 1000})
	mara.refused(wire.CodeConflict, &wire.TicketRequest{Purpose: wire.TicketUpload, File: file, Size: 999})
	mara.refused(wire.CodeNotFound, &wire.TicketRequest{Purpose: wire.TicketDownload, File: file}) // not whole
	mara.refused(wire.CodeNotFound, &wire.Send{Conversation: mara.self(), Message: "m", Files: []string{file}})
	resp, body := eve.post(early, len(content))
	wantStatus(t, resp, body, 409, wire.CodeConflict)
	for _, m := range []string{"PATCH", "DELETE", "HEAD"} {
		if resp, body := eve.request(m, k.URL, early.Token, nil, "Content-Type", octets, "Upload-Offset", "0"); resp.StatusCode/100 != 4 {
			t.Errorf("%s with another's ticket: %d %s", m, resp.StatusCode, body)
		}
	}

	sign := func(method jwt.SigningMethod, key any, change func(*ticket)) string {
		c := ticket{Purpose: wire.TicketUpload, File: file, Device: string(mara.device.ID()), Size: 1000, RegisteredClaims: jwt.RegisteredClaims{
			Subject: mara.account, Audience: jwt.ClaimStrings{ticketFor}, ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))}}
		change(&c)
		s, err := jwt.NewWithClaims(method, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	same := func(*ticket) {}
	_, other, _ := ed25519.GenerateKey(nil)
	if resp, _ := mara.request("HEAD", k.URL, sign(jwt.SigningMethodEdDSA, r.key, same), nil); resp.StatusCode != 200 {
		t.Fatal("the test's own tickets are not taken")
	}
	for name, token := range map[string]string{
		"none":             "",
		"rubbish":          "x.y.z",
		"another key":      sign(jwt.SigningMethodEdDSA, other, same),
		"no signature":     sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same),
		"the key as HMAC":  sign(jwt.SigningMethodHS256, []byte(r.key.Public().(ed25519.PublicKey)), same),
		"expired":          sign(jwt.SigningMethodEdDSA, r.key, func(c *ticket) { c.ExpiresAt = jwt.NewNumericDate(time.Now().Add(-time.Minute)) }),
		"never expires":    sign(jwt.SigningMethodEdDSA, r.key, func(c *ticket) { c.ExpiresAt = nil }),
		"another audience": sign(jwt.SigningMethodEdDSA, r.key, func(c *ticket) { c.Audience = nil }),
	} {
		for _, m := range []string{"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT"} {
			for _, path := range []string{k.URL, wire.PathFiles} {
				if resp, body := mara.request(m, path, token, nil, "Content-Type", octets, "Upload-Offset", "0", "Upload-Length", "1000"); resp.StatusCode != 401 {
					t.Errorf("%s: %s %s: %d %s", name, m, path, resp.StatusCode, body)
				}
			}
		}
	}
	// Every method has the ticket that it needs, also in disguise.
	disguise := func(path, token, as string) int {
		resp, _ := mara.request("POST", path, token, strings.NewReader("x"), "X-HTTP-Method-Override", as, "Content-Type", octets, "Upload-Offset", "0")
		return resp.StatusCode
	}
	foreign, _, _ := newFile(0)
	for _, c := range []struct {
		path, token, as string
		want            int
	}{
		{k.URL, "", "PATCH", 401}, {k.URL, "", "DELETE", 401}, {k.URL, "", "GET", 400},
		{wire.PathFiles + foreign, k.Token, "PATCH", 403}, {wire.PathFiles + foreign, k.Token, "DELETE", 403},
		{k.URL, k.Token, "GET", 400}, {k.URL, k.Token, "HEAD", 400}, {k.URL, k.Token, "patch", 400}, {k.URL, k.Token, "PATCH, DELETE", 400},
		{k.URL, k.Token, "PATCH", 204},
	} {
		if got := disguise(c.path, c.token, c.as); got != c.want {
			t.Errorf("%s as %s: %d, want %d", c.path, c.as, got, c.want)
		}
	}
	if resp, _ := mara.request("GET", k.URL, k.Token, nil, "X-HTTP-Method-Override", "DELETE"); resp.StatusCode != 400 {
		t.Errorf("a GET as DELETE: %d", resp.StatusCode)
	}
	for _, path := range []string{k.URL + "/", k.URL + ".info", wire.PathFiles + "../relay.key", wire.PathFiles + "%2e%2e%2frelay.key", wire.PathFiles + file[:2]} {
		if resp, body := mara.request("HEAD", path, k.Token, nil); resp.StatusCode/100 == 2 {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
	// The upload goes on after all of this.
	resp, body = mara.patch(k, 1, content[1:])
	wantStatus(t, resp, body, 204, "")
	d := mara.ticket(wire.TicketDownload, file, 0)
	for _, m := range []string{"POST", "PATCH", "DELETE", "OPTIONS", "PUT"} {
		if resp, _ := mara.request(m, d.URL, d.Token, nil, "Content-Type", octets, "Upload-Offset", "0"); resp.StatusCode != 405 {
			t.Errorf("%s with a ticket for download: %d", m, resp.StatusCode)
		}
	}
	if resp, _ := mara.request("GET", k.URL, k.Token, nil); resp.StatusCode != 405 {
		t.Errorf("GET with a ticket for upload: %d", resp.StatusCode)
	}
}

func TestUploadsThatAreRefused(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	file, content, _ := newFile(1000)
	k := mara.ticket(wire.TicketUpload, file, len(content))
	for _, h := range [][]string{
		{"Upload-Length", "999"}, {"Upload-Length", "1001"}, {"Upload-Length", "-1"}, {"Upload-Length", "+1000"}, {"Upload-Length", ""},
		{"Upload-Length", "1000", "Upload-Defer-Length", "1"}, {"Upload-Defer-Length", "1"},
		{"Upload-Length", "1000", "Upload-Concat", "partial"}, {"Upload-Length", "1000", "Upload-Concat", "final;/files/" + file},
		{"Upload-Length", "1000", "Upload-Metadata", "sha256 eHg="},
	} {
		resp, body := mara.request("POST", wire.PathFiles, k.Token, nil, h...)
		wantStatus(t, resp, body, 400, wire.CodeBadFrame)
	}
	mara.post(k, 1000)
	for _, c := range []struct {
		content []byte
		headers []string
		status  int
	}{
		{append(content, 'x'), []string{"Upload-Offset", "0", "Content-Type", octets}, 413},
		{content, []string{"Upload-Offset", "0", "Content-Type", "text/plain"}, 400},
		{content, []string{"Upload-Offset", "-1", "Content-Type", octets}, 400},
		{content, []string{"Content-Type", octets}, 400},
	} {
		if resp, body := mara.request("PATCH", k.URL, k.Token, bytes.NewReader(c.content), c.headers...); resp.StatusCode != c.status {
			t.Errorf("%v: %d %s", c.headers, resp.StatusCode, body)
		}
	}
	// Chunked, without a length, and too much: no byte above the size is kept.
	mara.request("PATCH", k.URL, k.Token, io.MultiReader(bytes.NewReader(content), strings.NewReader("more")), "Upload-Offset", "0", "Content-Type", octets)
	if n := arrived(r, file); n > 1000 {
		t.Errorf("%d bytes are there", n)
	}
}

func TestTakenBack(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	file, content, _ := newFile(1000)
	k := mara.ticket(wire.TicketUpload, file, len(content))
	mara.post(k, len(content))
	mara.patch(k, 0, content[:500])
	if resp, body := mara.request("DELETE", k.URL, k.Token, nil); resp.StatusCode != 204 {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, _ := mara.request("HEAD", k.URL, k.Token, nil); resp.StatusCode != 404 || exists(r, file) {
		t.Errorf("%d", resp.StatusCode)
	}
	mara.upload(file, content) // and it may begin anew
}

func TestChecksum(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	file, content, sum := newFile(1000)
	announce := func(sum string) []string {
		return []string{"Upload-Metadata", "sha256 " + base64.StdEncoding.EncodeToString([]byte(sum))}
	}
	k := mara.ticket(wire.TicketUpload, file, len(content))
	mara.post(k, len(content), announce(strings.Repeat("0", 64))...)
	resp, body := mara.patch(k, 0, content)
	wantStatus(t, resp, body, statusChecksumMismatch, wire.CodeChecksumMismatch)
	if resp, _ := mara.request("HEAD", k.URL, k.Token, nil); resp.StatusCode != 404 {
		t.Errorf("what arrived wrong was kept: %d", resp.StatusCode)
	}
	mara.post(k, len(content), announce(strings.ToUpper(sum))...)
	if resp, body := mara.patch(k, 0, content); resp.StatusCode != 204 || resp.Header.Get(headerSHA256) != sum {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

// An upload goes on where it was, with another relay on the same folder, and
// the checksum is right although nobody saw all of the bytes pass.
func TestUploadOverRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, stop := startStop(t, Config{Dir: dir})
	mara := join(t, r, "Mara")
	file, content, sum := newFile(2 << 20)
	k := mara.ticket(wire.TicketUpload, file, len(content))
	mara.post(k, len(content))
	mara.patch(k, 0, content[:1<<20])
	stop()
	r = start(t, Config{Dir: dir})
	mara = mara.again(r.URL())
	resp, _ := mara.request("HEAD", k.URL, k.Token, nil) // the ticket is still good
	if resp.Header.Get("Upload-Offset") != strconv.Itoa(1<<20) {
		t.Errorf("%v", resp.Header)
	}
	if resp, body := mara.patch(k, 1<<20, content[1<<20:]); resp.Header.Get(headerSHA256) != sum {
		t.Errorf("%d %s %v", resp.StatusCode, body, resp.Header)
	}
}

// All bytes arrived, and the relay was killed before it noted the end.
func TestFinishedAfterACrash(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	file, content, sum := newFile(1000)
	k := mara.ticket(wire.TicketUpload, file, len(content))
	mara.post(k, len(content))
	if err := os.WriteFile(disk(r).path(file), content, 0o600); err != nil {
		t.Fatal(err)
	}
	if resp, _ := mara.request("HEAD", k.URL, k.Token, nil); resp.Header.Get(headerSHA256) != sum {
		t.Errorf("%v", resp.Header)
	}
	mara.ticket(wire.TicketDownload, file, 0)
}

// The hash that was kept is used again, but only for bytes that are there.
func TestKeptHash(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	for _, kept := range []int{0, 400, 500, 501, 999} {
		file, content, sum := newFile(1000)
		k := mara.ticket(wire.TicketUpload, file, len(content))
		mara.post(k, len(content))
		mara.patch(k, 0, content[:500])
		h := sha256.New()
		h.Write(content[:min(kept, 500)])
		h.Write(make([]byte, max(kept-500, 0))) // of bytes that a crash took
		state, _ := h.(interface{ MarshalBinary() ([]byte, error) }).MarshalBinary()
		if err := r.store.SaveHash(file, int64(kept), state); err != nil {
			t.Fatal(err)
		}
		disk(r).forget(file)
		if resp, _ := mara.patch(k, 500, content[500:]); resp.Header.Get(headerSHA256) != sum {
			t.Errorf("kept %d: %v", kept, resp.Header)
		}
	}
}

// A PATCH whose client stands still does not hold up the one that comes after it.
func TestDeadClient(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	file, content, sum := newFile(1 << 20)
	k := mara.ticket(wire.TicketUpload, file, len(content))
	mara.post(k, len(content))
	body, feed := io.Pipe()
	stuck := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer close(stuck)
		req, _ := http.NewRequestWithContext(ctx, "PATCH", r.URL()+k.URL, body)
		req.ContentLength = int64(len(content))
		for name, v := range map[string]string{"Authorization": "Bearer " + k.Token, "Tus-Resumable": "1.0.0", "Content-Type": octets, "Upload-Offset": "0"} {
			req.Header.Set(name, v)
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	feed.Write(content[:1000]) // and then nothing more
	deadline := time.Now().Add(within)
	for arrived(r, file) < 1000 {
		if time.Now().After(deadline) {
			t.Fatal("nothing arrived")
		}
		time.Sleep(time.Millisecond)
	}
	resp, _ := mara.request("HEAD", k.URL, k.Token, nil)
	offset, _ := strconv.Atoi(resp.Header.Get("Upload-Offset"))
	if resp.StatusCode != 200 || offset < 1000 {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	if resp, body := mara.patch(k, offset, content[offset:]); resp.Header.Get(headerSHA256) != sum {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	cancel()
	feed.Close()
	<-stuck
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	file, content, _ := newFile(1000)
	k := mara.ticket(wire.TicketUpload, file, len(content))
	free := disk(r).free
	disk(r).free = func(string) (int64, error) { return minFree + 999, nil }
	other, _, _ := newFile(0)
	mara.refused(wire.CodeStorageFull, &wire.TicketRequest{Purpose: wire.TicketUpload, File: other, Size: 1000})
	resp, body := mara.post(k, len(content))
	wantStatus(t, resp, body, 507, wire.CodeStorageFull)
	mara.send(mara.self(), "m", "words still go")
	disk(r).free = free
	mara.post(k, len(content))
	// The disk fills up while the bytes come.
	path := disk(r).path(file)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	resp, body = mara.patch(k, 0, content)
	wantStatus(t, resp, body, 507, wire.CodeStorageFull)
	// And there is room again.
	os.Remove(path)
	resp, body = mara.patch(k, 0, content)
	wantStatus(t, resp, body, 204, "")
}

func disk(r *Relay) *folder { return r.uploads.keeper.(*folder) }

// arrived is how much of a file is on the disk.
func arrived(r *Relay, file string) int64 { return disk(r).there(store.File{ID: file}) }

func exists(r *Relay, file string) bool {
	_, err := os.Stat(disk(r).path(file))
	return err == nil
}

func TestSweep(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Metrics: "127.0.0.1:0"})
	mara := join(t, r, "Mara")
	unfinished, content, _ := newFile(1000)
	k := mara.ticket(wire.TicketUpload, unfinished, len(content))
	mara.post(k, len(content))
	mara.patch(k, 0, content[:10])
	unreferenced, content, _ := newFile(1000)
	mara.upload(unreferenced, content)
	sent, content, _ := newFile(1000)
	mara.upload(sent, content)
	mara.send(mara.self(), "m", "x", sent)
	unknown := filepath.Join(disk(r).dir, "ab", strings.Repeat("ab", 16))
	os.MkdirAll(filepath.Dir(unknown), 0o700)
	os.WriteFile(unknown, []byte("x"), 0o600)

	all := []string{unfinished, unreferenced, sent, filepath.Base(unknown)}
	for _, c := range []struct {
		after time.Duration
		want  map[string]bool
	}{
		{time.Hour, map[string]bool{all[0]: true, all[1]: true, all[2]: true, all[3]: true}},
		{25 * time.Hour, map[string]bool{all[1]: true, all[2]: true}},
		{8 * 24 * time.Hour, map[string]bool{all[2]: true}},
		{1000 * 24 * time.Hour, map[string]bool{all[2]: true}},
	} {
		if err := r.sweepOnce(t.Context(), time.Now().Add(c.after)); err != nil {
			t.Fatal(err)
		}
		for _, id := range all {
			if exists(r, id) != c.want[id] {
				t.Errorf("after %v: %s is there: %v", c.after, id, !c.want[id])
			}
		}
	}
	for _, what := range []string{sweptUnfinished, sweptUnreferenced, sweptUnknown} {
		scraped(t, r, `satchel_relay_swept_files_total{what="`+what+`"}`, 1)
	}
	if resp, _ := mara.request("HEAD", k.URL, k.Token, nil); resp.StatusCode != 404 {
		t.Errorf("%d", resp.StatusCode)
	}
	mara.refused(wire.CodeNotFound, &wire.Send{Conversation: mara.self(), Message: "late", Files: []string{unreferenced}})
}
