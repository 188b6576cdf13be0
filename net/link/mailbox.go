package link

import (
	"context"
	"crypto/ed25519"
	"errors"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/wire"
)

// Mailbox is a connection of a device that belongs to no account yet: it carries
// the messages of linking and nothing else. One goroutine reads, one keeps the
// connection alive; Close waits for both.
type Mailbox struct {
	code   string
	relay  string
	socket *websocket.Conn
	events chan MailboxEvent
	gone   chan struct{}
	once   sync.Once
	wg     sync.WaitGroup
	mu     sync.Mutex // one Send at a time
}

// MailboxEvent is what came: a message, or the end.
type MailboxEvent struct {
	Body   []byte
	Closed bool   // nothing follows
	Reason string // one sentence, when it failed
	Lost   bool   // the connection ended without a word
}

// JoinMailbox comes to the mailbox with this code at the relay with base URL
// url. key pins the relay's; "" takes the one that it proves to have. The error
// is a *Failure.
func JoinMailbox(ctx context.Context, url, key, code string) (*Mailbox, error) {
	m := &Mailbox{code: code, events: make(chan MailboxEvent, wire.MaxLinkFrames), gone: make(chan struct{})}
	socket, failure := open(ctx, url, key, func(socket *websocket.Conn) error {
		challenge, public, err := challenged(socket, url, key)
		if err != nil {
			return err
		}
		join := &wire.JoinLink{Header: wire.Header{ID: "join"}, Code: code, Nonce: wire.NewNonce()}
		if err := write(socket, join); err != nil {
			return err
		}
		joined, err := readAs[*wire.LinkJoined](socket)
		if err != nil {
			return err
		}
		proof, err := wire.UnB64(joined.Proof)
		if err != nil || !ed25519.Verify(public, wire.LinkText(challenge, join), proof) {
			return stranger(errors.New("the relay's proof does not verify"))
		}
		m.relay = challenge.Relay
		return nil
	})
	if failure != nil {
		return nil, failure
	}
	m.socket = socket
	socket.SetReadLimit(4 * wire.MaxLinkMessage)
	m.wg.Go(m.read)
	m.wg.Go(m.beat)
	return m, nil
}

// Relay is the relay's public key, base64url: it proved to have it.
func (m *Mailbox) Relay() string { return m.relay }

// Events tells what comes, in order. It is closed after the end.
func (m *Mailbox) Events() <-chan MailboxEvent { return m.events }

// Send hands a message to the other device.
func (m *Mailbox) Send(body []byte) error {
	return m.write(&wire.LinkMessage{Header: wire.Header{ID: "m"}, Code: m.code, Body: body})
}

// Close ends the linking and waits for both goroutines. reason is a sentence
// for the other device's person, "" when nothing failed.
func (m *Mailbox) Close(reason string) {
	_ = m.write(&wire.CloseLink{Header: wire.Header{ID: "c"}, Code: m.code, Reason: reason}) // the relay sees the connection end, too
	m.end()
	hangUp(m.socket)
	m.wg.Wait()
}

func (m *Mailbox) end() { m.once.Do(func() { close(m.gone) }) }

func (m *Mailbox) write(f wire.Frame) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.socket.SetWriteDeadline(time.Now().Add(wire.WriteTimeout))
	return write(m.socket, f)
}

func (m *Mailbox) read() {
	defer close(m.events)
	defer m.end()
	m.socket.SetPongHandler(func(string) error {
		return m.socket.SetReadDeadline(time.Now().Add(wire.HeartbeatLost))
	})
	var said string
	for {
		m.socket.SetReadDeadline(time.Now().Add(wire.HeartbeatLost))
		kind, b, err := m.socket.ReadMessage()
		if err != nil {
			m.tell(MailboxEvent{Closed: true, Reason: said, Lost: said == ""})
			return
		}
		if kind != websocket.TextMessage {
			continue
		}
		frame, err := wire.Decode(b)
		if err != nil {
			continue // a later relay may say more
		}
		switch f := frame.(type) {
		case *wire.LinkMessage:
			m.tell(MailboxEvent{Body: f.Body})
		case *wire.CloseLink:
			m.tell(MailboxEvent{Closed: true, Reason: f.Reason})
			return
		case *wire.Error:
			said = f.Message
		}
	}
}

func (m *Mailbox) tell(e MailboxEvent) {
	select {
	case m.events <- e:
	case <-m.gone:
	}
}

// beat keeps the connection while two people look at their screens.
func (m *Mailbox) beat() {
	heartbeat := time.NewTicker(wire.HeartbeatEvery)
	defer heartbeat.Stop()
	for {
		select {
		case <-heartbeat.C:
			_ = m.socket.WriteControl(websocket.PingMessage, nil, time.Now().Add(wire.WriteTimeout)) // read sees the end
		case <-m.gone:
			return
		}
	}
}

// write writes one frame.
func write(socket *websocket.Conn, f wire.Frame) error {
	b, err := wire.Encode(f)
	if err != nil {
		return err
	}
	return socket.WriteMessage(websocket.TextMessage, b)
}
