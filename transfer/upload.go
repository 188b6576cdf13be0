package transfer

import (
	"cmp"
	"context"
	"strings"
	"time"

	"satchel/chat"
)

// upload takes one upload from preparing to done.
func (e *Engine) upload(ctx context.Context, en *entry) error {
	handler, err := e.cfg.Handlers.forUpload()
	if err != nil {
		return err
	}
	src, err := openSource(ctx, &en.t, en.sum, en.meter, e.cfg.Words)
	if err != nil {
		return err
	}
	defer src.Close()
	en.sum = src.sum

	file, err := e.preview(ctx, en)
	if err != nil {
		return err
	}
	// A thumbnail is worth a save: it is not made again after a restart.
	made := len(file.Thumbnail) > len(en.t.File.Thumbnail)
	if err := e.step(en, chat.EventMove, made, func(t *chat.Transfer) { t.File = file }); err != nil {
		return Temporary(notSaved, err)
	}

	request := e.uploadRequest(en, src)
	stop := e.watch(en, en.cancel)
	result, err := handler.Upload(ctx, request)
	stop()
	if failed := src.failed(); failed != nil && ctx.Err() == nil {
		return failed
	}
	if err != nil {
		return err
	}
	sum, err := src.finish()
	if err != nil {
		return err
	}
	if result.SHA256 != "" && !strings.EqualFold(result.SHA256, sum) {
		return en.mismatch("What arrived at the server is not what was sent, twice. Nothing was lost; try again, or look at this computer's memory and network.")
	}
	if err := e.step(en, chat.EventFinish, false, whole); err != nil {
		return err
	}
	if err := e.step(en, chat.EventDone, true, func(t *chat.Transfer) {
		t.File.URL, t.File.SHA256, t.Offset, t.Tries, t.Place = result.URL, sum, t.File.Size, 0, ""
	}); err != nil {
		return Temporary(notSaved, err)
	}
	return nil
}

func (e *Engine) uploadRequest(en *entry, src *source) *UploadRequest {
	t := &en.t
	return &UploadRequest{
		ID: t.ID, Conversation: t.Conversation, Name: t.File.Name, Size: t.File.Size,
		Body: src, Progress: src.progress,
		Place: t.Place,
		Remember: func(place string) error {
			t := en.t
			t.Place = place
			if err := e.cfg.Journal.Save(t); err != nil {
				return Temporary(notSaved, err)
			}
			e.set(en, t)
			en.fresh = false
			return nil
		},
		Fresh: en.fresh,
	}
}

// preview returns what a message says of the file. It looks into one that has
// no thumbnail, once. Only ctx ends it with an error: a picture that can't be
// read goes as a file like any other.
func (e *Engine) preview(ctx context.Context, en *entry) (chat.File, error) {
	file := en.t.File
	if en.looked || len(file.Thumbnail) > 0 {
		return file, nil
	}
	seen, err := Preview(ctx, en.t.Path)
	if ctx.Err() != nil {
		return file, ctx.Err()
	}
	if err != nil {
		e.log.Info("no preview", "transfer", en.t.ID, "error", err)
	}
	en.looked = true
	if file.MIME == "" || seen.MIME != "" && seen.MIME != unknownType {
		file.MIME = cmp.Or(seen.MIME, unknownType)
	}
	if len(seen.Thumbnail) > 0 {
		file.Width, file.Height, file.Thumbnail, file.Placeholder = seen.Width, seen.Height, seen.Thumbnail, seen.Placeholder
	}
	return file, nil
}

// mismatch is what follows when the checksums of both ends differ: once more
// from the first byte, then no more.
func (en *entry) mismatch(sentence string) error {
	en.sum, en.fresh = nil, true
	en.meter.know(0)
	if en.mismatches++; en.mismatches > 1 {
		en.mismatches = 0
		return Final(sentence, errMismatch)
	}
	return Temporary("What arrived is not what was sent. It goes once more, from the start.", errMismatch)
}

// discard drops what a cancelled transfer left behind.
func (e *Engine) discard(t chat.Transfer) {
	if t.Direction == chat.Download {
		removePart(e.partPath(t.ID))
		return
	}
	handler, err := e.cfg.Handlers.forUpload()
	dropper, ok := handler.(Dropper)
	if err != nil || !ok || t.Offset == 0 && t.Place == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.drops = append(e.drops, func(ctx context.Context) error {
		return dropper.Drop(ctx, &UploadRequest{ID: t.ID, Conversation: t.Conversation, Name: t.File.Name, Size: t.File.Size, Place: t.Place})
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
		ctx, cancel := context.WithTimeout(e.running, 10*time.Second)
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
