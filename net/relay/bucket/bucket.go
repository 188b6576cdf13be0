// Package bucket is what a relay needs of a cloud store to keep files there.
// Below it is a package for each kind, so that a program which does not import
// one does not link its library. A relay calls them from its requests and its
// sweeper; they start no goroutines.
//
// An object is written in parts, in their order, by one process at a time, and
// is read only when it is whole. The relay remembers which parts there are.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"
)

// ErrNotFound: there is no such object, or no such upload any more.
var ErrNotFound = errors.New("bucket: not found")

// Missing makes ErrNotFound of an error that says so in a store's own way.
func Missing(err error) error { return fmt.Errorf("%w: %w", ErrNotFound, err) }

// LeastPart is the fewest bytes that any part but the last may have, MostParts
// how many an object may have.
const (
	LeastPart = 5 << 20
	MostParts = 10000
)

// Object is one that List found. Of one that is not whole, Upload is what
// Abort takes.
type Object struct {
	Name     string
	Upload   string
	Modified time.Time
}

// Bucket is an open bucket. Names are below its own prefix. Every method may be
// called again after it failed, and by several goroutines.
type Bucket interface {
	// About says in words, without secrets, which one it is.
	About() string
	// Check fails, with a sentence, when the bucket can't be reached or used.
	Check(ctx context.Context) error
	// Begin makes place for an object in parts.
	Begin(ctx context.Context, name string) (upload string, err error)
	// Part keeps part n, from 1, and returns how the bucket calls it. A part that
	// is sent again takes the place of the first one.
	Part(ctx context.Context, name, upload string, n int, b []byte) (tag string, err error)
	// Complete makes an object of all parts. ErrNotFound: the upload is over.
	Complete(ctx context.Context, name, upload string, tags []string) error
	// Abort gives an upload up, with its parts. One that is over is no error.
	Abort(ctx context.Context, name, upload string, tags []string) error
	// Put makes a small object at once.
	Put(ctx context.Context, name string, b []byte) error
	// Get reads an object from a byte on.
	Get(ctx context.Context, name string, offset int64) (io.ReadCloser, error)
	// Size is the bytes of an object.
	Size(ctx context.Context, name string) (int64, error)
	// Delete takes an object away; one that is not there is no error.
	Delete(ctx context.Context, name string) error
	// Link is a URL by which everybody can read an object for a time.
	Link(ctx context.Context, name string, life time.Duration) (string, error)
	// List calls each for every object and every upload.
	List(ctx context.Context, each func(Object) error) error
	// Close lets go of connections.
	Close()
}

// Opener opens the bucket that a URL names. Its secrets are in the environment.
type Opener func(*url.URL) (Bucket, error)
