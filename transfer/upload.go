package transfer

import (
	"cmp"
	"context"
	"errors"
	"os"
	"strings"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/transfer/preview"
)

// upload takes one upload from preparing to done.
func (e *Engine) upload(ctx context.Context, en *entry) error {
	handler, err := e.cfg.Handlers.forUpload(en.t.Store)
	if err != nil {
		return err
	}
	if !en.t.File.IsFolder() { // of a folder it is planned, file by file
		if err := e.edit(ctx, en); err != nil {
			return err
		}
	}
	src, err := e.openSource(ctx, en, handler)
	if err != nil {
		return err
	}
	defer src.Close()
	earlier, err := e.earlier(ctx, en, src, handler)
	if err != nil {
		return err
	}
	if earlier == nil {
		if err := e.seal(en, src); err != nil {
			return e.beginAnew(ctx, en, err)
		}
	}

	file, err := e.preview(ctx, en)
	if err != nil {
		return err
	}
	// A thumbnail is worth a save: it is not made again after a restart.
	made := len(file.Thumbnail) > len(en.t.File.Thumbnail)
	if err := e.step(en, chat.EventMove, made, func(t *chat.Transfer) { t.File = file }); err != nil {
		return Temporary(notSaved, err)
	}
	if earlier != nil {
		return e.sent(en, *earlier)
	}

	request := e.uploadRequest(en, src)
	stop := e.watch(en, en.cancel)
	result, err := handler.Upload(ctx, request)
	stop()
	if failed := src.failed(); failed != nil && ctx.Err() == nil {
		return e.beginAnew(ctx, en, failed)
	}
	if err != nil {
		return err
	}
	sealed, err := src.finish()
	if err != nil {
		return e.beginAnew(ctx, en, err)
	}
	if result.CRC32C != "" && !strings.EqualFold(result.CRC32C, sealed.store) {
		return e.beginAnew(ctx, en, errMismatch)
	}
	if en.t.File.IsFolder() {
		return e.sentTree(en, result.URL, sealed.key)
	}
	return e.sent(en, Stored{URL: result.URL, SHA256: sealed.plain, Key: sealed.key})
}

// openSource opens what an upload reads.
func (e *Engine) openSource(ctx context.Context, en *entry, h Handler) (*source, error) {
	if en.t.File.IsFolder() {
		return e.openTree(ctx, en, h)
	}
	return openSource(ctx, &en.t, en.meter, e.cfg.Words, &e.caps)
}

// sent ends an upload: the store has the file.
func (e *Engine) sent(en *entry, at Stored) error {
	if err := e.step(en, chat.EventFinish, false, whole); err != nil {
		return err
	}
	if err := e.step(en, chat.EventDone, true, func(t *chat.Transfer) {
		t.File.URL, t.File.SHA256, t.File.Key = at.URL, at.SHA256, at.Key
		t.Offset, t.Tries, t.Place, t.Copy = t.File.Size, 0, "", ""
	}); err != nil {
		return Temporary(notSaved, err)
	}
	e.forget(en.t.ID)
	return nil
}

// forget removes what an upload needed on the disk.
func (e *Engine) forget(id chat.TransferID) {
	for _, path := range []string{e.recordPath(id), e.copyPath(id), e.planPath(id)} {
		removePart(path)
	}
}

// unrecorded is up to how many sealed bytes an upload has no record: after a
// crash it begins anew, which costs no more than the least chunk of a handler.
const unrecorded = leastChunk

// seal gives an attempt the sealed form of its file.
func (e *Engine) seal(en *entry, src *source) error {
	path := e.recordPath(en.t.ID)
	save := func(r seal.Record) error { return saveRecord(path, r) }
	if seal.SealedSize(en.t.File.Stored()) <= unrecorded {
		save = func(seal.Record) error { return nil }
	}
	var record *seal.Record
	if en.fresh {
		en.sealing = nil // other keys for another place
	} else {
		record = loadRecord(path)
	}
	err := src.seal(en.sealing, record, save)
	en.sealing = src.sealing
	return err
}

