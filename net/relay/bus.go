package relay

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// bus carries news between the relays that share a database. What the store
// says is true; the bus only says "look", and may lose.
type bus interface {
	// publish hands news to all other relays, in the order of the calls, and
	// waits for none of them.
	publish(notice)
	// alone tells that there are no other relays.
	alone() bool
	// away tells that news does not come, for now.
	away() bool
	close()
}

// notice is what one relay tells the others.
type notice struct {
	Relay        string   `json:"relay"`        // the process that tells; set by the bus
	To           string   `json:"to,omitempty"` // the process that it is for; "": all
	Kind         string   `json:"kind"`         // of the constants below
	Conversation string   `json:"conversation,omitempty"`
	Seq          uint64   `json:"seq,omitempty"`
	Accounts     []string `json:"accounts,omitempty"`
	Device       string   `json:"device,omitempty"`
	Digest       uint64   `json:"digest,omitempty"` // of the accounts that are online at the relay
	ID           string   `json:"id,omitempty"`     // of a connection that came to be linked
	Code         string   `json:"code,omitempty"`   // of the mailbox that it came to
	frame        []byte   // as it goes to clients; behind the rest
}

// Kinds of news.
const (
	noticeEntry    = "entry"    // frame is entry Seq of Conversation
	noticeMembers  = "members"  // frame is for the members of Conversation
	noticeAccounts = "accounts" // frame is for Accounts
	noticeForget   = "forget"   // Conversation has other members
	noticeRemoved  = "removed"  // Device of Accounts is no longer that account's
	noticeCame     = "came"     // Accounts are online at the relay
	noticeWent     = "went"     // and no longer
	noticeBeat     = "beat"     // the relay is there, and this is its Digest
	noticeWho      = "who"      // tell your state
	noticeState    = "state"    // Accounts are all that are online at the relay
	noticeWanted   = "wanted"   // somebody waits for the upload ID: let it go
	noticeGone     = "gone"     // the relay stops

	noticeLinkJoin  = "link join"  // who has the mailbox with Code? Connection ID wants to come
	noticeLinkFound = "link found" // here it is
	noticeLinkFrom  = "link from"  // connection ID says frame
	noticeLinkTo    = "link to"    // frame is for connection ID
	noticeLinkEnd   = "link end"   // connection ID is to end
	noticeLinkLeft  = "link left"  // connection ID is gone
)

func (n *notice) encode() ([]byte, error) {
	b, err := json.Marshal(n)
	if err != nil || n.frame == nil {
		return b, err
	}
	return append(append(b, '\n'), n.frame...), nil
}

func decodeNotice(b []byte) (n notice, err error) {
	head := b
	// No line break stands inside JSON as we write it.
	if i := strings.IndexByte(string(b), '\n'); i >= 0 {
		head, n.frame = b[:i], b[i+1:]
	}
	return n, json.Unmarshal(head, &n)
}

// localBus is that of a relay which is the only one.
type localBus struct{}

func (localBus) publish(notice) {}
func (localBus) alone() bool    { return true }
func (localBus) away() bool     { return false }
func (localBus) close()         {}

// natsBus is NATS, core publish and subscribe: one subject for all relays of
// one key, so that several clusters can share a server.
type natsBus struct {
	conn    *nats.Conn
	sub     *nats.Subscription
	subject string
	relay   string
	take    func(notice)
	lost    func()
	failed  func(error)
	done    sync.WaitGroup
}

// busTimes: how long a relay may be silent, and how soon NATS is tried again.
const (
	natsWait    = 250 * time.Millisecond
	natsPending = 256 << 20 // bytes of news that wait to be taken
)

// openBus connects to a bus. take is called with the others' news, on one
// goroutine; lost when some of it may not have come; failed with what goes
// wrong meanwhile.
func openBus(where, key, relay string, take func(notice), lost func(), failed func(error)) (bus, error) {
	if where == "" || where == "local" {
		return localBus{}, nil
	}
	if !IsNATS(where) {
		return nil, errors.New("a bus is local or nats://HOST:PORT")
	}
	b := &natsBus{subject: "satchel." + key, relay: relay, take: take, lost: lost, failed: failed}
	var err error
	b.conn, err = nats.Connect(where, nats.Name("satchel-relay"), nats.NoEcho(), nats.MaxReconnects(-1), nats.ReconnectWait(natsWait),
		nats.ReconnectBufSize(-1), nats.PingInterval(5*time.Second), nats.MaxPingsOutstanding(2), nats.Timeout(5*time.Second),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				failed(fmt.Errorf("NATS is away: %w", err))
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { lost() }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			failed(err)
			if errors.Is(err, nats.ErrSlowConsumer) {
				lost()
			}
		}))
	if err != nil {
		return nil, fmt.Errorf("the relay can't reach NATS at %s: %w", withoutSecret(where), err)
	}
	if b.sub, err = b.conn.SubscribeSync(b.subject); err == nil {
		if err = b.sub.SetPendingLimits(-1, natsPending); err == nil {
			err = b.conn.FlushTimeout(5 * time.Second)
		}
	}
	if err != nil {
		b.conn.Close()
		return nil, fmt.Errorf("the relay can't subscribe at NATS: %w", err)
	}
	b.done.Add(1)
	go b.read()
	return b, nil
}

// IsNATS tells whether a bus is one of NATS.
func IsNATS(where string) bool {
	return strings.HasPrefix(where, "nats://") || strings.HasPrefix(where, "tls://")
}

// withoutSecret is a URL that may be shown.
func withoutSecret(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "its address"
	}
	return u.Redacted()
}

// read is the goroutine that takes what the others tell.
func (b *natsBus) read() {
	defer b.done.Done()
	for {
		m, err := b.sub.NextMsg(time.Minute)
		switch {
		case errors.Is(err, nats.ErrTimeout), errors.Is(err, nats.ErrSlowConsumer):
			continue
		case err != nil:
			return // closed
		}
		n, err := decodeNotice(m.Data)
		if err != nil {
			b.failed(fmt.Errorf("news that can't be read: %w", err))
			continue
		}
		if n.To == "" || n.To == b.relay {
			b.take(n)
		}
	}
}

func (b *natsBus) publish(n notice) {
	n.Relay = b.relay
	data, err := n.encode()
	if err == nil {
		err = b.conn.Publish(b.subject, data)
	}
	// While NATS is away nothing is published; the others look for themselves.
	if err != nil && !b.away() {
		b.failed(fmt.Errorf("news was not told: %w", err))
	}
}

func (b *natsBus) alone() bool { return false }
func (b *natsBus) away() bool  { return !b.conn.IsConnected() }

func (b *natsBus) close() {
	_ = b.conn.FlushTimeout(time.Second) // so that the last news leaves
	b.conn.Close()
	b.done.Wait()
}
