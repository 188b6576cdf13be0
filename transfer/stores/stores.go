// Package stores opens whatever store a person has described: it links all
// handlers of the box. The programs call it; who needs one handler only imports
// that one's package.
package stores

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"satchel/transfer"
	"satchel/transfer/azblob"
	"satchel/transfer/dir"
	"satchel/transfer/gs"
	"satchel/transfer/s3"
	"satchel/transfer/web"
	"satchel/transfer/webdav"
)

// Kinds are the values of "kind" in the settings of a store.
const (
	KindS3     = "s3"
	KindAzure  = "azblob"
	KindGoogle = "gs"
	KindWebDAV = "webdav"
	KindWeb    = "http"
	KindFolder = "dir"
	KindTus    = "tus"
)

// Tus is the settings of a tus server other than a relay.
type Tus struct {
	Endpoint string `json:"endpoint"` // where uploads are created
}

// Secrets finds the secret of a store by the name that Account gives it: in the
// system's keyring. "" is for a store that asks for none. Its errors are for the
// person.
type Secrets func(account string) (string, error)

// Open returns the handler for settings like
//
//	{"kind": "s3", "endpoint": "https://s3.example.org", "bucket": "files", "access_key": "AKIA…"}
//
// with the fields of the Config of that kind. The secret is asked for when it is
// needed first. Nothing is sent; transfer.Probe tries it. The errors are for the
// person.
func Open(settings json.RawMessage, secrets Secrets) (transfer.Handler, error) {
	kind, account, err := read(settings)
	if err != nil {
		return nil, err
	}
	secret := func() (string, error) { return secrets(account) }
	switch kind {
	case KindS3:
		return open(settings, func(c s3.Config) (*s3.Store, error) { return s3.New(c, secret) })
	case KindAzure:
		return open(settings, func(c azblob.Config) (*azblob.Store, error) { return azblob.New(c, secret) })
	case KindGoogle:
		return open(settings, func(c gs.Config) (*gs.Store, error) { return gs.New(c, secret) })
	case KindWebDAV:
		return open(settings, func(c webdav.Config) (*webdav.Store, error) { return webdav.New(c, secret) })
	case KindWeb:
		return open(settings, func(c web.Config) (transfer.Handler, error) { return web.New(c, secret) })
	case KindFolder:
		return open(settings, dir.New)
	case KindTus:
		return open(settings, func(c Tus) (*transfer.Tus, error) {
			if _, err := transfer.BaseURL(c.Endpoint); err != nil {
				return nil, err
			}
			return transfer.NewTus(transfer.TusConfig{Endpoint: c.Endpoint}), nil
		})
	}
	return nil, transfer.Final("This version of Satchel does not know this kind of store. A newer one may.", fmt.Errorf("kind %q", kind))
}

// open decodes the settings strictly: a field that is misspelt is told.
func open[C any, H transfer.Handler](settings json.RawMessage, make func(C) (H, error)) (transfer.Handler, error) {
	var all struct {
		Kind string `json:"kind"`
	}
	var fields map[string]json.RawMessage
	var cfg C
	err := json.Unmarshal(settings, &all)
	if err == nil {
		err = json.Unmarshal(settings, &fields)
	}
	if err == nil {
		delete(fields, "kind")
		var rest []byte
		if rest, err = json.Marshal(fields); err == nil {
			d := json.NewDecoder(bytes.NewReader(rest))
			d.DisallowUnknownFields()
			err = d.Decode(&cfg)
		}
	}
	if err != nil {
		return nil, unreadable(err)
	}
	h, err := make(cfg)
	if err != nil {
		return nil, err // not a nil *Store in an interface
	}
	return h, nil
}

func unreadable(err error) error {
	return transfer.Final("The settings of the store can't be read. Enter them again.", err)
}

// Account names the secret of a store in a keyring. It changes with who is known
// to the store and where, and not with the rest of the settings.
func Account(settings json.RawMessage) (string, error) {
	_, account, err := read(settings)
	return account, err
}

func read(settings json.RawMessage) (kind, account string, err error) {
	f, err := fields(settings)
	if err != nil {
		return "", "", err
	}
	return f.Kind, f.Kind + " " + cmp.Or(f.AccessKey, f.Account, f.User, f.Bucket) + "@" + host(cmp.Or(f.Endpoint, f.URL)), nil
}

// ID names a store in transfers: by its kind and where files go, and so not by how
// its links are made.
func ID(settings json.RawMessage) (string, error) {
	f, err := fields(settings)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Kind, f.Endpoint, f.URL, f.AccessKey, f.Account, f.User, f.Bucket, f.Container, f.Prefix, f.Share}, "\x00")))
	return f.Kind + "-" + hex.EncodeToString(sum[:8]), nil
}

// Name says in a few words where files go: "bucket files at s3.example.org".
func Name(settings json.RawMessage) string {
	f, err := fields(settings)
	if err != nil {
		return ""
	}
	switch f.Kind {
	case KindS3:
		return f.Bucket + " · " + host(f.Endpoint)
	case KindGoogle:
		return f.Bucket + " · " + host(cmp.Or(f.Endpoint, "https://storage.googleapis.com"))
	case KindAzure:
		return f.Container + " · " + f.Account
	case KindFolder:
		return f.Share + " · " + f.Path
	}
	return host(cmp.Or(f.URL, f.Endpoint))
}

// KindOf is the kind in settings; "" where there is none.
func KindOf(settings json.RawMessage) string {
	f, _ := fields(settings)
	return f.Kind
}

// HasSecret tells whether stores of this kind may ask for one.
func HasSecret(settings json.RawMessage) bool {
	k := KindOf(settings)
	return k != KindFolder && k != KindTus
}

// host is of an address; the address itself where that is none.
func host(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return address
}

// named are the fields by which stores differ.
type named struct {
	Kind      string `json:"kind"`
	Endpoint  string `json:"endpoint"`
	URL       string `json:"url"`
	AccessKey string `json:"access_key"`
	Account   string `json:"account"`
	User      string `json:"user"`
	Bucket    string `json:"bucket"`
	Container string `json:"container"`
	Prefix    string `json:"prefix"`
	Share     string `json:"share"`
	Path      string `json:"path"`
}

func fields(settings json.RawMessage) (f named, err error) {
	if err := json.Unmarshal(settings, &f); err != nil {
		return f, unreadable(err)
	}
	if f.Kind == "" {
		return f, unreadable(errors.New("no kind"))
	}
	return f, nil
}
