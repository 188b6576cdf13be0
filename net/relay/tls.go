package relay

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What Config.TLS may be, beside acme:NAME.
const (
	TLSOff  = "off"
	TLSSelf = "self"
)

// ACMEName is the name of acme:NAME; ok is false when a Config.TLS is none.
func ACMEName(s string) (name string, ok bool) {
	name, ok = strings.CutPrefix(s, "acme:")
	return name, ok && name != "" && !strings.ContainsAny(name, "/:@ ")
}

// Authority gets certificates for a public name and renews them.
type Authority interface {
	// TLS is the configuration of the listener, which also answers the authority.
	TLS() *tls.Config
	// Run gets the certificate once the listener is served, and renews it until
	// ctx ends.
	Run(ctx context.Context) error
	// About tells, in one line, which certificate there is, or how one will be
	// got. It fails when the authority can't be reached.
	About(ctx context.Context) (string, error)
}

// secure gives the listener TLS, as Config.TLS says.
func (r *Relay) secure() error {
	switch name, acme := ACMEName(r.config.TLS); {
	case r.config.TLS == "" || r.config.TLS == TLSOff:
		return nil
	case r.config.TLS == TLSSelf:
		own := &ownCertificate{key: r.key}
		if _, err := own.get(nil); err != nil {
			return fmt.Errorf("the relay's certificate can't be made: %w", err)
		}
		r.listener = eitherListener{r.listener, own.config()}
		return nil
	case acme && r.config.Authority != nil:
		var err error
		if r.authority, err = r.config.Authority(r.config, name, r.listener.Addr().(*net.TCPAddr).Port); err != nil {
			return err
		}
		r.listener = tls.NewListener(r.listener, r.authority.TLS())
		return nil
	}
	return errors.New("TLS is off, self, or acme:NAME")
}

// scheme is that of the relay's own URLs.
func (r *Relay) scheme() string {
	if r.config.TLS == "" || r.config.TLS == TLSOff {
		return "http"
	}
	return "https"
}

// ownURL is the base URL where nobody named one.
func (r *Relay) ownURL() string {
	a := r.listener.Addr().(*net.TCPAddr)
	if name, ok := ACMEName(r.config.TLS); ok {
		if a.Port == 443 {
			return "https://" + name
		}
		return "https://" + net.JoinHostPort(name, fmt.Sprint(a.Port))
	}
	return r.scheme() + "://" + reachable(a)
}

// ownCertificate is one that the relay signs with the key that invitations
// carry. The certificate has a key of its own, which is never on a disk.
type ownCertificate struct {
	key ed25519.PrivateKey
	mu  sync.Mutex
	now *tls.Certificate
	end time.Time // when another is made
}

const (
	certificateLife  = 90 * 24 * time.Hour
	certificateFresh = 30 * 24 * time.Hour
)

func (o *ownCertificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: o.get}
}

func (o *ownCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	if o.now != nil && now.Before(o.end) {
		return o.now, nil
	}
	leaf, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	name := pkix.Name{CommonName: "Satchel relay"}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: name, DNSNames: []string{"relay.satchel.invalid"},
		NotBefore: now.Add(-365 * 24 * time.Hour), NotAfter: now.Add(certificateLife), // clocks of a LAN are wrong
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, &x509.Certificate{Subject: name, PublicKey: o.key.Public()}, &leaf.PublicKey, o.key)
	if err != nil {
		return nil, err
	}
	o.now, o.end = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: leaf}, now.Add(certificateFresh)
	return o.now, nil
}

// eitherListener takes TLS, and plain HTTP beside it: links that were made
// before the relay had TLS go on working, as open as they were.
type eitherListener struct {
	net.Listener
	config *tls.Config
}

func (l eitherListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &eitherConn{Conn: c, config: l.config}, nil
}

// eitherConn is TLS or not, by the first byte that comes. The server reads
// first, and writes when it has read. Deadlines and addresses are the socket's.
type eitherConn struct {
	net.Conn
	config *tls.Config
	once   sync.Once
	failed error
	in     atomic.Pointer[net.Conn] // what is spoken over the socket; nil: nothing came
}

// tlsHandshake is the first byte of a connection with TLS.
const tlsHandshake = 0x16

func (c *eitherConn) Read(b []byte) (int, error) {
	c.once.Do(func() {
		first := make([]byte, 1)
		if _, c.failed = io.ReadFull(c.Conn, first); c.failed != nil {
			return
		}
		var in net.Conn = &begunConn{c.Conn, first}
		if first[0] == tlsHandshake {
			in = tls.Server(in, c.config)
		}
		c.in.Store(&in)
	})
	if c.failed != nil {
		return 0, c.failed
	}
	return (*c.in.Load()).Read(b)
}

func (c *eitherConn) inner() net.Conn {
	if in := c.in.Load(); in != nil {
		return *in
	}
	return c.Conn
}

func (c *eitherConn) Write(b []byte) (int, error) { return c.inner().Write(b) }

func (c *eitherConn) Close() error { return c.inner().Close() }

// CloseWrite ends what is sent, where the connection can.
func (c *eitherConn) CloseWrite() error {
	if half, ok := c.inner().(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// begunConn gives the first byte back.
type begunConn struct {
	net.Conn
	first []byte
}

func (c *begunConn) Read(b []byte) (int, error) {
	if len(c.first) > 0 && len(b) > 0 {
		n := copy(b, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}

func (c *begunConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
