package relay

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"satchel/net/wire"
)

// What a connection may have in its queue, beside Limits.Queue. An answer
// waits until the queue is half empty; news is never held up, and where it
// does not fit the connection is dropped.
const (
	maxFrames  = 8192 // frames
	maxPending = 256  // sends and marks that wait for the disk
)

// What is still read, and thrown away, from a connection that was refused, so
// that its client finds the reason: cutting it off would take that away again.
const (
	drainBytes = 256 << 20
	drainTime  = 10 * time.Second
	drainIdle  = time.Second
)

var upgrader = websocket.Upgrader{
	Subprotocols:     []string{wire.Subprotocol},
	HandshakeTimeout: wire.HelloTimeout,
	ReadBufferSize:   1 << 10, // each connection has one; what is larger is read past it
	WriteBufferSize:  4 << 10, // only while it writes
	WriteBufferPool:  &sync.Pool{},
}

// conn is one WebSocket. Its reading goroutine owns everything that is not
// said to be guarded. One that is idle costs little: it has left net/http and
// what the handshake needed behind, and nobody writes.
type conn struct {
	relay     *Relay
	ws        *websocket.Conn
	log       *slog.Logger
	challenge *wire.Challenge // until it is welcome
	account   wire.Account
	device    string
	recovery  bool   // the device is a recovery file
	linking   string // code of the mailbox that it came to instead of saying hello
	visit     *visit // when that is at another relay
	address   string // who it is counted for
	frames    *rate.Limiter
	pending   chan struct{} // one for each write that waits
	gone      chan struct{} // closed when nothing more can be written

	mu      sync.Mutex // guards what follows
	queue   [][]byte
	bytes   int           // in queue, and being written
	writing bool          // somebody empties the queue, or will: until it is welcome, the handshake
	room    chan struct{} // there is less in queue
	ending  *ending
	dropped bool
}

// ending is how a connection ends that the relay ends.
type ending struct {
	err  *wire.Error
	code int
}

func (r *Relay) serveSocket(w http.ResponseWriter, req *http.Request) {
	if !slices.Contains(websocket.Subprotocols(req), wire.Subprotocol) {
		r.refuse(w, http.StatusBadRequest, wire.NewError(wire.CodeBadFrame, "This is a WebSocket for the subprotocol "+wire.Subprotocol+".", false))
		return
	}
	from := address(req)
	if !r.gates.addresses.allow(from) {
		r.refuse(w, http.StatusTooManyRequests, errRate)
		return
	}
	c := &conn{
		relay:   r,
		log:     r.log,
		address: from,
		frames:  rate.NewLimiter(rate.Limit(r.limits.FrameRate), r.limits.FrameBurst),
		pending: make(chan struct{}, maxPending),
		gone:    make(chan struct{}),
		writing: true,
		room:    make(chan struct{}, 1),
	}
	var err error
	if c.ws, err = upgrader.Upgrade(w, req, nil); err != nil {
		return // Upgrade has answered
	}
	// The handler returns, and with it goes all that net/http keeps for a request.
	r.requests.stay()
	go c.run()
}

// run serves a connection from the challenge to its end. Reading goes on in
// another goroutine, because the stack of this one has grown.
func (c *conn) run() {
	r, welcomed := c.relay, false
	defer func() {
		c.survive(recover())
		if !welcomed {
			c.leave()
		}
	}()
	if refused := r.sockets.add(c, r.limits.Sockets); refused != "" {
		e := errShuttingDown
		if refused == codeRateLimited {
			e = errRate
		}
		c.writeEnding(&ending{e, websocket.CloseTryAgainLater})
		c.drain()
		return
	}
	c.ws.SetPingHandler(func(data string) error {
		if c.challenge == nil {
			c.alive(wire.HeartbeatLost) // before, a ping is not the hello that is waited for
		}
		if !c.pace() {
			return net.ErrClosed
		}
		err := c.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(wire.WriteTimeout))
		var timeout net.Error
		if errors.Is(err, websocket.ErrCloseSent) || errors.As(err, &timeout) && timeout.Timeout() {
			return nil
		}
		return err
	})

	welcome, e := c.handshake()
	c.challenge = nil
	switch {
	case e == nil:
		if c.linking == "" {
			r.presence(c.account.ID)
		}
		welcomed = true
		go c.write(welcome)
		go c.live()
	case e.err != nil:
		c.writeEnding(e)
		c.drain()
	}
}

