//go:build servers

package acme

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/miekg/dns"

	"satchel/net/relay"
	"satchel/net/wire"
	"satchel/transfer/storetest"
)

const name = "relay.example.test"

// patience bounds every wait.
const patience = time.Minute

// pebble is the authority that Let's Encrypt tests with. It finds every name at
// 127.0.0.1, and asks there at the port of the relay. It returns the directory,
// the file of what its own address is trusted by, and its management's address.
func pebble(t *testing.T, relayPort int) (directory, roots, manage string) {
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pebble"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, own, own, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	port, managePort := storetest.FreePort(t), storetest.FreePort(t)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{"listenAddress": fmt.Sprintf("127.0.0.1:%d", port), "managementListenAddress": fmt.Sprintf("127.0.0.1:%d", managePort),
		"certificate": filepath.Join(dir, "cert.pem"), "privateKey": filepath.Join(dir, "key.pem"), "httpPort": 1, "tlsPort": relayPort}})
	if err != nil {
		t.Fatal(err)
	}
	for file, b := range map[string][]byte{"cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		"key.pem": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}), "config.json": config} {
		if err := os.WriteFile(filepath.Join(dir, file), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	questions, err := net.Listen("tcp", "127.0.0.1:0") // pebble asks so
	if err != nil {
		t.Fatal(err)
	}
	names := &dns.Server{Listener: questions, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		if len(q.Question) == 1 && q.Question[0].Qtype == dns.TypeA {
			m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: net.IPv4(127, 0, 0, 1)}}
		}
		_ = w.WriteMsg(m)
	})}
	served := make(chan error, 1)
	go func() { served <- names.ActivateAndServe() }()
	t.Cleanup(func() {
		if err := names.Shutdown(); err != nil {
			questions.Close()
		}
		<-served
	})
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	at := storetest.Start(t, port, storetest.Tool(t, "pebble"), "-config", filepath.Join(dir, "config.json"), "-dnsserver", questions.Addr().String())
	return "https://" + at + "/dir", filepath.Join(dir, "cert.pem"), fmt.Sprintf("https://127.0.0.1:%d", managePort)
}

// A relay gets a certificate for its name from a real authority, which asks at
// the relay's own port. People reach it by that, WebSocket and all; opened anew
// it has the certificate still.
func TestACME(t *testing.T) {
	port := storetest.FreePort(t)
	directory, roots, manage := pebble(t, port)
	config := relay.Config{Dir: t.TempDir(), Listen: fmt.Sprintf("127.0.0.1:%d", port), TLS: "acme:" + name, ACME: directory, ACMERoots: roots, Authority: New,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}
	about := func(want string) {
		t.Helper()
		r, err := relay.Open(config)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if said, err := r.About(t.Context()); err != nil || !strings.Contains(said, want) {
			t.Errorf("%q is not in %q: %v", want, said, err)
		}
	}
	about("will be got from " + directory)
	r, err := relay.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx) }()
	if want := fmt.Sprintf("https://%s:%d", name, port); r.URL() != want {
		t.Errorf("%s, not %s", r.URL(), want)
	}
	own := x509.NewCertPool()
	pemBytes, err := os.ReadFile(roots)
	if err != nil || !own.AppendCertsFromPEM(pemBytes) {
		t.Fatal(err)
	}
	get := func(roots *x509.CertPool, url string) ([]byte, error) {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, strings.Replace(address, name, "127.0.0.1", 1))
		}}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport, Timeout: patience}).Get(url)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		return io.ReadAll(resp.Body)
	}
	root, err := get(own, manage+"/roots/0")
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(root) {
		t.Fatalf("%s", root)
	}
	for until := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		b, err := get(trusted, r.URL()+wire.PathHealth)
		if err == nil && string(b) == "ok\n" {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("there is no certificate: %v %s", err, b)
		}
	}
	d := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}, TLSClientConfig: &tls.Config{RootCAs: trusted},
		NetDial: func(network, _ string) (net.Conn, error) {
			return net.Dial(network, fmt.Sprintf("127.0.0.1:%d", port))
		}}
	ws, _, err := d.Dial("wss"+strings.TrimPrefix(r.URL(), "https")+wire.PathSocket, nil)
	if err != nil {
		t.Fatal(err)
	}
	ws.Close()
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	about("a certificate for " + name + ", good until ")
}
