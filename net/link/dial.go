package link

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/wire"
)

// handshakeTimeout bounds everything from the first packet to welcome.
const handshakeTimeout = 10 * time.Second

// dial connects, checks that the relay is the one whose key was pinned, and says
// hello. The socket has been welcomed; its reads are bounded by wire.MaxRelayFrame.
func dial(ctx context.Context, cfg *Config) (socket *websocket.Conn, welcome *wire.Welcome, failure *Failure) {
	socket, failure = open(ctx, cfg.URL, cfg.Key, func(socket *websocket.Conn) (err error) {
		welcome, err = greet(socket, cfg)
		return err
	})
	return socket, welcome, failure
}

// open connects to the relay at a base URL, of which the key is known or "", and
// has greet shake hands with it.
func open(ctx context.Context, base, key string, greet func(*websocket.Conn) error) (*websocket.Conn, *Failure) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: handshakeTimeout,
		TLSClientConfig: wire.ClientTLS(func() (string, string) { return hostOf(base), key }),
		Subprotocols:    []string{wire.Subprotocol}, ReadBufferSize: 16 << 10, WriteBufferSize: 16 << 10}
	address := strings.TrimSuffix("ws"+strings.TrimPrefix(base, "http"), "/") + wire.PathSocket
	socket, response, err := dialer.DialContext(ctx, address, nil)
	if err != nil {
		return nil, unreachable(base, response, err)
	}
	// Ending ctx ends the handshake too.
	release := context.AfterFunc(ctx, func() { socket.Close() })
	err = greet(socket)
	if !release() && err == nil {
		err = ctx.Err()
	}
	if err == nil {
		return socket, nil
	}
	socket.Close()
	var failure *Failure
	var said *wire.Error
	switch {
	case errors.As(err, &failure):
	case errors.As(err, &said):
		failure = refused(said)
	default:
		failure = unreachable(base, nil, err)
	}
	return nil, failure
}

// hostOf is the host of a base URL.
func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// challenged takes the challenge of the relay at a base URL, which must carry
// the pinned key; "" pins none, and then the connection's certificate is checked
// by the key that the relay says it has, and has to prove.
func challenged(socket *websocket.Conn, base, pinned string) (*wire.Challenge, ed25519.PublicKey, error) {
	deadline := time.Now().Add(handshakeTimeout)
	socket.SetReadLimit(wire.MaxRelayFrame)
	socket.SetReadDeadline(deadline)
	socket.SetWriteDeadline(deadline)
	if socket.Subprotocol() != wire.Subprotocol {
		return nil, nil, &Failure{Sentence: "There is no Satchel relay at this address, or its version is another.",
			Err: fmt.Errorf("subprotocol %q", socket.Subprotocol())}
	}
	challenge, err := readAs[*wire.Challenge](socket)
	if err != nil {
		return nil, nil, err
	}
	key, err := wire.UnB64(challenge.Relay)
	if err != nil || len(key) != ed25519.PublicKeySize || pinned != "" && challenge.Relay != pinned {
		return nil, nil, stranger(errors.New("the relay's key is not the pinned one"))
	}
	if over, ok := socket.NetConn().(*tls.Conn); ok && pinned == "" {
		state := over.ConnectionState()
		if err := wire.VerifyCertificate(&state, hostOf(base), challenge.Relay, time.Now()); err != nil {
			return nil, nil, unreachable(base, nil, err)
		}
	}
	return challenge, key, nil
}

// greet answers the challenge, and checks the relay's proof.
func greet(socket *websocket.Conn, cfg *Config) (*wire.Welcome, error) {
	if cfg.Key == "" {
		return nil, stranger(errors.New("no key is pinned"))
	}
	challenge, key, err := challenged(socket, cfg.URL, cfg.Key)
	if err != nil {
		return nil, err
	}

	hello := &wire.Hello{Header: wire.Header{ID: "hello"}, Account: cfg.Account, Device: wire.DeviceID(cfg.Device),
		Key: wire.B64(cfg.Device), Nonce: wire.NewNonce(), First: cfg.First, Invite: cfg.Invite, Name: cfg.Name, Client: cfg.Client}
	hello.Signature = wire.B64(cfg.Sign(wire.HelloText(challenge, hello)))
	if err := write(socket, hello); err != nil {
		return nil, err
	}
	welcome, err := readAs[*wire.Welcome](socket)
	if err != nil {
		return nil, err
	}
	proof, err := wire.UnB64(welcome.Proof)
	if err != nil || !ed25519.Verify(key, wire.WelcomeText(challenge, hello), proof) {
		return nil, stranger(errors.New("the relay's proof does not verify"))
	}
	return welcome, nil
}

func stranger(err error) *Failure {
	return &Failure{Final: true, Err: err,
		Sentence: "This is not the relay that was expected: its key is another. Nothing was sent to it."}
}

// readAs reads the next frame, which must be an F or the relay's refusal.
func readAs[F wire.Frame](socket *websocket.Conn) (F, error) {
	var none F
	kind, b, err := socket.ReadMessage()
	if err != nil {
		return none, err
	}
	if kind != websocket.TextMessage {
		return none, errors.New("the relay sent no text")
	}
	frame, err := wire.Decode(b)
	if err != nil {
		return none, err
	}
	if e, ok := frame.(*wire.Error); ok {
		return none, e
	}
	f, ok := frame.(F)
	if !ok {
		return none, fmt.Errorf("the relay sent %T instead of %T", frame, none)
	}
	return f, nil
}

// hangUp closes a socket politely, without waiting for the answer.
func hangUp(socket *websocket.Conn) {
	socket.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""),
		time.Now().Add(time.Second))
	socket.Close()
}
