package transfer

import (
	"context"
	"errors"
	"io"
	"os"

	"satchel/net/priority"
	"satchel/transfer/metadata"
	"satchel/transfer/preview"
)

// planClean looks which pictures in a folder say where, when or with what they were
// taken. What goes of those is a splice of their own bytes, so they are read where
// they lie, as all files of a folder are.
func (e *Engine) planClean(ctx context.Context, en *entry, p *plan) error {
	if !en.t.Edit.Clean {
		return nil
	}
	b := &treeBody{ctx: ctx, plan: p, meter: en.meter}
	defer b.Close()
	bulk := e.cfg.Words.Bulk()
	for i := range p.entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		f := &p.entries[i]
		en.meter.touch()
		if f.Folder || f.Size == 0 {
			continue
		}
		b.shut()
		file, err := b.open(f)
		if err != nil {
			continue // what becomes of it is told when it is its turn
		}
		pieces, err := toClean(readAside{ctx, file, &bulk, en.meter}, file, f.Size)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !b.still(f):
			continue
		case errors.Is(err, metadata.ErrDamaged):
			return Final("“"+shortPath(f.Path)+"” in this folder is damaged: what it says of place and camera can't be removed, so nothing was sent. Take it out of the folder, or send the folder again and keep what pictures say.", err)
		case err != nil:
			return sourceError(en.t.File.Name+"/"+f.Path, err)
		case pieces != nil:
			f.Whole, f.Pieces, f.Size = f.Size, pieces, metadata.Size(pieces)
		}
	}
	return nil
}

// toClean returns of what the cleaned copy of a picture is made; nil: it is none, or
// says nothing.
func toClean(r io.ReaderAt, file *os.File, size int64) ([]metadata.Piece, error) {
	kind, err := preview.TypeOf(file)
	if err != nil || !metadata.Knows(kind) {
		return nil, err
	}
	facts, err := metadata.Read(r, size, kind)
	if err != nil || !facts.Any() {
		return nil, err
	}
	return metadata.Pieces(r, size, kind)
}

// readAside is a file that is read after what people wrote.
type readAside struct {
	ctx   context.Context
	file  io.ReaderAt
	bulk  *priority.Bulk
	meter *meter
}

// ReadAt implements io.ReaderAt.
func (p readAside) ReadAt(b []byte, at int64) (int, error) {
	p.bulk.Pass(p.ctx, len(b))
	p.meter.touch()
	return p.file.ReadAt(b, at)
}