// survive ends the one connection whose frames made us panic, as net/http would.
func (c *conn) survive(panicked any) {
	if panicked != nil {
		c.log.Error("a connection failed", "panic", panicked, "stack", string(debug.Stack()))
		c.ws.NetConn().Close()
	}
}

// leave is the end of every connection.
func (c *conn) leave() {
	c.ws.Close()
	c.relay.sockets.remove(c)
	c.relay.hub.remove(c)
	c.relay.requests.leave()
}

// alive notes that the client gave a sign of life; it has this long for the next.
func (c *conn) alive(wait time.Duration) {
	c.ws.SetReadDeadline(time.Now().Add(wait))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending != nil {
		c.ws.SetReadDeadline(time.Now())
	}
}

var errTooLarge = errors.New("relay: the frame is too large")
var errBinary = errors.New("relay: the frame is binary")

// read returns the next frame's bytes. After errBinary the next can be read;
// after any other error none can.
func (c *conn) read(limit int64) ([]byte, error) {
	kind, in, err := c.ws.NextReader()
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(in, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(b)) > limit:
		return nil, errTooLarge
	case kind != websocket.TextMessage:
		return nil, errBinary
	}
	return b, nil
}

// live reads from a connection that was welcomed, until it ends.
func (c *conn) live() {
	defer c.leave()
	defer c.farewell()
	defer func() { c.survive(recover()) }()
	if c.linking != "" {
		c.readAll(wire.MaxHello, c.handleLink)
	} else {
		c.readAll(wire.MaxFrame, c.handle)
	}
}

// farewell waits for the writer and takes back what the connection was known for.
func (c *conn) farewell() {
	c.mu.Lock()
	told := c.ending != nil
	c.mu.Unlock()
	if !told {
		c.ws.Close() // the client went, or was dropped; the writer is let go
		c.end(nil, 0)
	}
	<-c.gone
	if told {
		c.drain()
	}
	r := c.relay
	if c.linking != "" {
		r.mailboxes.leave(c, c.linking)
		r.leaveElsewhere(c)
		return
	}
	r.mailboxes.leave(c, "")
	r.staged.leave(c)
	r.hub.remove(c)
	r.presence(c.account.ID)
}

// readAll carries out what the client asks until the connection ends.
func (c *conn) readAll(limit int64, handle func(wire.Frame)) {
	for {
		c.alive(wire.HeartbeatLost)
		b, err := c.read(limit)
		switch {
		case errors.Is(err, errBinary):
			c.reply(wire.NewError(wire.CodeBadFrame, "The frame is binary; a frame is JSON text.", false))
			continue
		case errors.Is(err, errTooLarge):
			c.end(wire.NewError(wire.CodeTooLarge, fmt.Sprintf("The frame is larger than %d KiB, so the connection ends. Files go by upload.", limit>>10), false), websocket.CloseMessageTooBig)
			return
		case err != nil:
			return
		}
		if !c.pace() {
			return
		}
		f, err := wire.Decode(b)
		if err != nil {
			var e *wire.Error
			errors.As(err, &e)
			c.reply(e)
			continue
		}
		c.relay.metrics.took(f)
		handle(f)
	}
}

// pace waits until the client may be read from again: its own network is its
// queue. It is false when the connection is gone.
func (c *conn) pace() bool {
	if wait := c.frames.Reserve().Delay(); wait > 0 {
		select {
		case <-time.After(wait):
		case <-c.gone:
			return false
		}
	}
	return true
}

