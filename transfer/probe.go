package transfer

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"satchel/chat"
)

// Probe tries a store as a person's settings describe it: it writes a small
// file, reads it by the URL that a message would name, compares, and deletes
// it. The error is one sentence for the person who typed the settings, by
// Reason. It takes a minute at most.
func Probe(ctx context.Context, h Handler) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	data := make([]byte, 64<<10)
	rand.Read(data)
	up := &UploadRequest{ID: chat.NewTransferID(), Name: "satchel-test", Size: int64(len(data)), Body: bytes.NewReader(data), Progress: func(int64) {}}
	up.Remember = func(place string) error { up.Place = place; return nil }
	result, err := h.Upload(ctx, up)
	if err != nil {
		return tried(err)
	}
	back := bounded{most: len(data)}
	read := h.Download(ctx, &DownloadRequest{URL: result.URL, Size: up.Size, Body: &back, Progress: func(int64) {}})
	if read == nil && !bytes.Equal(back.Bytes(), data) {
		read = errMismatch
	}
	var removed error
	if d, ok := h.(Dropper); ok {
		removed = d.Drop(ctx, up)
	}
	switch {
	case errors.Is(read, errMismatch):
		return Final("What was read back is not what was written. The address of the files for others does not seem to lead to this store; check it.", read)
	case read != nil:
		e := *tried(read)
		e.Sentence, e.Err = "A file could be written, but not read back by its link. "+e.Sentence, read
		return &e
	case removed != nil:
		return Final("Files can be written and read, but not deleted: uploads that are cancelled will stay. Allow deleting, or clean up there yourself.", removed)
	}
	return nil
}

// tried is err for somebody who tests: nothing goes on by itself.
func tried(err error) *Error {
	e := *explain(err)
	if what, _, ok := strings.Cut(e.Sentence, ". "); ok && e.Retry {
		e.Sentence = what + ". Check the address and the network, then test again."
	}
	return &e
}

// bounded is a buffer that takes so many bytes and no more.
type bounded struct {
	bytes.Buffer
	most int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.most {
		return 0, errMismatch
	}
	return b.Buffer.Write(p)
}
