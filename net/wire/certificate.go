package wire

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// clockSlack is how wrong a client's clock may be for a relay's own certificate.
const clockSlack = 24 * time.Hour

// ErrCertificate: neither the relay's key nor an authority that this computer
// trusts stands for the certificate.
var ErrCertificate = errors.New("the certificate is not the relay's")

// VerifyCertificate checks the certificates of a connection to a relay at a
// host, of which the key is known, base64url. The first one is signed with that
// key: so a relay needs no authority, and its address no name. Or it is one that
// this computer trusts for the host, as for any site.
func VerifyCertificate(state *tls.ConnectionState, host, key string, now time.Time) error {
	if len(state.PeerCertificates) == 0 {
		return ErrCertificate
	}
	leaf := state.PeerCertificates[0]
	public, err := UnB64(key)
	if err == nil && len(public) == ed25519.PublicKeySize && leaf.SignatureAlgorithm == x509.PureEd25519 &&
		now.Before(leaf.NotAfter.Add(clockSlack)) && ed25519.Verify(public, leaf.RawTBSCertificate, leaf.Signature) {
		return nil
	}
	others := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		others.AddCert(c)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Intermediates: others, CurrentTime: now}); err != nil {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return nil
}

// ClientTLS is the configuration of a client's connections to a relay. Relay
// tells its base URL's host and its key, at the time of a connection; with an
// empty key, whoever connects has to check the certificate later.
func ClientTLS(relay func() (host, key string)) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		// VerifyConnection takes its place: it is called always, also when a session is resumed.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			host, key := relay()
			if key == "" {
				return nil
			}
			return VerifyCertificate(&state, host, key, time.Now())
		},
	}
}
