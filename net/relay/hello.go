package relay

import (
	"crypto/ed25519"
	"errors"
	"net"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/relay/store"
	"satchel/net/seal"
	"satchel/net/wire"
)

// handshake brings a connection to the hub and returns its welcome, encoded. Else it
// tells how to end; with a nil error there is nobody left to tell.
func (c *conn) handshake() ([]byte, *ending) {
	r := c.relay
	c.challenge = &wire.Challenge{Relay: r.Key(), Nonce: wire.NewNonce()}
	b, err := wire.Encode(c.challenge)
	if err != nil {
		return nil, &ending{errInternal, websocket.CloseInternalServerErr}
	}
	if c.writeText(b) != nil {
		return nil, &ending{}
	}
	c.alive(wire.HelloTimeout)
	b, err = c.read(wire.MaxHello)
	var timeout net.Error
	switch {
	case errors.Is(err, errTooLarge):
		return nil, &ending{wire.NewError(wire.CodeTooLarge, "A hello has 8 KiB at most.", false), websocket.CloseMessageTooBig}
	case errors.Is(err, errBinary):
		return nil, &ending{wire.NewError(wire.CodeBadFrame, "The frame is binary; a frame is JSON text.", false), websocket.CloseUnsupportedData}
	case err != nil && r.sockets.stopping():
		return nil, &ending{errShuttingDown, closeGoingAway}
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil, &ending{wire.NewError(wire.CodeHelloTimeout, "There was no hello within five seconds.", true), websocket.ClosePolicyViolation}
	case err != nil:
		return nil, &ending{}
	}
	f, err := wire.Decode(b)
	if err == nil {
		r.metrics.took(f)
	}
	if join, ok := f.(*wire.JoinLink); ok && err == nil {
		return c.joinLink(join)
	}
	hello, refused := readHello(c.challenge, f, err)
	if refused == nil {
		refused = c.admit(hello)
	}
	if refused != nil {
		re := refused.Re
		if hello != nil {
			re = hello.ID
		}
		return nil, &ending{answer(refused, re), websocket.ClosePolicyViolation}
	}
	// In the hub first: what is stored from here on is queued behind the
	// welcome, and what was stored before stands in it.
	if !r.hub.add(c, r.limits.Connections) {
		return nil, &ending{answer(wire.NewError(wire.CodeRateLimited, "This account is connected too often at once. Close one of its other programs.", true), hello.ID), websocket.CloseTryAgainLater}
	}
	// Asked again: a removal that was announced before the hub knew of this
	// connection is on the disk.
	if d, _, err := r.store.Device(c.device); err != nil || d.Removed {
		e := errDeviceRemoved
		if err != nil {
			e = r.refusal(err)
		}
		r.hub.remove(c)
		return nil, &ending{answer(e, hello.ID), websocket.ClosePolicyViolation}
	}
	b, err = r.welcome(c, hello)
	if err != nil {
		r.hub.remove(c)
		return nil, &ending{answer(r.refusal(err), hello.ID), websocket.CloseInternalServerErr}
	}
	return b, nil
}

// readHello checks all of a hello, as wire.Decode gave it, that can be checked
// without the store.
func readHello(challenge *wire.Challenge, f wire.Frame, err error) (*wire.Hello, *wire.Error) {
	if err != nil {
		var e *wire.Error
		errors.As(err, &e)
		return nil, e
	}
	h, ok := f.(*wire.Hello)
	if !ok {
		e := wire.NewError(wire.CodeHelloFirst, "A connection begins with a hello.", false)
		e.Re = f.Meta().ID
		return nil, e
	}
	key, err := wire.UnB64(h.Key)
	if err != nil || len(key) != ed25519.PublicKeySize || h.Key != wire.B64(key) {
		return h, wire.NewError(wire.CodeBadSignature, "The device's key is no Ed25519 public key.", false)
	}
	if h.Device != wire.DeviceID(key) {
		return h, wire.NewError(wire.CodeBadSignature, "The device is not this key's.", false)
	}
	if nonce, err := wire.UnB64(h.Nonce); err != nil || len(nonce) != 32 {
		return h, errNonce
	}
	signature, err := wire.UnB64(h.Signature)
	if err != nil || !ed25519.Verify(key, wire.HelloText(challenge, h), signature) {
		return h, wire.NewError(wire.CodeBadSignature, "The challenge was not signed with this device's key.", false)
	}
	return h, nil
}