// beginAnew judges why a sealed file did not arrive: what can't be gone on with
// goes once more under another name and other keys, and then no more.
func (e *Engine) beginAnew(ctx context.Context, en *entry, err error) error {
	name := en.t.File.Name
	var once, twice string
	switch {
	case ctx.Err() != nil || errors.As(err, new(*Error)):
		return err
	case errors.Is(err, seal.ErrChanged):
		once = name + " changed while it was being sent. It goes once more, from the start."
		twice = name + " changed while it was being sent. Send it again when nothing writes to it."
	case errors.Is(err, seal.ErrOffset), errors.Is(err, seal.ErrLimit):
		once = "What the server has of the file can't be gone on with. It goes once more, from the start."
		twice = "What the server says of the file makes no sense. Nothing was lost; try again, or ask who runs the server."
	case errors.Is(err, errMismatch):
		once = "What arrived is not what was sent. It goes once more, from the start."
		twice = "What arrived at the server is not what was sent, twice. Nothing was lost; try again, or look at this computer's memory and network."
	default:
		return err
	}
	en.sealing, en.fresh, en.plan = nil, true, nil
	removePart(e.planPath(en.t.ID))
	en.meter.know(0)
	return en.again(once, twice, err)
}

func (e *Engine) uploadRequest(en *entry, src *source) *UploadRequest {
	r := requestOf(&en.t)
	r.Body, r.Progress, r.Fresh = src, src.progress, en.fresh
	if en.fresh {
		r.Name = string(chat.NewTransferID())
	}
	r.Remember = func(place string) error {
		t := en.t
		t.Place = place
		if err := e.cfg.Journal.Save(t); err != nil {
			return Temporary(notSaved, err)
		}
		e.set(en, t)
		en.fresh = false
		return nil
	}
	return r
}

// requestOf is what a store may know of an upload.
func requestOf(t *chat.Transfer) *UploadRequest {
	return &UploadRequest{ID: t.ID, Conversation: t.Conversation, Name: string(t.ID), Size: seal.SealedSize(t.File.Stored()), Place: t.Place}
}

// preview returns what a message says of the file. It looks into one that was
// not looked into, once. Only ctx ends it with an error: what can't be read goes
// as a file like any other.
func (e *Engine) preview(ctx context.Context, en *entry) (chat.File, error) {
	file := en.t.File
	if en.looked || len(file.Thumbnail) > 0 || file.IsFolder() {
		return file, nil
	}
	seen, _, err := preview.Look(ctx, en.t.Source())
	if ctx.Err() != nil {
		return file, ctx.Err()
	}
	if err != nil {
		e.log.Info("no preview", "transfer", en.t.ID, "error", err)
	}
	en.looked = true
	seen.URL, seen.Name, seen.Size, seen.SHA256, seen.Key, seen.Voice = file.URL, file.Name, file.Size, file.SHA256, file.Key, file.Voice
	if seen.MIME == "" || seen.MIME == preview.Unknown && file.MIME != "" {
		seen.MIME = cmp.Or(file.MIME, preview.Unknown)
	}
	return seen, nil
}

// again lets what went wrong go once more, and then no more.
func (en *entry) again(once, twice string, err error) error {
	if en.mismatches++; en.mismatches > 1 {
		en.mismatches = 0
		return Final(twice, err)
	}
	return Temporary(once, err)
}

// discard drops what a cancelled transfer left behind.
func (e *Engine) discard(t chat.Transfer) {
	if t.Direction == chat.Download {
		removePart(e.partPath(t.ID))
		_ = os.RemoveAll(e.partsPath(t.ID))
		return
	}
	e.forget(t.ID)
	handler, err := e.cfg.Handlers.forUpload(t.Store)
	dropper, ok := handler.(Dropper)
	if err != nil || !ok || t.Offset == 0 && t.Place == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.drops = append(e.drops, func(ctx context.Context) error {
		return dropper.Drop(ctx, requestOf(&t))
	})
	if len(e.drops) == 1 {
		e.attempts.Go(e.dropAll)
	}
}

// dropAll takes back the uploads that were cancelled, one after the other, as
// far as the store can be reached now. It runs while there are any.
func (e *Engine) dropAll() {
	for {
		e.mu.Lock()
		next := e.drops[0]
		e.mu.Unlock()
		ctx, cancel := context.WithTimeout(e.running, dropTime)
		if err := next(ctx); err != nil {
			e.log.Info("cancelled upload left to the store's sweeper", "error", err)
		}
		cancel()
		e.mu.Lock()
		e.drops = e.drops[1:]
		left := len(e.drops)
		e.mu.Unlock()
		if left == 0 {
			return
		}
	}
}
