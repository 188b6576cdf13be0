package link

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/wire"
)

// conn is one welcomed connection. serve reads on the link's goroutine; write
// is the other goroutine, and the only one that writes.
type conn struct {
	socket *websocket.Conn
	out    chan []byte
	gone   chan struct{} // closed when the connection is over
	once   sync.Once

	mu      sync.Mutex
	failure *Failure // the first reason why it ended
	waiting map[string]chan wire.Frame
}

func newConn(socket *websocket.Conn) *conn {
	return &conn{socket: socket, out: make(chan []byte, backlog), gone: make(chan struct{}), waiting: map[string]chan wire.Frame{}}
}

// drop notes why the connection ends, the first time, and ends it.
func (c *conn) drop(f *Failure) {
	c.mu.Lock()
	if c.failure == nil {
		c.failure = f
	}
	c.mu.Unlock()
	c.abandon()
	c.socket.Close()
}

// abandon tells everybody who waits that nothing more will come.
func (c *conn) abandon() { c.once.Do(func() { close(c.gone) }) }

// serve reads until the connection ends, and returns why. The writer is gone
// when it returns.
func (c *conn) serve(ctx context.Context, l *Link) *Failure {
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.write(ctx, l.cfg.Heartbeat)
	}()
	c.socket.SetPongHandler(func(string) error {
		return c.socket.SetReadDeadline(time.Now().Add(l.cfg.Silence))
	})
	var said *Failure
	for {
		c.socket.SetReadDeadline(time.Now().Add(l.cfg.Silence))
		kind, b, err := c.socket.ReadMessage()
		if err != nil {
			if said == nil {
				said = lost(err)
			}
			c.drop(said)
			break
		}
		if kind != websocket.TextMessage {
			continue // nothing of the protocol is binary; a later one may know better
		}
		frame, err := wire.Decode(b)
		if err != nil {
			l.log.Warn("the relay sent a frame that is not understood", "error", err)
			continue
		}
		if c.answered(frame) {
			continue
		}
		if e, ok := frame.(*wire.Error); ok && e.Re == "" {
			said = refused(e) // the reason, should the relay hang up now
			continue
		}
		l.tell(ctx, Received{frame})
	}
	<-written
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure
}

// write sends what is queued, and pings. When ctx ends it says goodbye.
func (c *conn) write(ctx context.Context, every time.Duration) {
	heartbeat := time.NewTicker(every)
	defer heartbeat.Stop()
	for {
		var err error
		select {
		case b := <-c.out:
			c.socket.SetWriteDeadline(time.Now().Add(wire.WriteTimeout))
			err = c.socket.WriteMessage(websocket.TextMessage, b)
		case <-heartbeat.C:
			err = c.socket.WriteControl(websocket.PingMessage, nil, time.Now().Add(wire.WriteTimeout))
		case <-c.gone:
			return
		case <-ctx.Done():
			hangUp(c.socket)
			c.drop(lost(errors.New("the program ends")))
			return
		}
		if err != nil {
			c.drop(lost(err))
			return
		}
	}
}

// expect registers a call; the channel never blocks the reader.
func (c *conn) expect(id string) <-chan wire.Frame {
	answer := make(chan wire.Frame, 1)
	c.mu.Lock()
	c.waiting[id] = answer
	c.mu.Unlock()
	return answer
}

func (c *conn) forget(id string) {
	c.mu.Lock()
	delete(c.waiting, id)
	c.mu.Unlock()
}

// answered hands a frame to the Call that waits for it.
func (c *conn) answered(frame wire.Frame) bool {
	re := frame.Meta().Re
	if re == "" {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	answer, ok := c.waiting[re]
	if ok {
		delete(c.waiting, re)
		answer <- frame
	}
	return ok
}
