package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/seal"
	"satchel/net/wire"
)

// within bounds every answer that is waited for.
const within = 30 * time.Second

// person is an account with one device.
type person struct {
	device *seal.Device
	chain  *seal.Account
	first  []byte
	name   string
}

func newPerson(name string) (*person, error) {
	d := seal.NewDevice(seal.Computer)
	a, first, _, err := seal.NewAccount(d, "laptop", time.Now())
	return &person{d, a, first, name}, err
}

func (p *person) author() seal.Author { return seal.Author{Account: p.chain, Device: p.device} }

func (p *person) id() string { return string(p.chain.ID()) }

// client is a connection of a person's. Up to its first load it is a plain
// WebSocket; from then on frames are written and read here, as cheaply as
// they can be, because the generator shares the machine with the relay.
type client struct {
	*person
	ws  *websocket.Conn
	in  *bufio.Reader
	buf []byte
}

// loopbacks gives every connection an address of its own below 127.0.0.0/8,
// for the relay counts new connections by address.
var loopbacks atomic.Uint32

// connect says hello; with an invitation's code the person joins.
func connect(ctx context.Context, relay string, p *person, invite string) (*client, error) {
	u, err := url.Parse(relay)
	if err != nil {
		return nil, err
	}
	n := loopbacks.Add(1)
	from := &net.TCPAddr{IP: net.IPv4(127, 1, byte(n/200), byte(n%200+1))}
	dialer := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}, HandshakeTimeout: within,
		NetDialContext: (&net.Dialer{LocalAddr: from}).DialContext, ReadBufferSize: 4 << 10, WriteBufferSize: 1 << 10}
	ws, _, err := dialer.DialContext(ctx, "ws://"+u.Host+wire.PathSocket, nil)
	if err != nil {
		return nil, err
	}
	c := &client{person: p, ws: ws}
	f, err := c.frame()
	if err != nil {
		ws.Close()
		return nil, err
	}
	challenge, ok := f.(*wire.Challenge)
	if !ok {
		ws.Close()
		return nil, fmt.Errorf("got %T", f)
	}
	key := p.device.Public().Key
	h := &wire.Hello{Header: wire.Header{ID: "h"}, Account: p.id(), Device: string(p.device.ID()), Key: wire.B64(key[:]), Nonce: wire.NewNonce(),
		First: p.first, Invite: invite, Name: p.name}
	h.Signature = wire.B64(p.device.Sign(wire.HelloText(challenge, h)))
	if _, err = ask[*wire.Welcome](c, h); err != nil {
		ws.Close()
		return nil, err
	}
	return c, nil
}

func (c *client) frame() (wire.Frame, error) {
	c.ws.SetReadDeadline(time.Now().Add(within))
	_, b, err := c.ws.ReadMessage()
	if err != nil {
		return nil, err
	}
	return wire.Decode(b)
}

// ask sends a request and returns its answer.
func ask[T wire.Frame](c *client, f wire.Frame) (answer T, err error) {
	if f.Meta().ID == "" {
		f.Meta().ID = wire.NewID()
	}
	b, err := wire.Encode(f)
	if err != nil {
		return answer, err
	}
	if err := c.ws.WriteMessage(websocket.TextMessage, b); err != nil {
		return answer, err
	}
	for {
		got, err := c.frame()
		if err != nil {
			return answer, err
		}
		if got.Meta().Re != f.Meta().ID {
			continue
		}
		if e, ok := got.(*wire.Error); ok {
			return answer, e
		}
		answer, ok := got.(T)
		if !ok {
			return answer, fmt.Errorf("%T was answered with %T", f, got)
		}
		return answer, nil
	}
}

// begin makes a conversation and returns its id.
func (c *client) begin(v *seal.Conversation, w *seal.Written, err error) (string, error) {
	if err != nil {
		return "", err
	}
	id := string(v.ID())
	var boxes [][]byte
	for _, b := range w.Boxes {
		boxes = append(boxes, b)
	}
	for len(boxes) > wire.MaxBoxes {
		if _, err := ask[*wire.OK](c, &wire.PutBoxes{Conversation: id, Boxes: boxes[:wire.MaxBoxes]}); err != nil {
			return "", err
		}
		boxes = boxes[wire.MaxBoxes:]
	}
	_, err = ask[*wire.OK](c, &wire.AppendChain{Conversation: id, Statement: w.Statement, Boxes: boxes})
	return id, err
}

// text frames a message for the socket: masked with zeros, so that its bytes
// go as they are.
func text(payload []byte) []byte {
	var b []byte
	switch n := len(payload); {
	case n < 126:
		b = []byte{0x81, 0x80 | byte(n)}
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16([]byte{0x81, 0x80 | 126}, uint16(n))
	default:
		b = binary.BigEndian.AppendUint64([]byte{0x81, 0x80 | 127}, uint64(n))
	}
	return append(append(b, 0, 0, 0, 0), payload...)
}

var errGone = errors.New("the relay ended the connection")

// send lets a message leave.
func (c *client) send(to, message, body string) error {
	_, err := c.socket().Write(text([]byte(`{"type":"send","id":"` + message + `","conversation":"` + to + `","message":"` + message + `","body":"` + body + `"}`)))
	return err
}

func (c *client) socket() net.Conn { return c.ws.NetConn() }

// next reads frames up to one that says what happened to a message.
func (c *client) next() (happened, error) {
	for {
		b, err := c.payload()
		if err != nil {
			return happened{}, err
		}
		h := happened{message: field(b, "message")}
		switch string(field(b, "type")) {
		case "sent":
			h.kind = acknowledged
		case "entry":
			h.kind, h.conversation = delivered, string(field(b, "conversation"))
			h.seq, _ = strconv.ParseUint(string(field(b, "seq")), 10, 64)
		case "error":
			h.kind = refused
		default:
			continue
		}
		return h, nil
	}
}

// payload returns that of the next text frame; it is good until the next call.
func (c *client) payload() ([]byte, error) {
	if c.in == nil {
		c.in = bufio.NewReaderSize(c.ws.NetConn(), 4<<10)
	}
	for {
		var head [8]byte
		if _, err := io.ReadFull(c.in, head[:2]); err != nil {
			return nil, err
		}
		kind, n := head[0]&0x0f, uint64(head[1]&0x7f)
		switch n {
		case 126:
			if _, err := io.ReadFull(c.in, head[:2]); err != nil {
				return nil, err
			}
			n = uint64(binary.BigEndian.Uint16(head[:2]))
		case 127:
			if _, err := io.ReadFull(c.in, head[:8]); err != nil {
				return nil, err
			}
			n = binary.BigEndian.Uint64(head[:8])
		}
		if uint64(cap(c.buf)) < n {
			c.buf = make([]byte, max(n, 2<<10))
		}
		buf := c.buf[:n]
		if _, err := io.ReadFull(c.in, buf); err != nil {
			return nil, err
		}
		switch kind {
		case 1:
			return buf, nil
		case 8:
			return nil, errGone
		}
	}
}

// field returns the value of a string or a number that stands behind a name.
func field(b []byte, name string) []byte {
	i := bytes.Index(b, []byte(`"`+name+`":`))
	if i < 0 {
		return nil
	}
	b = b[i+len(name)+3:]
	if len(b) > 0 && b[0] == '"' {
		b = b[1:]
		return b[:max(bytes.IndexByte(b, '"'), 0)]
	}
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return b[:n]
}
