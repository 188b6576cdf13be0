package relay

import (
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"satchel/net/relay/bucket"
	"satchel/net/relay/store"
)

// Config is how a relay is run. Only Dir is needed, and not even that where
// Database is PostgreSQL and Files is named.
type Config struct {
	Dir       string // everything that the relay keeps, but what is kept elsewhere
	Database  string // sqlite:PATH or postgres://…; "": sqlite in Dir
	Files     string // file:///FOLDER, or a bucket's URL, which relays on one database share; "": in Dir
	Bus       string // local or nats://…, by which relays on one database hear of each other; "": local
	Listen    string // host:port; "": 127.0.0.1:7465
	TLS       string // off, self, or acme:NAME; "": off
	ACME      string // directory of the authority, a URL; "": Let's Encrypt
	ACMERoots string // file of certificates, in PEM, that are trusted there; "": the system's
	PublicURL string // how clients reach it, without a slash at the end; "": made from the address that it listens on
	Name      string // for people; "": Satchel relay
	MaxFile   int64  // bytes; 0: 64 GiB
	Quota     store.Quota
	Retention Retention
	// EditWindow is in which clients let a message be edited and deleted; 0: always.
	EditWindow time.Duration
	Logger     *slog.Logger
	Metrics    string // host:port of the page of numbers; "": none
	Limits     Limits

	// Buckets open the kinds of Files that are not folders, by the URL's scheme.
	Buckets map[string]bucket.Opener `json:"-"`
	// Authority gets certificates for acme:NAME. It keeps them in Dir; port is
	// where this relay listens.
	Authority func(c Config, name string, port int) (Authority, error) `json:"-"`

	fault func(step string) error // ends what is under way, for tests; nil: nothing does
}

// database is the one that store.Open takes.
func (c Config) database() string {
	if c.Database != "" {
		return c.Database
	}
	return filepath.Join(c.Dir, databaseName)
}

// openKeeper opens what Config.Files names.
func openKeeper(r *Relay) (keeper, error) {
	c := r.config
	if c.Files == "" {
		return openFolder(r, filepath.Join(c.Dir, filesName), false)
	}
	u, err := url.Parse(c.Files)
	if err != nil {
		return nil, errors.New("where files lie is named by a URL, like file:///srv/satchel")
	}
	if open := c.Buckets[u.Scheme]; open != nil {
		return openCloud(r, open, u)
	}
	if u.Scheme != "file" || u.Host != "" || !strings.HasPrefix(u.Path, "/") {
		return nil, errors.New("files lie in a folder, named like file:///srv/satchel" + bucketNames(c.Buckets))
	}
	return openFolder(r, filepath.FromSlash(u.Path), true)
}

// bucketNames goes on after the name of a folder.
func bucketNames(all map[string]bucket.Opener) string {
	if len(all) == 0 {
		return ""
	}
	return ", or in a bucket, like " + strings.Join(slices.Sorted(maps.Keys(all)), "://NAME, ") + "://NAME"
}

func (r *Relay) quota() store.Quota { return r.config.Quota }

// IsPostgres tells whether a Config.Database is shared by several relays.
func IsPostgres(database string) bool { return store.IsPostgres(database) }
