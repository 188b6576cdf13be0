// Package acme gets a relay's certificate from an authority that speaks ACME,
// like Let's Encrypt. The relay's own listener answers the authority
// (TLS-ALPN-01), so one port is all that has to be reached.
package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	"go.uber.org/zap"

	"satchel/net/relay"
)

// folderName is where certificates lie, in the relay's folder.
const folderName = "acme"

// Authority is the way to one certificate.
type Authority struct {
	name      string
	directory string
	roots     *x509.CertPool // nil: the system's
	config    *certmagic.Config
	cache     *certmagic.Cache
}

// New opens the folder. It asks nobody.
func New(c relay.Config, name string, port int) (relay.Authority, error) {
	if c.Dir == "" {
		return nil, errors.New("a certificate of an authority is kept in a folder: name one with --data, for several relays the same one")
	}
	a := &Authority{name: name, directory: c.ACME}
	if a.directory == "" {
		a.directory = certmagic.LetsEncryptProductionCA
	}
	if c.ACMERoots != "" {
		pem, err := os.ReadFile(c.ACMERoots)
		if err != nil {
			return nil, fmt.Errorf("the authority's roots can't be read: %w", err)
		}
		a.roots = x509.NewCertPool()
		if !a.roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("there is no certificate in %s", c.ACMERoots)
		}
	}
	said := zap.New(sink{c.Logger})
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.config, nil }, Logger: said})
	a.config = certmagic.New(a.cache, certmagic.Config{Storage: &certmagic.FileStorage{Path: filepath.Join(c.Dir, folderName)}, Logger: said})
	a.config.Issuers = []certmagic.Issuer{certmagic.NewACMEIssuer(a.config, certmagic.ACMEIssuer{
		CA: a.directory, TestCA: a.directory, Agreed: true, TrustedRoots: a.roots, DisableHTTPChallenge: true, AltTLSALPNPort: port, Logger: said})}
	return a, nil
}

// TLS answers people, and the authority.
func (a *Authority) TLS() *tls.Config {
	c := a.config.TLSConfig()
	c.MinVersion = tls.VersionTLS12
	c.NextProtos = []string{"http/1.1", acmez.ACMETLS1Protocol} // a WebSocket needs HTTP/1.1
	return c
}

// Run implements relay.Authority's. What goes wrong is in the log, and tried
// again, less often from time to time.
func (a *Authority) Run(ctx context.Context) error {
	defer a.cache.Stop()
	if err := a.config.ManageAsync(ctx, []string{a.name}); err != nil {
		return err
	}
	<-ctx.Done() // the cache renews it meanwhile
	return nil
}

// About implements relay.Authority's.
func (a *Authority) About(ctx context.Context) (string, error) {
	defer a.cache.Stop()
	if have, err := a.config.CacheManagedCertificate(ctx, a.name); err == nil && len(have.Certificate.Certificate) > 0 && have.Leaf != nil {
		return fmt.Sprintf("a certificate for %s, good until %s, renewed before by %s", a.name, have.Leaf.NotAfter.UTC().Format(time.DateOnly), a.directory), nil
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: a.roots}}
	defer transport.CloseIdleConnections()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, a.directory, nil)
	if err != nil {
		return "", fmt.Errorf("the authority's address is no URL: %w", err)
	}
	answer, err := (&http.Client{Transport: transport, Timeout: 30 * time.Second}).Do(q)
	if err != nil {
		return "", fmt.Errorf("the authority can't be reached: %w", err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the authority at %s answers %s", a.directory, answer.Status)
	}
	return fmt.Sprintf("a certificate for %s will be got from %s, which asks at port 443 of that name", a.name, a.directory), nil
}
