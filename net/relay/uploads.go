package relay

import (
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"golang.org/x/exp/slog"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

// uploads is the tus server and the folder that it writes to. What a file is
// stands in the store; how much of it is there is the length of the file on
// the disk, and nothing else: it can't be ahead of the bytes.
//
// It takes the place of tusd's own file store, which would keep both a second
// time in files of its own, with absolute paths, and never syncs.
type uploads struct {
	relay  *Relay
	dir    string
	tus    http.Handler
	locker handler.Locker
	shared *sharedLocker                   // nil: no other process has the folder
	free   func(dir string) (int64, error) // bytes; tests have a fuller disk

	making making
	mu     sync.Mutex
	hashes map[string]*running // of the uploads that are under way
}

// running is the hash of the first bytes of an upload. Whoever holds the
// upload's lock owns it.
type running struct {
	hash  hash.Hash
	n     int64 // bytes that it covers
	saved int64 // bytes that the store knows of
	of    int64 // when the file was begun: another process may have begun it anew
}

// Bounds of an upload's work, in bytes.
const (
	copyBuffer = 256 << 10 // between two looks at whether messages want to pass
	hashSaved  = 128 << 20 // what is read again, at most, to hash on after a crash
)

// Times that tusd waits.
const (
	lockTimeout    = 15 * time.Second
	networkTimeout = 30 * time.Second
	wrapUpTime     = 100 * time.Millisecond
)

func newUploads(r *Relay) (*uploads, error) {
	dir, err := r.config.files()
	if err != nil {
		return nil, err
	}
	u := &uploads{relay: r, dir: dir, locker: memorylocker.New(), free: freeSpace, hashes: map[string]*running{}}
	if err := os.MkdirAll(u.dir, 0o700); err != nil {
		return nil, fmt.Errorf("the relay's folder for files can't be made: %w", err)
	}
	if r.config.Files != "" {
		u.shared, err = newSharedLocker(u.locker, u.dir, func(id string) { r.bus.publish(notice{Kind: noticeWanted, ID: id}) })
		if err != nil {
			return nil, fmt.Errorf("the relay's folder for files can't be used: %w", err)
		}
		u.locker = u.shared
		u.making.file = flock.New(filepath.Join(u.shared.dir, "making"), flock.SetPermissions(0o600))
	}
	composer := handler.NewStoreComposer()
	composer.UseCore(u)
	composer.UseTerminater(u)
	composer.UseLocker(gentleLocker{u.locker})
	base := wire.PathFiles
	if r.config.PublicURL != "" {
		base = strings.TrimRight(r.config.PublicURL, "/") + wire.PathFiles
	}
	tus, err := handler.NewHandler(handler.Config{
		StoreComposer:                    composer,
		BasePath:                         base,
		MaxSize:                          r.config.MaxFile,
		DisableDownload:                  true,
		DisableConcatenation:             true,
		Cors:                             &handler.CorsConfig{Disable: true},
		Logger:                           slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 1})),
		PreUploadCreateCallback:          u.beforeCreation,
		PreFinishResponseCallback:        u.afterFinish,
		AcquireLockTimeout:               lockTimeout,
		NetworkTimeout:                   networkTimeout,
		GracefulRequestCompletionTimeout: wrapUpTime,
	})
	if err != nil {
		return nil, err
	}
	u.tus = http.StripPrefix(wire.PathFiles, tus)
	return u, nil
}

// serve lets tusd answer a request that was admitted with a ticket.
func (u *uploads) serve(w http.ResponseWriter, req *http.Request, t *ticket) {
	told, end := beginning(req.WithContext(withTicket(req.Context(), t)))
	defer end()
	u.tus.ServeHTTP(w, told)
}

// location is the URL of an upload, as tusd tells it.
func (u *uploads) location(req *http.Request, id string) string {
	if u.relay.config.PublicURL != "" {
		return u.relay.url + wire.PathFiles + id
	}
	return "http://" + req.Host + wire.PathFiles + id
}

func (u *uploads) path(id string) string { return filepath.Join(u.dir, id[:2], id) }

// there is how many bytes of a file are there.
func (u *uploads) there(id string) int64 {
	info, err := os.Stat(u.path(id))
	if err != nil {
		return 0
	}
	return info.Size()
}

// room tells whether the disk takes this many bytes more.
func (u *uploads) room(size int64) *wire.Error {
	free, err := u.free(u.dir)
	if err != nil {
		u.relay.log.Error("free space unknown", "error", err)
		return nil
	}
	if free-minFree < size {
		return errStorageFull
	}
	return nil
}

// whole finishes an upload of which all bytes are there, but whose end was not
// noted: the relay was killed in between.
func (u *uploads) whole(f store.File) (store.File, error) {
	if f.Finished > 0 || u.there(f.ID) < f.Size {
		return f, nil
	}
	lock, err := u.locker.NewLock(f.ID)
	if err != nil {
		return f, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), lockTimeout)
	defer cancel()
	if err := lock.Lock(ctx, func() {}); err != nil {
		return f, errRate
	}
	defer lock.Unlock()
	if f, err = u.relay.store.File(f.ID); err != nil || f.Finished > 0 {
		return f, err
	}
	if err := u.finish(f); err != nil {
		return f, err
	}
	return u.relay.store.File(f.ID)
}

