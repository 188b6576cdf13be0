package relay

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"satchel/net/relay/store"
	"satchel/net/seal"
	"satchel/net/wire"
)

// raw sends a request as it stands, which net/http's client would not, and
// returns its answer.
func raw(t *testing.T, r *Relay, head ...string) (*http.Response, string) {
	t.Helper()
	c, err := net.Dial("tcp", r.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(within))
	if _, err := io.WriteString(c, strings.Join(append(head, "Host: relay", "Connection: close", "", ""), "\r\n")); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(head[0], " ")
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", head, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%q: %v", head, err)
	}
	return resp, string(b)
}

// lies are the files in a folder, by name.
func lies(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Ways out of a folder, as they may stand in a URL.
var waysOut = []string{
	"../secret", "..%2fsecret", "%2e%2e/secret", "%2e%2e%2fsecret", "%2E%2E%2Fsecret", "..%5csecret", `..\secret`, "..%255csecret", "%252e%252e%252fsecret",
	"./../secret", "../../secret", "....//secret", "..;/secret", "..%00/secret", "..%c0%afsecret", "%c0%ae%c0%ae/secret", "..%u2215secret", "%uff0e%uff0e/secret",
	"//secret", "%2fsecret", "secret%00", "ID/../secret", "ID/..%2f..%2fsecret", "ID%2f..%2f..%2f..%2fsecret", "ID%00", "ID/", "ID.info", "ID%20", "ID%0d%0aX-Evil:%201",
	"AB/ID", "AB%2fID", "%2e", "%2e%2e", "~root", "file:///etc/passwd", "C:%5csecret", "%5c%5chost%5cshare",
}

// No request reaches anything but the file that its ticket is for, however its path is written.
func TestAttackPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, Config{Dir: dir})
	mara := join(t, r, "Mara")
	const canary = "this is nobody's file"
	for _, where := range []string{filepath.Join(dir, "secret"), filepath.Join(disk(r).dir, "secret")} {
		if err := os.WriteFile(where, []byte(canary), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	whole, content, _ := newFile(100)
	mara.upload(whole, content)
	begun, _, _ := newFile(0)
	up := mara.ticket(wire.TicketUpload, begun, 1000)
	mara.post(up, 1000)
	down := mara.ticket(wire.TicketDownload, whole, 0)
	before := lies(t, dir)
	for _, way := range waysOut {
		for _, k := range []*wire.Ticket{up, down} {
			id := strings.TrimPrefix(k.URL, wire.PathFiles)
			path := wire.PathFiles + strings.NewReplacer("ID", id, "AB", id[:2]).Replace(way)
			for n, method := range []string{"GET", "HEAD", "PATCH", "DELETE", "POST"} {
				// By path, as a whole URL, with an id beside it.
				for _, target := range []string{path, "http://relay" + path, path + "?file=" + id}[:max(1, 3-2*n)] {
					resp, body := raw(t, r, method+" "+target+" HTTP/1.1", "Authorization: Bearer "+k.Token, "Tus-Resumable: 1.0.0",
						"Upload-Offset: 0", "Upload-Length: 1000", "Content-Type: "+octets, "Content-Length: 0")
					if resp.StatusCode < 300 || resp.StatusCode >= 500 || strings.Contains(body, canary) || resp.Header.Get("X-Evil") != "" {
						t.Errorf("%s %s: %d %s", method, target, resp.StatusCode, body)
					}
				}
			}
		}
	}
	if after := lies(t, dir); !slices.Equal(before, after) {
		t.Errorf("%v, and now %v", before, after)
	}
	// In a ticket's own field, the id is no path either.
	for _, id := range []string{"../secret", "..", "/etc/passwd", "a/b", `..\..\secret`, "%2e%2e%2fsecret", begun[:31] + "/", begun + "\x00", begun + ".info", "ａ" + begun[1:], "\u202e" + begun[1:]} {
		mara.refused(wire.CodeBadFrame, &wire.TicketRequest{Purpose: wire.TicketDownload, File: id})
		mara.refused(wire.CodeBadFrame, &wire.TicketRequest{Purpose: wire.TicketUpload, File: id, Size: 1})
		mara.refused(wire.CodeNotFound, &wire.Send{Conversation: mara.self(), Message: "m", Files: []string{id}})
	}
}

// Names that an upload brings are neither used nor kept nor told.
func TestAttackNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, Config{Dir: dir})
	mara := join(t, r, "Mara")
	for _, name := range []string{"../../evil", "/etc/evil", `..\evil`, "evil\x00.txt", "evil\r\nX-Evil: 1", "evil\x1b[2J", "evil\u202egnp.exe", "CON", "evil:stream", strings.Repeat("evil", 400)} {
		file, content, _ := newFile(10)
		k := mara.ticket(wire.TicketUpload, file, len(content))
		meta := base64.StdEncoding.EncodeToString([]byte(name))
		resp, body := mara.post(k, len(content), "Upload-Metadata", "filename "+meta+",filetype "+meta+",relativePath "+meta+",name "+meta)
		if resp.StatusCode != 201 || !strings.HasSuffix(resp.Header.Get("Location"), k.URL) {
			t.Errorf("%.40q: %d %s %v", name, resp.StatusCode, body, resp.Header)
		}
		mara.patch(k, 0, content)
		d := mara.ticket(wire.TicketDownload, file, 0)
		resp, body = mara.request("GET", d.URL, d.Token, nil)
		if h := fmt.Sprint(resp.Header); body != string(content) || resp.Header.Get("Content-Disposition") != "attachment" || strings.Contains(h, "vil") {
			t.Errorf("%q: %s", name, h)
		}
	}
	for _, path := range lies(t, dir) {
		if strings.Contains(path, "evil") {
			t.Error(path)
		}
	}
	// The names of people are shown, so they are bounded, and have nothing that hides or breaks a line.
	for _, name := range []string{"", " \t", "a\x00b", "a\x1b[31mb", "a\u202eb", "a\u2066b", "a\u200bb", "\ufeffa", "a\ufffe", strings.Repeat("x", wire.MaxName+1)} {
		link, err := r.Invite(t.Context(), 1, time.Hour)
		if _, e := connect(t, r.URL(), newIdentity(t), code(t, link, err), name); e == nil || e.Code != wire.CodeNameInvalid {
			t.Errorf("%q: %+v", name, e)
		}
	}
}

