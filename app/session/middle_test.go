package session

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/seal"
	"satchel/net/wire"
)

// middle stands between a device and the relay: swap may change every frame
// that passes, up towards the relay or down; nil lets none through.
func (w *world) middle(swap func(up bool, f wire.Frame) wire.Frame) (addr string) {
	var wg sync.WaitGroup
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		wg.Add(1)
		defer wg.Done()
		upgrader := websocket.Upgrader{Subprotocols: []string{wire.Subprotocol}}
		down, err := upgrader.Upgrade(rw, r, nil)
		if err != nil {
			return
		}
		defer down.Close()
		dialer := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}}
		up, response, err := dialer.Dial("ws://"+w.addr+wire.PathSocket, nil)
		if err != nil {
			return
		}
		response.Body.Close()
		defer up.Close()
		pass := func(from, to *websocket.Conn, isUp bool) {
			defer from.Close()
			defer to.Close()
			for {
				_, b, err := from.ReadMessage()
				if err != nil {
					return
				}
				f, err := wire.Decode(b)
				if err != nil {
					return
				}
				if f = swap(isUp, f); f == nil {
					continue
				}
				if b, err = wire.Encode(f); err != nil || to.WriteMessage(websocket.TextMessage, b) != nil {
					return
				}
			}
		}
		wg.Go(func() { pass(up, down, false) })
		pass(down, up, true)
	}))
	w.t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		wg.Wait()
	})
	return strings.TrimPrefix(server.URL, "http://")
}

// stranger is an account that only the one in the middle has.
func stranger(t *testing.T) seal.Author {
	t.Helper()
	d := seal.NewDevice(seal.Computer)
	a, _, _, err := seal.NewAccount(d, "evil", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return seal.Author{Account: a, Device: d}
}

// A relay that puts its own device, account or chain between both is seen: the
// digits differ, or the new device refuses.
func TestLinkThroughTheMiddle(t *testing.T) {
	t.Parallel()
	type attack struct {
		name string
		swap func(code seal.LinkCode) func(up bool, f wire.Frame) wire.Frame
		link bool // the link was copied, not typed
		end  bool // refused before there are digits, or after they were compared
	}
	ownAccount := func(code seal.LinkCode) func(bool, wire.Frame) wire.Frame {
		evil := seal.NewLinkOld(code, time.Now())
		var commit []byte
		return func(up bool, f wire.Frame) wire.Frame {
			m, ok := f.(*wire.LinkMessage)
			switch {
			case ok && up && commit == nil:
				commit = m.Body
			case ok && !up:
				if offer, err := evil.Commit(commit, stranger(t), time.Now()); err == nil {
					m.Body = offer
				}
			}
			return f
		}
	}
	for _, a := range []attack{
		{"its own device", func(code seal.LinkCode) func(bool, wire.Frame) wire.Frame {
			evil := seal.NewLinkNew(code, seal.NewDevice(seal.Computer), nil, time.Now())
			step := 0
			var reveal []byte
			return func(up bool, f wire.Frame) wire.Frame {
				m, ok := f.(*wire.LinkMessage)
				if !ok {
					return f
				}
				step++
				switch step {
				case 1: // commit
					m.Body, _ = evil.Commit(time.Now())
				case 2: // offer
					reveal, _, _ = evil.Offer(m.Body, time.Now())
				case 3:
					m.Body = reveal
				}
				return f
			}
		}, true, false},
		{"its own account, to one who typed", ownAccount, false, false},
		{"its own account, to one who has the link", ownAccount, true, true},
		{"another chain afterwards", func(seal.LinkCode) func(bool, wire.Frame) wire.Frame {
			return func(up bool, f wire.Frame) wire.Frame {
				if c, ok := f.(*wire.Chain); ok && !up && len(c.Statements) > 1 {
					c.Statements = c.Statements[:1]
				}
				return f
			}
		}, true, true},
		{"a flipped bit in the proof", func(seal.LinkCode) func(bool, wire.Frame) wire.Frame {
			sent := 0
			return func(up bool, f wire.Frame) wire.Frame {
				if m, ok := f.(*wire.LinkMessage); ok && up {
					if sent++; sent == 3 {
						m.Body[40] ^= 1
					}
				}
				return f
			}
		}, true, true},
	} {
		t.Run(a.name, func(t *testing.T) {
			w := newWorld(t)
			mara, fresh := w.person("Mara"), w.newcomer("laptop")
			old, err := mara.StartLink(mara.bounded())
			if err != nil {
				t.Fatal(err)
			}
			to, err := wire.ParseDeviceLink(old.Link)
			if err != nil {
				t.Fatal(err)
			}
			to.URL = "http://" + w.middle(a.swap(seal.LinkCode(to.Code)))
			text := to.String()
			if !a.link {
				text = to.Typed()
			}
			fresh_, err := fresh.Link(fresh.bounded(), text, "laptop")
			if err != nil {
				t.Fatal(err)
			}
			if !a.end {
				x, y := mara.linking(old, LinkCompares), fresh.linking(fresh_, LinkCompares)
				if x.State == LinkCompares && y.State == LinkCompares && x.Digits == y.Digits {
					t.Error("both show the same digits")
				}
				old.Cancel()
			} else {
				fresh.linking(fresh_, LinkCompares)
				old.Confirm()
				fresh_.Confirm()
			}
			if s := fresh.linking(fresh_, LinkFailed); s.State != LinkFailed || s.Reason == "" || fresh.Profile().Joined {
				t.Errorf("the new device: %+v, %+v", s, fresh.Profile())
			}
			old.Cancel()
			for _, d := range labels(t, mara) {
				if d != "laptop" && d != DeviceLabel() {
					t.Errorf("there is a device %q", d)
				}
			}
		})
	}
}