// write writes what comes first, if anything does, and then what is queued, and
// ends when there is no more. Where the socket broke, or the end was said, it
// stays the last writer.
func (c *conn) write(first []byte) {
	if first != nil && c.writeText(first) != nil {
		c.broken()
		return
	}
	for {
		c.mu.Lock()
		queue, ended := c.queue, c.ending
		c.queue = nil
		c.writing = len(queue) > 0 || ended != nil
		idle := !c.writing
		c.mu.Unlock()
		if idle {
			return
		}
		for _, b := range queue {
			if c.writeText(b) != nil {
				c.broken()
				return
			}
			c.mu.Lock()
			c.bytes -= len(b)
			c.mu.Unlock()
			select {
			case c.room <- struct{}{}:
			default:
			}
		}
		if ended != nil {
			c.writeEnding(ended)
			close(c.gone)
			return
		}
	}
}

// broken lets everybody go who waits for a socket that can't be written to.
func (c *conn) broken() {
	c.ws.Close()
	close(c.gone)
}

// rouse starts the writer unless it is at work. c.mu is held.
func (c *conn) rouse() {
	if !c.writing {
		c.writing = true
		go c.write(nil)
	}
}

func (c *conn) writeText(b []byte) error {
	c.ws.SetWriteDeadline(time.Now().Add(wire.WriteTimeout))
	return c.ws.WriteMessage(websocket.TextMessage, b)
}

func (c *conn) writeEnding(e *ending) {
	text := ""
	switch {
	case e.err != nil:
		c.relay.metrics.refused(e.err)
		if b, err := wire.Encode(e.err); err == nil && c.writeText(b) != nil {
			return
		}
		text = e.err.Code
	case e.code == 0:
		return
	}
	c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(e.code, text), time.Now().Add(wire.WriteTimeout))
}

// drain lets a client that is still writing come to reading why it was refused.
func (c *conn) drain() {
	socket := c.ws.NetConn()
	if half, ok := socket.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	end := time.Now().Add(drainTime)
	buf := make([]byte, 64<<10)
	for n := 0; n < drainBytes && time.Now().Before(end); {
		socket.SetReadDeadline(time.Now().Add(drainIdle))
		m, err := socket.Read(buf)
		if err != nil {
			return
		}
		n += m
	}
}

// end says why the connection ends, after what is queued. Any goroutine may
// call it; the first reason counts.
func (c *conn) end(e *wire.Error, code int) {
	c.mu.Lock()
	if c.ending == nil {
		c.ending = &ending{e, code}
		c.rouse()
	}
	c.mu.Unlock()
	c.ws.SetReadDeadline(time.Now())
}

// push queues a frame and never waits. A connection that does not read is
// dropped: it will come back and read by sequence.
func (c *conn) push(b []byte) {
	c.mu.Lock()
	if c.ending != nil || c.dropped {
		c.mu.Unlock()
		return
	}
	if len(c.queue) > 0 && (c.bytes+len(b) > c.relay.limits.Queue || len(c.queue) >= maxFrames) {
		c.dropped = true
		c.mu.Unlock()
		c.relay.metrics.slow.Inc()
		c.log.Info("slow reader dropped", "account", c.account.ID)
		c.ws.NetConn().Close()
		return
	}
	c.queue = append(c.queue, b)
	c.bytes += len(b)
	c.rouse()
	c.mu.Unlock()
}

// reply queues an answer; only the reading goroutine calls it. It waits for
// room, so that who asks much reads the answers before asking more.
func (c *conn) reply(f wire.Frame) {
	for {
		c.mu.Lock()
		wait := c.bytes > c.relay.limits.Queue/2 || len(c.queue) >= maxFrames/2
		c.mu.Unlock()
		if !wait {
			break
		}
		select {
		case <-c.room:
		case <-c.gone:
			return
		}
	}
	c.pushFrame(f)
}

func (c *conn) pushFrame(f wire.Frame) {
	if e, ok := f.(*wire.Error); ok {
		c.relay.metrics.refused(e)
	}
	b, err := wire.Encode(f)
	if err != nil {
		c.log.Error("frame not encoded", "error", err)
		return
	}
	c.push(b)
}