// An upload has the bytes that its ticket was asked for, and belongs to who began it.
func TestAttackUploads(t *testing.T) {
	t.Parallel()
	r, elsewhere := start(t, Config{}), start(t, Config{})
	mara, eve, far := join(t, r, "Mara"), join(t, r, "Eve"), join(t, elsewhere, "Eve")
	file, content, sum := newFile(1000)
	// Eve asks for a ticket for the same id, before Mara begins: there is no other way to one.
	early := eve.ticket(wire.TicketUpload, file, len(content))
	larger := eve.ticket(wire.TicketUpload, file, 1<<20)
	k := mara.ticket(wire.TicketUpload, file, len(content))
	mara.post(k, len(content))
	mara.patch(k, 0, content[:500])
	own, _, _ := newFile(0)
	other := eve.ticket(wire.TicketUpload, own, len(content))
	eve.post(other, len(content))
	download, _, _ := newFile(0)
	eve.upload(download, content)
	tokens := map[string]string{
		"a ticket for the same id":    early.Token,
		"one for more bytes":          larger.Token,
		"a ticket for her own upload": other.Token,
		"a ticket for download":       eve.ticket(wire.TicketDownload, download, 0).Token,
		"a ticket of another relay":   far.ticket(wire.TicketUpload, file, len(content)).Token,
		"two tickets":                 early.Token + " " + k.Token,
		"a ticket with a letter more": k.Token + "A",
		"a ticket's head and claims":  k.Token[:strings.LastIndexByte(k.Token, '.')+1],
	}
	for name, token := range tokens {
		for _, as := range [][]string{{"PATCH"}, {"HEAD"}, {"DELETE"}, {"GET"}, {"PUT"}, {"OPTIONS"}, {"POST", "X-HTTP-Method-Override", "PATCH"}, {"POST", "X-HTTP-Method-Override", "DELETE"},
			{"POST", "X-HTTP-Method-Override", "HEAD"}, {"POST", "x-http-method-override", "delete"}, {"GET", "X-HTTP-Method-Override", "PATCH"}, {"POST", "X-HTTP-Method", "DELETE"}, {"POST", "X-Method-Override", "DELETE"}} {
			headers := append([]string{"Content-Type", octets, "Upload-Offset", "500", "Upload-Length", "1000"}, as[1:]...)
			if resp, body := eve.request(as[0], k.URL, token, bytes.NewReader(content[500:]), headers...); as[0] == "OPTIONS" && resp.StatusCode == 200 {
				continue // what the server speaks is no secret
			} else if resp.StatusCode < 400 || resp.StatusCode >= 500 || resp.Header.Get("Upload-Offset") != "" {
				t.Errorf("%s: %v: %d %s %v", name, as, resp.StatusCode, body, resp.Header)
			}
		}
		if resp, _ := mara.request("HEAD", k.URL, k.Token, nil); resp.Header.Get("Upload-Offset") != "500" {
			t.Fatalf("%s: it has %s bytes", name, resp.Header.Get("Upload-Offset"))
		}
	}
	// A token somewhere else than in its header is none.
	for _, target := range []string{k.URL + "?token=" + k.Token, k.URL + "?access_token=" + k.Token} {
		if resp, _ := eve.request("HEAD", target, "", nil, "Cookie", "token="+k.Token); resp.StatusCode != 401 {
			t.Errorf("%s: %d", target, resp.StatusCode)
		}
	}
	// More than the ticket says: with a length, without one, from an offset in front or behind.
	more := append(slices.Clone(content[500:]), "more"...)
	for name, c := range map[string]struct {
		body    io.Reader
		headers []string
	}{
		"with a length":    {bytes.NewReader(more), []string{"Upload-Offset", "500"}},
		"behind the end":   {bytes.NewReader(more), []string{"Upload-Offset", "1000"}},
		"far behind it":    {bytes.NewReader(more), []string{"Upload-Offset", strconv.FormatInt(1<<62, 10)}},
		"before the end":   {bytes.NewReader(more), []string{"Upload-Offset", "499"}},
		"at the beginning": {bytes.NewReader(content), []string{"Upload-Offset", "0"}},
		"nowhere":          {bytes.NewReader(more), []string{"Upload-Offset", "-9223372036854775808"}},
		"at two places":    {bytes.NewReader(more), []string{"Upload-Offset", "500,0"}},
	} {
		if resp, body := mara.request("PATCH", k.URL, k.Token, c.body, append(c.headers, "Content-Type", octets)...); resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
	}
	if resp, body := eve.request("POST", wire.PathFiles, larger.Token, nil, "Upload-Length", strconv.Itoa(1<<20)); resp.StatusCode != 409 {
		t.Errorf("another begins it anew with more: %d %s", resp.StatusCode, body)
	}
	mara.refused(wire.CodeConflict, &wire.TicketRequest{Purpose: wire.TicketUpload, File: file, Size: 1001})
	// Mara's own goes on, and is what she sent.
	resp, body := mara.patch(k, 500, content[500:])
	wantStatus(t, resp, body, 204, "")
	if resp.Header.Get(headerSHA256) != sum || disk(r).there(store.File{ID: file}) != 1000 {
		t.Errorf("%v", resp.Header)
	}
	eve.refused(wire.CodeNotFound, &wire.TicketRequest{Purpose: wire.TicketDownload, File: file})
}

