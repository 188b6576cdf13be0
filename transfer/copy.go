package transfer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"satchel/chat"
	"satchel/transfer/metadata"
	"satchel/transfer/preview"
)

// copyExt is how the copies of pictures are called that go in their place.
const copyExt = ".copy"

func (e *Engine) copyPath(id chat.TransferID) string {
	return filepath.Join(e.cfg.Folder, "parts", string(id)+copyExt)
}

// edit makes the copy that goes in a picture's place, when one is asked for and
// would differ. It is made once: a restart goes on with it.
func (e *Engine) edit(ctx context.Context, en *entry) error {
	t := en.t
	if t.Edit == (chat.PictureEdit{}) {
		return nil
	}
	if t.Copy != "" {
		if _, err := os.Stat(t.Copy); err == nil {
			return nil
		}
		return Final(t.File.Name+" was copied to be sent without its data, and the copy is gone. Send it again.", nil)
	}
	info, err := os.Stat(t.Path)
	if err == nil {
		err = unchanged(&t, info)
	}
	if err != nil {
		return sourceError(t.File.Name, err)
	}
	name, data, err := e.edited(ctx, &t, info.Size())
	if err != nil || data == nil {
		return err
	}
	path := e.copyPath(t.ID)
	if err := writeCopy(path, data); errors.Is(err, metadata.ErrDamaged) {
		return damaged(&t, err)
	} else if err != nil {
		return Final("This disk has no room for the copy of "+t.File.Name+" that is to be sent. Nothing was lost; make room, then try again.", err)
	}
	if info, err = os.Stat(path); err != nil {
		return sourceError(t.File.Name, err)
	}
	t.Copy, t.ModTime, t.File.Size, t.File.Name = path, info.ModTime(), info.Size(), name
	if err := e.cfg.Journal.Save(t); err != nil {
		return Temporary(notSaved, err)
	}
	e.set(en, t)
	return nil
}

// copier writes a copy. nil: the picture goes as it is.
type copier func(w *bufio.Writer) error

// edited chooses how the copy is made, and what it is called.
func (e *Engine) edited(ctx context.Context, t *chat.Transfer, size int64) (string, copier, error) {
	kind, err := preview.Type(t.Path)
	if err != nil {
		return "", nil, sourceError(t.File.Name, err)
	}
	if t.Edit.Smaller && Shrinks(kind) {
		small, err := smaller(ctx, t.Path, size)
		switch {
		case ctx.Err() != nil:
			return "", nil, ctx.Err()
		case err != nil:
			e.log.Info("no smaller picture", "transfer", t.ID, "error", err)
		case small != nil:
			return jpegName(t.File.Name, kind), func(w *bufio.Writer) error {
				_, err := w.Write(small)
				return err
			}, nil
		}
	}
	if !t.Edit.Clean || !metadata.Knows(kind) {
		return "", nil, nil
	}
	f, err := os.Open(t.Path)
	if err != nil {
		return "", nil, sourceError(t.File.Name, err)
	}
	facts, err := metadata.Read(f, size, kind)
	f.Close()
	if errors.Is(err, metadata.ErrDamaged) {
		return "", nil, damaged(t, err)
	} else if err != nil {
		return "", nil, sourceError(t.File.Name, err)
	}
	if !facts.Any() {
		return "", nil, nil
	}
	return t.File.Name, func(w *bufio.Writer) error {
		f, err := os.Open(t.Path)
		if err != nil {
			return err
		}
		defer f.Close()
		return metadata.Strip(w, f, size, kind)
	}, nil
}

func damaged(t *chat.Transfer, err error) error {
	return Final(t.File.Name+" is damaged: what it says of place and camera can't be removed, so it was not sent. Send it again and keep its data to send it as it is.", err)
}

// Shrinks tells of which kinds of pictures a smaller copy can be made.
func Shrinks(mime string) bool {
	return slices.Contains([]string{"image/jpeg", "image/png", "image/webp", "image/bmp", "image/heic", "image/heif", "image/avif"}, mime)
}

// smaller returns a picture with a longer side of chat.SmallerSide, as JPEG; nil
// when that saves nothing.
func smaller(ctx context.Context, path string, size int64) ([]byte, error) {
	found, _, err := preview.Look(ctx, path)
	if err != nil || max(found.Width, found.Height) <= chat.SmallerSide {
		return nil, err
	}
	img, err := preview.Large(ctx, path, chat.SmallerSide, chat.SmallerSide)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 85}); err != nil || int64(out.Len()) >= size {
		return nil, err
	}
	return out.Bytes(), nil
}

func jpegName(name, kind string) string {
	if kind == "image/jpeg" {
		return name
	}
	return strings.TrimSuffix(name, filepath.Ext(name)) + ".jpg"
}

// writeCopy writes a copy as a whole, or not at all.
func writeCopy(path string, write copier) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC|noFollow, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 256<<10)
	if err = write(w); err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		removePart(path + ".new")
	}
	return err
}