// finish puts a file on the disk for good and notes it. Its lock is held.
func (u *uploads) finish(f store.File) error {
	h, err := u.hashOf(f, f.Size)
	if err != nil {
		return err
	}
	sum := hex.EncodeToString(h.hash.Sum(nil))
	if f.Expected != "" && sum != f.Expected {
		u.relay.log.Warn("checksum mismatch", "file", f.ID)
		if err := u.remove(f.ID, true); err != nil {
			return err
		}
		return wire.NewError(wire.CodeChecksumMismatch, "What arrived is not what was announced, so it was thrown away. Send the file again.", true)
	}
	file, err := u.open(f.ID) // for a crash may have taken an empty one
	if err != nil {
		return err
	}
	if err := errors.Join(file.Close(), syncFile(u.path(f.ID))); err != nil {
		return err
	}
	if err := u.relay.store.FinishFile(f.ID, sum); err != nil {
		return err
	}
	u.forget(f.ID)
	u.relay.metrics.finished.Inc()
	return nil
}

// hashOf returns the running hash of an upload, over exactly its first upTo
// bytes: what it does not cover yet is read from the disk.
func (u *uploads) hashOf(f store.File, upTo int64) (*running, error) {
	u.mu.Lock()
	h := u.hashes[f.ID]
	u.mu.Unlock()
	if h == nil || h.n > upTo || h.of != f.Created {
		h = &running{hash: sha256.New(), of: f.Created}
		if f.Hashed > 0 && f.Hashed <= upTo && h.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(f.Hash) == nil {
			h.n, h.saved = f.Hashed, f.Hashed
		} else {
			h.hash.Reset()
		}
	}
	if h.n < upTo {
		file, err := os.Open(u.path(f.ID))
		if err != nil {
			return nil, err
		}
		defer file.Close()
		n, err := io.Copy(h.hash, io.NewSectionReader(file, h.n, upTo-h.n))
		if h.n += n; err == nil && h.n < upTo {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
	}
	u.mu.Lock()
	u.hashes[f.ID] = h
	u.mu.Unlock()
	return h, nil
}

func (u *uploads) forget(id string) {
	u.mu.Lock()
	delete(u.hashes, id)
	u.mu.Unlock()
}

// remove takes a file away that nobody was given: first from the store, so
// that what a crash leaves is a file that nobody knows, which the sweeper finds.
func (u *uploads) remove(id string, unfinished bool) error {
	if err := u.making.lock(); err != nil {
		return err
	}
	defer u.making.unlock()
	if err := u.relay.store.RemoveFile(id, unfinished); err != nil {
		return err
	}
	u.forget(id)
	if err := os.Remove(u.path(id)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// beforeCreation gives an upload the id that its ticket has.
func (u *uploads) beforeCreation(event handler.HookEvent) (handler.HTTPResponse, handler.FileInfoChanges, error) {
	t := ticketOf(event.Context)
	if t == nil {
		return handler.HTTPResponse{}, handler.FileInfoChanges{}, u.tusError(errInternal)
	}
	if e := u.room(event.Upload.Size); e != nil {
		return handler.HTTPResponse{}, handler.FileInfoChanges{}, u.tusError(e)
	}
	changes := handler.FileInfoChanges{ID: t.File, MetaData: handler.MetaData{}}
	if sum := event.Upload.MetaData["sha256"]; sum != "" {
		if b, err := hex.DecodeString(sum); err != nil || len(b) != sha256.Size {
			return handler.HTTPResponse{}, changes, u.tusError(wire.NewError(wire.CodeBadFrame, "The SHA-256 is not 64 hexadecimal characters.", false))
		}
		changes.MetaData["sha256"] = strings.ToLower(sum)
	}
	return handler.HTTPResponse{}, changes, nil
}

// afterFinish tells the checksum in the answer to the request that brought the last byte.
func (u *uploads) afterFinish(event handler.HookEvent) (handler.HTTPResponse, error) {
	f, err := u.relay.store.File(event.Upload.ID)
	if err != nil {
		return handler.HTTPResponse{}, u.tusError(err)
	}
	return handler.HTTPResponse{Header: handler.HTTPHeader{headerSHA256: f.SHA256}}, nil
}

// tusError gives tusd an answer with our body.
func (u *uploads) tusError(err error) error {
	var e *wire.Error
	switch {
	case errors.As(err, &e):
	case errors.Is(err, store.ErrNotFound):
		e = errFile
	default:
		e = u.relay.refusal(err)
	}
	u.relay.metrics.refused(e)
	return handler.Error{ErrorCode: e.Code, Message: e.Message, HTTPResponse: handler.HTTPResponse{
		StatusCode: statuses[e.Code], Body: problem(e), Header: handler.HTTPHeader{"Content-Type": "application/json"}}}
}
