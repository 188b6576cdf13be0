package relay

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

// keeper has the bytes of files: a folder or a bucket. What a file is stands in
// the store, which learns of it before its keeper does, and forgets it before
// its keeper does: what a crash leaves in between is bytes that no file has,
// and the sweeper finds them.
type keeper interface {
	about() string // where, for the operator
	// room tells whether so many bytes more can be kept.
	room(size int64) *wire.Error
	// hold keeps every other process from beginning and removing files, where a
	// name may be used twice.
	hold() (release func(), err error)
	// begin makes place for a file that the store knows.
	begin(f store.File) error
	// there is how many bytes of a file arrived for good.
	there(f store.File) int64
	// write keeps what comes, behind the first offset bytes, and returns how
	// many bytes of it are kept. Its caller holds the upload's lock.
	write(ctx context.Context, f store.File, offset int64, src io.Reader) (int64, error)
	// finish makes a file of all of its bytes and returns their checksum, in
	// hex. It may have been called before. Its caller holds the upload's lock.
	finish(f store.File) (sum string, err error)
	// size is how many bytes of a whole file there are.
	size(f store.File) (int64, error)
	// resting tells whether nothing was written to an upload since a time.
	resting(f store.File, since time.Time) bool
	// remove takes the bytes of a file away that the store forgot.
	remove(f store.File) error
	// send answers a request for a whole file.
	send(w http.ResponseWriter, req *http.Request, f store.File)
	// unknown calls found with what lies there since before a time and is no
	// file's; take takes it away.
	unknown(ctx context.Context, before time.Time, found func(name string, take func() error) error) error
	// lockers wraps the locks of this process's uploads into those that all
	// relays have which share the keeper. ask tells the others that one of
	// theirs is wanted.
	lockers(in handler.Locker, ask func(id string)) (handler.Locker, error)
	close() error
}

// Steps at which a test ends what is under way, as if the relay was killed.
const (
	stepKnown    = "the store knows the file, its keeper does not"
	stepPart     = "a part is in the bucket, the store does not know"
	stepWhole    = "the file is whole, the store does not know"
	stepFinished = "the store knows that the file is whole"
	stepForgot   = "the store forgot the file, its keeper did not"
)

// at is a step. It fails where a test wants that.
func (r *Relay) at(step string) error {
	if r.config.fault == nil {
		return nil
	}
	return r.config.fault(step)
}
