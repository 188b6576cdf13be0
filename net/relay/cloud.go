package relay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"

	"satchel/net/relay/bucket"
	"satchel/net/relay/store"
	"satchel/net/wire"
)

// Times of a bucket.
const (
	cloudTime = 10 * time.Minute // for one request of the relay's to it
	linkTime  = 15 * time.Minute // how long a link admits requests; one that began goes on
)

// cloud keeps files in a bucket. They arrive in parts; what is behind the last
// part lies in an object of its own, the tail. The store notes every step after
// the bucket has it, with the running hash: how much of a file is there is what
// the store says, at every relay.
//
// An object's name has the time in it at which its file was begun. So no name
// is used a second time, and whatever deletes one late deletes nothing new.
type cloud struct {
	relay  *Relay
	bucket bucket.Bucket
	part   int64         // bytes of a part, at least
	proxy  bool          // people can't reach the bucket: the relay passes the bytes on
	life   time.Duration // of links
	locks  *store.Locks  // among relays; nil: this is the only one
}

func openCloud(r *Relay, open bucket.Opener, u *url.URL) (*cloud, error) {
	own := *u
	q := own.Query()
	proxy := q.Get("proxy")
	q.Del("proxy")
	own.RawQuery = q.Encode()
	if proxy != "" && proxy != "0" && proxy != "1" {
		return nil, errors.New("proxy is 1 or 0 in the URL of a bucket")
	}
	b, err := open(&own)
	if err != nil {
		return nil, err
	}
	c := &cloud{relay: r, bucket: b, part: r.limits.part, proxy: proxy == "1", life: linkTime}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := b.Check(ctx); err != nil {
		b.Close()
		return nil, err
	}
	return c, nil
}

func (c *cloud) about() string {
	if c.proxy {
		return c.bucket.About() + ", passed on by the relay"
	}
	return c.bucket.About() + ", read by links that are signed for " + c.life.String()
}

func (c *cloud) close() error {
	c.bucket.Close()
	if c.locks != nil {
		return c.locks.Close()
	}
	return nil
}

func (c *cloud) lockers(in handler.Locker, ask func(id string)) (handler.Locker, error) {
	var err error
	if c.locks, err = c.relay.store.Locks(); err != nil || c.locks == nil {
		return in, err
	}
	return newSharedLocker(in, ask, c.locks.Try), nil
}

func (c *cloud) room(int64) *wire.Error { return nil } // the quota bounds it

func (c *cloud) hold() (func(), error) { return func() {}, nil } // no name is

func (c *cloud) begin(store.File) error { return nil }

func (c *cloud) there(f store.File) int64 {
	if f.Finished > 0 {
		return f.Size
	}
	return f.Hashed
}

func (c *cloud) size(f store.File) (int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), cloudTime)
	defer cancel()
	return c.bucket.Size(ctx, objectName(f))
}

func (c *cloud) resting(f store.File, since time.Time) bool {
	return max(f.Created, f.Moved) <= since.UnixMilli()
}

// objectName is what a file is called in the bucket; of it names the tails.
func objectName(f store.File) string { return f.ID + "." + strconv.FormatInt(f.Created, 36) }

// partSize is how many bytes the parts of a file have, but the last.
func (c *cloud) partSize(f store.File) int64 {
	const step = 1 << 20
	return max(c.part, (f.Size/(bucket.MostParts-1)+step-1)/step*step)
}

// finish makes one object of the parts, unless that was done before.
func (c *cloud) finish(f store.File) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), cloudTime)
	defer cancel()
	a, err := c.arrival(ctx, f)
	if err != nil {
		return "", err
	}
	name := objectName(f)
	tags, err := c.relay.store.Parts(f.ID)
	if err != nil {
		return "", err
	}
	switch {
	case f.Size == 0:
		err = c.bucket.Put(ctx, name, nil)
	case len(tags) > 0: // else it was put at once
		err = c.bucket.Complete(ctx, name, f.Upload, tags)
		// Completed before, and the answer was lost: then it is whole.
		if size, missing := c.bucket.Size(ctx, name); err != nil && missing == nil && size == f.Size {
			err = nil
		}
	}
	if err == nil {
		var size int64
		if size, err = c.bucket.Size(ctx, name); err == nil && size != f.Size {
			err = fmt.Errorf("the object has %d bytes and not %d", size, f.Size)
		}
	}
	if err != nil {
		return "", fmt.Errorf("%s was not made whole in the bucket: %w", name, err)
	}
	return hexSum(a.hash), nil
}

func (c *cloud) remove(f store.File) error {
	ctx, cancel := context.WithTimeout(context.Background(), cloudTime)
	defer cancel()
	if f.Finished == 0 && f.Upload != "" {
		// The store has no parts any more; the sweeper finds what has a name of its own.
		if err := c.bucket.Abort(ctx, objectName(f), f.Upload, nil); err != nil {
			return err
		}
	}
	if f.Tail != "" {
		if err := c.bucket.Delete(ctx, f.Tail); err != nil {
			return err
		}
	}
	return c.bucket.Delete(ctx, objectName(f))
}

func (c *cloud) send(w http.ResponseWriter, req *http.Request, f store.File) {
	if c.proxy || f.Size == 0 {
		in := &object{ctx: req.Context(), bucket: c.bucket, name: objectName(f), size: f.Size}
		defer in.close()
		c.relay.serveContent(w, req, f, in)
		return
	}
	link, err := c.bucket.Link(req.Context(), objectName(f), c.life)
	if err != nil {
		c.relay.log.Error("no link to a file", "file", f.ID, "error", err)
		c.relay.refuseFile(w, errInternal)
		return
	}
	tellChecksum(w.Header(), f)
	w.Header().Set("Location", link)
	w.WriteHeader(http.StatusTemporaryRedirect)
}

func (c *cloud) unknown(ctx context.Context, before time.Time, found func(string, func() error) error) error {
	return c.bucket.List(ctx, func(o bucket.Object) error {
		if err := ctx.Err(); err != nil || o.Modified.After(before) {
			return err
		}
		known, err := c.known(o)
		if known || err != nil {
			return err
		}
		return found(o.Name, func() error {
			if o.Upload != "" {
				return c.bucket.Abort(ctx, o.Name, o.Upload, nil)
			}
			return c.bucket.Delete(ctx, o.Name)
		})
	})
}

// known tells whether an object, or an upload, is one that a file of the store
// still needs. What has no name of ours is somebody else's, and let be.
func (c *cloud) known(o bucket.Object) (bool, error) {
	id, rest, _ := strings.Cut(o.Name, ".")
	begun, rest, more := strings.Cut(rest, ".")
	if _, err := strconv.ParseInt(begun, 36, 64); err != nil || !isFile(id) {
		return true, nil
	}
	f, err := c.relay.store.File(id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case f.Gone > 0, objectName(f) != id+"."+begun:
		return false, nil
	case o.Upload != "":
		return f.Finished == 0 && (f.Upload == o.Upload || f.Upload == ""), nil
	case !more:
		return true, nil
	case strings.HasPrefix(rest, "tail."):
		return f.Tail == o.Name, nil
	}
	return f.Finished == 0, nil // a part that has a name of its own
}
