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
	new     linkEnd             // nil: nobody came yet
	waiting []*wire.LinkMessage // for new
	frames  int
	expires *time.Timer
}

func (m *mailboxes) init() {
	m.codes, m.accounts = map[string]*mailbox{}, map[string]*mailbox{}
}

// count is how many there are now.
func (m *mailboxes) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.codes)
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

// join brings a new device to the mailbox, once. It calls found before what
// waits there is queued for it.
func (m *mailboxes) join(c linkEnd, code string, found func()) *wire.Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.codes[code]
	if b == nil || b.new != nil {
		return errLink
	}
	b.new = c
	found()
	for _, f := range b.waiting {
		c.pushFrame(f)
	}
	b.waiting = nil
	return nil
}

// pass hands a message to the other side.
func (m *mailboxes) pass(from linkEnd, f *wire.LinkMessage) *wire.Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.codes[f.Code]
	if b == nil || !b.has(from) {
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
func (m *mailboxes) end(from linkEnd, f *wire.CloseLink) *wire.Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.codes[f.Code]
	if b == nil || !b.has(from) {
		return errLink
	}
	if f.ID != "" {
		from.pushFrame(&wire.OK{Header: wire.Header{Re: f.ID}})
	}
	m.close(b, from, f.Reason)
	return nil
}

// leave closes the mailbox of a connection that is gone: that with a code, or
// the one that its account has.
func (m *mailboxes) leave(from linkEnd, code string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.codes[code]
	if c, ok := from.(*conn); ok && code == "" {
		b = m.accounts[c.account.ID]
	}
	if b != nil && b.has(from) {
		m.close(b, from, "The other device is gone. Begin again with a new code.")
	}
}

// has tells whether this is one of the two sides.
func (b *mailbox) has(side linkEnd) bool { return side == linkEnd(b.old) || side == b.new }

// close tells both sides, but the one by which it ends. It is called with mu
// held, and may be called again.
func (m *mailboxes) close(b *mailbox, by linkEnd, reason string) {
	if m.codes[b.code] != b {
		return
	}
	b.expires.Stop()
	delete(m.codes, b.code)
	delete(m.accounts, b.old.account.ID)
	f := &wire.CloseLink{Code: b.code, Reason: reason}
	if linkEnd(b.old) != by {
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

func (c *conn) linkMessage(f *wire.LinkMessage) *wire.Error { return c.relay.mailboxes.carry(c, f) }

func (c *conn) closeLink(f *wire.CloseLink) *wire.Error { return c.relay.mailboxes.carry(c, f) }

// carry does what one side of a mailbox asks, and answers unless it returns an error.
func (m *mailboxes) carry(from linkEnd, f wire.Frame) *wire.Error {
	switch f := f.(type) {
	case *wire.LinkMessage:
		if len(f.Body) > wire.MaxLinkMessage {
			return wire.NewError(wire.CodeTooLarge, "A message between two devices has 4 KiB at most.", false)
		}
		if e := m.pass(from, f); e != nil {
			return e
		}
		if f.ID != "" {
			from.pushFrame(&wire.OK{Header: wire.Header{Re: f.ID}})
		}
		return nil
	case *wire.CloseLink:
		if len(f.Reason) > maxReason {
			return wire.NewError(wire.CodeTooLarge, "A reason has 300 bytes at most.", false)
		}
		return m.end(from, f)
	}
	return errLinkOnly
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
	e := r.mailboxes.join(c, f.Code, func() {})
	if e != nil {
		e = r.joinElsewhere(c, f.Code)
	}
	if e != nil {
		return refuse(e)
	}
	c.linking = f.Code
	return b, nil
}

// handleLink carries out one frame of a connection that came to a mailbox.
func (c *conn) handleLink(f wire.Frame) {
	switch f.(type) {
	case *wire.LinkMessage, *wire.CloseLink:
		if c.visit != nil {
			c.forward(f)
			return
		}
	}
	if e := c.relay.mailboxes.carry(c, f); e != nil {
		c.reply(answer(e, f.Meta().ID))
	}
}
