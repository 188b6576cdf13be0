package relay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"golang.org/x/exp/slog"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

// uploads is the tus server, in front of the keeper of files.
type uploads struct {
	relay  *Relay
	keeper keeper
	tus    http.Handler
	locker handler.Locker
}

// Times that tusd waits.
const (
	lockTimeout    = 15 * time.Second
	networkTimeout = 30 * time.Second
	wrapUpTime     = 100 * time.Millisecond
)

func newUploads(r *Relay) (*uploads, error) {
	k, err := openKeeper(r)
	if err != nil {
		return nil, err
	}
	u := &uploads{relay: r, keeper: k}
	u.locker, err = k.lockers(memorylocker.New(), func(id string) { r.bus.publish(notice{Kind: noticeWanted, ID: id}) })
	if err != nil {
		return nil, errors.Join(err, k.close())
	}
	composer := handler.NewStoreComposer()
	composer.UseCore(u)
	composer.UseTerminater(u)
	composer.UseLocker(gentleLocker{u.locker})
	base := wire.PathFiles
	if r.config.PublicURL != "" || r.scheme() == "https" {
		base = r.url + wire.PathFiles
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
	// What is buffered on the way to here is not to come.
	defer expect(req, req.ContentLength-buffered)()
	u.tus.ServeHTTP(w, told)
}

// location is the URL of an upload, as tusd tells it.
func (u *uploads) location(req *http.Request, id string) string {
	if u.relay.config.PublicURL != "" || u.relay.scheme() == "https" {
		return u.relay.url + wire.PathFiles + id
	}
	return "http://" + req.Host + wire.PathFiles + id
}

// wanted is called when another relay waits for an upload.
func (u *uploads) wanted(id string) {
	if shared, ok := u.locker.(*sharedLocker); ok {
		shared.wanted(id)
	}
}

// whole finishes an upload of which all bytes are there, but whose end was not
// noted: the relay was killed in between.
func (u *uploads) whole(f store.File) (store.File, error) {
	if f.Finished > 0 || u.keeper.there(f) < f.Size {
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

// finish makes a whole file of an upload and notes it. Its lock is held.
func (u *uploads) finish(f store.File) error {
	sum, err := u.keeper.finish(f)
	if err != nil {
		return err
	}
	if a := announced(f); a != "" && sum != a {
		u.relay.log.Warn("checksum mismatch", "file", f.ID)
		if err := u.remove(f, true); err != nil {
			return err
		}
		return wire.NewError(wire.CodeChecksumMismatch, "What arrived is not what was announced, so it was thrown away. Send the file again.", true)
	}
	if err := u.relay.at(stepWhole); err != nil {
		return err
	}
	if err := u.relay.store.FinishFile(f.ID, sum); err != nil {
		return err
	}
	if err := u.relay.at(stepFinished); err != nil {
		return err
	}
	u.relay.metrics.finished.Inc()
	return nil
}

// remove takes a file away that nobody was given: first from the store, so
// that what a crash leaves is a file that nobody knows, which the sweeper finds.
func (u *uploads) remove(f store.File, unfinished bool) error {
	return u.take(f, func() error { return u.relay.store.RemoveFile(f.ID, unfinished) })
}

// expire takes the bytes of a whole file away, whoever was given it.
func (u *uploads) expire(f store.File) error {
	return u.take(f, func() error { return u.relay.store.ExpireFile(f.ID) })
}

func (u *uploads) take(f store.File, forget func() error) error {
	release, err := u.keeper.hold()
	if err != nil {
		return err
	}
	defer release()
	if err := forget(); err != nil {
		return err
	}
	if err := u.relay.at(stepForgot); err != nil {
		return err
	}
	return u.keeper.remove(f)
}

// beforeCreation gives an upload the id that its ticket has.
func (u *uploads) beforeCreation(event handler.HookEvent) (handler.HTTPResponse, handler.FileInfoChanges, error) {
	t := ticketOf(event.Context)
	if t == nil {
		return handler.HTTPResponse{}, handler.FileInfoChanges{}, u.tusError(errInternal)
	}
	if e := u.keeper.room(event.Upload.Size); e != nil {
		return handler.HTTPResponse{}, handler.FileInfoChanges{}, u.tusError(e)
	}
	changes := handler.FileInfoChanges{ID: t.File, MetaData: handler.MetaData{}}
	if _, asked := event.Upload.MetaData[askedCRC]; asked {
		changes.MetaData[askedCRC] = askedCRC
	}
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
	name, sum := checksumHeader(f)
	return handler.HTTPResponse{Header: handler.HTTPHeader{name: sum}}, nil
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
