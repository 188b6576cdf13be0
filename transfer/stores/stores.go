// Package stores opens whatever store a person has described: it links all
// handlers of the box. The programs call it; who needs one handler only imports
// that one's package.
package stores

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

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
	var f struct {
		Kind      string `json:"kind"`
		Endpoint  string `json:"endpoint"`
		URL       string `json:"url"`
		AccessKey string `json:"access_key"`
		Account   string `json:"account"`
		User      string `json:"user"`
		Bucket    string `json:"bucket"`
	}
	if err := json.Unmarshal(settings, &f); err != nil {
		return "", "", unreadable(err)
	}
	if f.Kind == "" {
		return "", "", unreadable(errors.New("no kind"))
	}
	where := cmp.Or(f.Endpoint, f.URL)
	if u, err := url.Parse(where); err == nil && u.Host != "" {
		where = u.Host
	}
	who := cmp.Or(f.AccessKey, f.Account, f.User, f.Bucket)
	return f.Kind, f.Kind + " " + who + "@" + where, nil
}

// Add makes a store known to a registry under its kind: the one that uploads, if
// the registry was made for that name; and the one that downloads what lies in
// a folder of its own. Files that lie at an http or https URL are anybody's, and
// need no store.
func Add(r *transfer.Registry, settings json.RawMessage, h transfer.Handler) error {
	kind, _, err := read(settings)
	if err != nil {
		return err
	}
	if kind == KindFolder {
		r.Add(kind, h, dir.Scheme)
	} else {
		r.Add(kind, h)
	}
	return nil
}
