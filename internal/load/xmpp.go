package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// xmpp is a client that asks for an acknowledgement of every message. It reads
// tags and no more: what is sent here has no < in its text.
type xmpp struct {
	conn net.Conn
	in   *bufio.Reader

	got   int // messages that came; this and the next two are the reading goroutine's
	until int // number of the last message that the server acknowledged
	acked int // number of the last of which that was told

	mu   sync.Mutex // guards what follows, and writing
	sent []string   // messages that were not acknowledged
}

func jid(n int) string { return fmt.Sprintf("u%d@localhost/r", n) }

// prosodyAccounts writes accounts as its store has them.
func prosodyAccounts(dir string) error {
	folder := filepath.Join(dir, "localhost", "accounts")
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for n := range 2 * pairs {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("u%d.dat", n)), []byte(`return { ["password"] = "p"; };`+"\n"), 0o666); err != nil {
			return err
		}
	}
	return nil
}

func connectXMPP(address string, n int) (line, error) {
	conn, err := net.DialTimeout("tcp", address, within)
	if err != nil {
		return nil, err
	}
	x := &xmpp{conn: conn, in: bufio.NewReaderSize(conn, 4<<10)}
	conn.SetDeadline(time.Now().Add(within))
	const open = `<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`
	user := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "\x00u%d\x00p", n))
	for _, step := range [][2]string{
		{open, "</stream:features>"},
		{"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" + user + "</auth>", "<success "},
		{open, "</stream:features>"},
		{"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>", "</iq>"},
		{"<enable xmlns='urn:xmpp:sm:3'/>", "<enabled "},
	} {
		if _, err = conn.Write([]byte(step[0])); err == nil {
			err = x.expect(step[1])
		}
		if err != nil {
			conn.Close()
			return nil, fmt.Errorf("xmpp: %w", err)
		}
	}
	conn.SetDeadline(time.Time{})
	return x, nil
}

// tag reads up to the end of the next tag, which it returns; text before it is passed over.
func (x *xmpp) tag() ([]byte, error) {
	for {
		b, err := x.in.ReadSlice('>')
		if errors.Is(err, bufio.ErrBufferFull) {
			continue // of a long text
		}
		if err != nil {
			return nil, err
		}
		if i := bytes.LastIndexByte(b, '<'); i >= 0 {
			return b[i:], nil
		}
	}
}

func (x *xmpp) expect(want string) error {
	for {
		b, err := x.tag()
		if err != nil {
			return err
		}
		if bytes.HasPrefix(b, []byte(want)) {
			return nil
		}
		if bytes.HasPrefix(b, []byte("<failure")) || bytes.HasPrefix(b, []byte("<stream:error")) || bytes.HasPrefix(b, []byte("<failed")) {
			return fmt.Errorf("%s instead of %s", b, want)
		}
	}
}

// attribute returns the value of one in a tag.
func attribute(tag []byte, name string) []byte {
	for _, quote := range []byte(`'"`) {
		_, rest, ok := bytes.Cut(tag, append([]byte(" "+name+"="), quote))
		if ok {
			value, _, _ := bytes.Cut(rest, []byte{quote})
			return value
		}
	}
	return nil
}

func (x *xmpp) send(to, message, body string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.sent = append(x.sent, message)
	_, err := x.conn.Write([]byte("<message to='" + to + "' type='chat' id='" + message + "'><body>" + body + "</body></message><r xmlns='urn:xmpp:sm:3'/>"))
	return err
}

func (x *xmpp) next() (happened, error) {
	for {
		x.mu.Lock()
		if x.acked < x.until && len(x.sent) > 0 {
			message := x.sent[0]
			x.sent = x.sent[1:]
			x.acked++
			x.mu.Unlock()
			return happened{kind: acknowledged, message: []byte(message)}, nil
		}
		x.mu.Unlock()
		b, err := x.tag()
		if err != nil {
			return happened{}, err
		}
		switch {
		case bytes.HasPrefix(b, []byte("<message ")):
			x.got++
			if string(attribute(b, "type")) == "error" {
				return happened{kind: refused}, nil
			}
			return happened{kind: delivered, message: bytes.Clone(attribute(b, "id"))}, nil
		case bytes.HasPrefix(b, []byte("<a ")):
			if x.until, err = strconv.Atoi(string(attribute(b, "h"))); err != nil {
				return happened{}, err
			}
		case bytes.HasPrefix(b, []byte("<r ")):
			x.mu.Lock()
			_, err := fmt.Fprintf(x.conn, "<a xmlns='urn:xmpp:sm:3' h='%d'/>", x.got)
			x.mu.Unlock()
			if err != nil {
				return happened{}, err
			}
		}
	}
}

func (x *xmpp) socket() net.Conn { return x.conn }