var (
	errNonce         = wire.NewError(wire.CodeBadFrame, "The nonce is not 32 bytes.", false)
	errNotItsAccount = wire.NewError(wire.CodeBadSignature, "The device is not one of this account.", false)
	errBeforeChains  = wire.NewError(wire.CodeUnknownDevice, "This account is from before messages were sealed, and can't go on. Join anew with an invitation; the name is free.", false)
)

// admit finds the device's account, or registers it.
func (c *conn) admit(h *wire.Hello) *wire.Error {
	r := c.relay
	d, a, err := r.store.Device(h.Device)
	if errors.Is(err, store.ErrNotFound) {
		if e := r.register(h); e != nil {
			return e
		}
		d, a, err = r.store.Device(h.Device)
	}
	switch {
	case err != nil:
		return r.refusal(err)
	case a.Chain == 0:
		return errBeforeChains
	case a.ID != h.Account:
		return errNotItsAccount
	case d.Removed:
		return errDeviceRemoved
	}
	c.account, c.device, c.recovery = a, d.ID, d.Kind == int(seal.Recovery)
	c.log = r.log.With("account", a.ID)
	return nil
}

// register makes an account of an invitation and the first statement of a chain.
func (r *Relay) register(h *wire.Hello) *wire.Error {
	if h.Invite == "" {
		return wire.NewError(wire.CodeUnknownDevice, "This relay does not know the device. An invitation lets it in.", false)
	}
	a, err := seal.VerifyAccount(seal.AccountIDOf(h.First), [][]byte{h.First})
	if err != nil || string(a.ID()) != h.Account {
		return wire.NewError(wire.CodeBadSignature, "The first statement is not the one of this account's chain.", false)
	}
	d := a.Devices()[0]
	if string(d.ID()) != h.Device {
		return errNotItsAccount
	}
	name, err := wire.CleanName(h.Name)
	if err != nil {
		return wire.NewError(wire.CodeNameInvalid, "The name can't be used: "+err.Error()+".", false)
	}
	err = r.store.Register(store.Registration{Name: name, Invite: h.Invite, First: store.AccountStatement{
		Account: h.Account, Seq: 1, Statement: h.First, Generation: 1,
		Added: &store.Device{ID: h.Device, Key: h.Key, Kind: int(d.Kind)}}})
	if err != nil {
		return r.refusal(err)
	}
	r.log.Info("registered", "account", h.Account)
	return nil
}

// welcomeBytes is how much of a welcome, or of an answer to
// ListConversations, conversations may fill. One more always fits beside it:
// the largest has wire.MaxMembers members of less than a kilobyte each.
const welcomeBytes = wire.MaxRelayFrame - (1 << 20) - (512 << 10)

func (r *Relay) welcome(c *conn, h *wire.Hello) ([]byte, error) {
	w := &wire.Welcome{
		Header:  wire.Header{Re: h.ID},
		Proof:   wire.B64(ed25519.Sign(r.key, wire.WelcomeText(c.challenge, h))),
		Name:    r.config.Name,
		Account: wire.Account{ID: c.account.ID, Name: c.account.Name, Online: !c.recovery, Chain: c.account.Chain},
		Time:    time.Now().UnixMilli(),
		MaxFile: r.config.MaxFile,

		EditWindow: int64(r.config.EditWindow / time.Second),
	}
	if c.recovery {
		w.Conversations = []wire.Conversation{}
		return wire.Encode(w)
	}
	var err error
	w.Conversations, w.More, err = r.collect(func(yield func(wire.Conversation) bool) error {
		return r.store.Newest(c.account.ID, yield)
	})
	if err != nil {
		return nil, err
	}
	return wire.Encode(w)
}

// collect gathers conversations until a frame is full, and tells whether there are more.
func (r *Relay) collect(each func(func(wire.Conversation) bool) error) (all []wire.Conversation, more bool, err error) {
	all = []wire.Conversation{}
	size := 0
	err = each(func(v wire.Conversation) bool {
		if size > r.limits.welcome {
			more = true
			return false
		}
		r.dress(v.Members)
		size += sizeOf(&v)
		all = append(all, v)
		return true
	})
	return all, more, err
}

// sizeOf is never below the size of a conversation in JSON.
func sizeOf(c *wire.Conversation) int {
	// A byte of a name takes six at most (\u003c); ids take none of these.
	n := 256
	for i := range c.Members {
		n += 160 + 6*len(c.Members[i].Name)
	}
	return n + 128*len(c.Marks)
}
