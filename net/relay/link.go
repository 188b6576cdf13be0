package relay

import (
	"crypto/ed25519"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/seal"
	"satchel/net/wire"
)

// maxMailboxes is how many linkings may be under way at once.
const maxMailboxes = 10000

// maxReason is how long a reason for the end of a linking may be, in bytes.
const maxReason = 300

var (
	errLink     = wire.NewError(wire.CodeLinkInvalid, "No device waits for this code: it was mistyped, used already, or is too old. Make a new one on the other device.", false)
	errLinkOnly = wire.NewError(wire.CodeForbidden, "This connection is for linking a device and nothing else.", false)
	errLinkLong = wire.NewError(wire.CodeTooLarge, "The linking took more messages than it may, so it ended. Begin again with a new code.", false)
)

// mailboxes are where a device that belongs to an account meets one that does
// not yet. They live in memory, and nothing of them is logged.
type mailboxes struct {
	mu       sync.Mutex
	codes    map[string]*mailbox
	accounts map[string]*mailbox
}

// mailbox is one linking. Its fields are guarded by mailboxes.mu.
type mailbox struct {
	code    string
	old     *conn
	new     *conn               // nil: nobody came yet
	waiting []*wire.LinkMessage // for new
	frames  int
	expires *time.Timer
}

func (m *mailboxes) init() {
	m.codes, m.accounts = map[string]*mailbox{}, map[string]*mailbox{}
}

// open makes a mailbox; the account's other one closes.
func (m *mailboxes) open(c *conn, code string, expires time.Duration) *wire.Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b := m.accounts[c.account.ID]; b != nil {
		m.close(b, nil, "Another linking was begun.")
	}
	if m.codes[code] != nil {
		return wire.NewError(wire.CodeConflict, "This code is in use. Make another one.", false)
	}
	if len(m.codes) >= maxMailboxes {
		return errRate
	}
	b := &mailbox{code: code, old: c}
	b.expires = time.AfterFunc(expires, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.close(b, nil, "The code is too old. Make a new one.")
	})
	m.codes[code], m.accounts[c.account.ID] = b, b
	return nil
}

// join brings a new device to the mailbox, once. What waits there is queued for it.
func (m *mailboxes) join(c *conn, code string) *wire.Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.codes[code]
	if b == nil || b.new != nil {
		return errLink
	}
	b.new = c
	for _, f := range b.waiting {
		c.pushFrame(f)
	}
	b.waiting = nil
	return nil
}

// pass hands a message to the other side.
func (m *mailboxes) pass(from *conn, f *wire.LinkMessage) *wire.Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.codes[f.Code]
	if b == nil || from != b.old && from != b.new {
		return errLink
	}
	if b.frames++; b.frames > wire.MaxLinkFrames {
		m.close(b, nil, errLinkLong.Message)
		return errLinkLong
	}
	news := &wire.LinkMessage{Code: f.Code, Body: f.Body}
	switch {
	case from == b.new:
		b.old.pushFrame(news)
	case b.new != nil:
		b.new.pushFrame(news)
	default:
		b.waiting = append(b.waiting, news)
	}
	return nil
}

// end closes a mailbox for one of its sides, which is answered first: its
// connection may end with the mailbox.
func (m *mailboxes) end(from *conn, f *wire.CloseLink) *wire.Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.codes[f.Code]
	if b == nil || from != b.old && from != b.new {
		return errLink
	}
	if f.ID != "" {
		from.pushFrame(&wire.OK{Header: wire.Header{Re: f.ID}})
	}
	m.close(b, from, f.Reason)
	return nil
}

// leave closes the mailbox of a connection that is gone.
func (m *mailboxes) leave(c *conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.accounts[c.account.ID]
	if c.linking != "" {
		b = m.codes[c.linking]
	}
	if b != nil && (b.old == c || b.new == c) {
		m.close(b, c, "The other device is gone. Begin again with a new code.")
	}
}

// close tells both sides, but the one by which it ends. It is called with mu
// held, and may be called again.
func (m *mailboxes) close(b *mailbox, by *conn, reason string) {
	if m.codes[b.code] != b {
		return
	}
	b.expires.Stop()
	delete(m.codes, b.code)
	delete(m.accounts, b.old.account.ID)
	f := &wire.CloseLink{Code: b.code, Reason: reason}
	if b.old != by {
		b.old.pushFrame(f)
	}
	if b.new == nil {
		return
	}
	if b.new != by {
		b.new.pushFrame(f)
	}
	b.new.end(nil, websocket.CloseNormalClosure)
}

func (c *conn) openLink(f *wire.OpenLink) *wire.Error {
	if code, err := seal.ParseLinkCode(f.Code); err != nil || string(code) != f.Code {
		return wire.NewError(wire.CodeBadFrame, "A code for linking has ten letters and digits.", false)
	}
	if e := c.relay.mailboxes.open(c, f.Code, c.relay.limits.link); e != nil {
		return e
	}
	c.ok(f.ID)
	return nil
}

func (c *conn) linkMessage(f *wire.LinkMessage) *wire.Error {
	if len(f.Body) > wire.MaxLinkMessage {
		return wire.NewError(wire.CodeTooLarge, "A message between two devices has 4 KiB at most.", false)
	}
	if e := c.relay.mailboxes.pass(c, f); e != nil {
		return e
	}
	c.ok(f.ID)
	return nil
}

func (c *conn) closeLink(f *wire.CloseLink) *wire.Error {
	if len(f.Reason) > maxReason {
		return wire.NewError(wire.CodeTooLarge, "A reason has 300 bytes at most.", false)
	}
	return c.relay.mailboxes.end(c, f)
}

// joinLink brings a connection that has said nothing else to its mailbox, and
// returns the answer, encoded.
func (c *conn) joinLink(f *wire.JoinLink) ([]byte, *ending) {
	r := c.relay
	refuse := func(e *wire.Error) ([]byte, *ending) {
		return nil, &ending{answer(e, f.ID), websocket.ClosePolicyViolation}
	}
	if nonce, err := wire.UnB64(f.Nonce); err != nil || len(nonce) != 32 {
		return refuse(errNonce)
	}
	if !r.gates.links.allow(c.address) {
		return refuse(errRate)
	}
	b, err := wire.Encode(&wire.LinkJoined{Header: wire.Header{Re: f.ID}, Proof: wire.B64(ed25519.Sign(r.key, wire.LinkText(c.challenge, f)))})
	if err != nil {
		return refuse(errInternal)
	}
	if e := r.mailboxes.join(c, f.Code); e != nil {
		return refuse(e)
	}
	c.linking = f.Code
	return b, nil
}

// handleLink carries out one frame of a connection that came to a mailbox.
func (c *conn) handleLink(f wire.Frame) {
	re := f.Meta().ID
	var e *wire.Error
	switch f := f.(type) {
	case *wire.LinkMessage:
		e = c.linkMessage(f)
	case *wire.CloseLink:
		e = c.closeLink(f)
	default:
		e = errLinkOnly
	}
	if e != nil {
		c.reply(answer(e, re))
	}
}
