package relay

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
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
	ReadBufferSize:   4 << 10,
	WriteBufferSize:  4 << 10,
	WriteBufferPool:  &sync.Pool{},
}

// conn is one WebSocket. Its reading goroutine owns everything that is not
// said to be guarded.
type conn struct {
	relay     *Relay
	ws        *websocket.Conn
	log       *slog.Logger
	challenge *wire.Challenge
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
	wake    chan struct{} // there is something in queue, or ending is set
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
		wake:    make(chan struct{}, 1),
		room:    make(chan struct{}, 1),
	}
	var err error
	if c.ws, err = upgrader.Upgrade(w, req, nil); err != nil {
		return // Upgrade has answered
	}
	defer c.ws.Close()
	if refused := r.sockets.add(c, r.limits.Sockets); refused != "" {
		e := errShuttingDown
		if refused == codeRateLimited {
			e = errRate
		}
		c.writeEnding(&ending{e, websocket.CloseTryAgainLater})
		c.drain()
		return
	}
	defer r.sockets.remove(c)
	c.ws.SetPingHandler(func(data string) error {
		c.alive(wire.HeartbeatLost)
		err := c.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(wire.WriteTimeout))
		var timeout net.Error
		if errors.Is(err, websocket.ErrCloseSent) || errors.As(err, &timeout) && timeout.Timeout() {
			return nil
		}
		return err
	})

	welcome, e := c.handshake()
	switch {
	case e == nil && c.linking != "":
		c.serve(welcome, func() { c.readAll(wire.MaxHello, c.handleLink) })
		r.mailboxes.leave(c, c.linking)
		r.leaveElsewhere(c)
	case e == nil:
		c.live(welcome)
	case e.err != nil:
		c.writeEnding(e)
		c.drain()
	}
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

// live serves a connection that was welcomed, until it ends.
func (c *conn) live(welcome []byte) {
	defer func() {
		c.relay.mailboxes.leave(c, "")
		c.relay.staged.leave(c)
		c.relay.hub.remove(c)
		c.relay.presence(c.account.ID)
	}()
	c.relay.presence(c.account.ID)
	c.serve(welcome, func() { c.readAll(wire.MaxFrame, c.handle) })
}

// serve writes what comes first, then reads and writes until the connection ends.
func (c *conn) serve(first []byte, read func()) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.write(first)
	}()
	read()
	c.mu.Lock()
	told := c.ending != nil
	c.mu.Unlock()
	if !told {
		c.ws.Close() // the client went, or was dropped; the writer is let go
		c.end(nil, 0)
	}
	<-written
	if told {
		c.drain()
	}
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
		if wait := c.frames.Reserve().Delay(); wait > 0 {
			// The client's own network is its queue.
			select {
			case <-time.After(wait):
			case <-c.gone:
				return
			}
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

// write empties the queue into the socket until it breaks or the end is said.
func (c *conn) write(first []byte) {
	defer close(c.gone)
	if c.writeText(first) != nil {
		c.ws.Close()
		return
	}
	for {
		<-c.wake
		c.mu.Lock()
		queue, ended := c.queue, c.ending
		c.queue = nil
		c.mu.Unlock()
		for _, b := range queue {
			if c.writeText(b) != nil {
				c.ws.Close()
				return
			}
			c.mu.Lock()
			c.bytes -= len(b)
			c.mu.Unlock()
			c.signal(c.room)
		}
		if ended != nil {
			c.writeEnding(ended)
			return
		}
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
	}
	c.mu.Unlock()
	c.ws.SetReadDeadline(time.Now())
	c.signal(c.wake)
}

func (c *conn) signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
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
	c.mu.Unlock()
	c.signal(c.wake)
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