// Somebody begins uploads and sends no byte of them: what they reserve is counted
// as theirs, ends at their quota, and takes nothing from others.
func TestAttackReserve(t *testing.T) {
	r := start(t, Config{Quota: store.Quota{Account: 10_000, Total: 30_000}})
	eve, mara := join(t, r, "Eve"), join(t, r, "Mara")
	var held []*wire.Ticket
	for range 2 {
		id, _, _ := newFile(0)
		k := eve.ticket(wire.TicketUpload, id, 4000)
		for range 3 { // again and again is the same one
			eve.post(k, 4000)
		}
		held = append(held, k)
	}
	// A ticket is no place: of three that were given in time, the first takes what is left.
	var late []*wire.Ticket
	for range 3 {
		id, _, _ := newFile(0)
		late = append(late, eve.ticket(wire.TicketUpload, id, 2000))
	}
	for i, k := range late {
		resp, body := eve.post(k, 2000)
		if i == 0 {
			wantStatus(t, resp, body, 201, "")
		} else {
			wantStatus(t, resp, body, 507, wire.CodeQuotaExceeded)
		}
	}
	one, _, _ := newFile(0)
	eve.refused(wire.CodeQuotaExceeded, &wire.TicketRequest{Purpose: wire.TicketUpload, File: one, Size: 1})
	// Nor by a message that names them, a second device, or another size.
	eve.refused(wire.CodeNotFound, &wire.Send{Conversation: eve.self(), Message: "m", Files: []string{strings.TrimPrefix(held[0].URL, wire.PathFiles)}})
	eve.refused(wire.CodeConflict, &wire.TicketRequest{Purpose: wire.TicketUpload, File: strings.TrimPrefix(held[0].URL, wire.PathFiles), Size: 1})
	eve.second(seal.Computer).refused(wire.CodeQuotaExceeded, &wire.TicketRequest{Purpose: wire.TicketUpload, File: one, Size: 1})
	if used, err := r.store.Space(eve.account); used != 10_000 || err != nil {
		t.Errorf("%d bytes are Eve's %v", used, err)
	}
	file, content, _ := newFile(10_000)
	mara.upload(file, content)
	// What is given up is free again, once.
	for range 2 {
		eve.request("DELETE", held[0].URL, held[0].Token, nil)
	}
	if used, err := r.store.Space(eve.account); used != 6000 || err != nil {
		t.Errorf("%d bytes are Eve's %v", used, err)
	}
}
