package preview

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"strings"

	"satchel/transfer/metadata"
)

// look carries out a job's request on its file. In the helper.
func (j *job) look() ([]*image.NRGBA, error) {
	f, err := os.Open(j.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file := &source{ctx: j.ctx, file: f, size: info.Size(), path: j.Path}
	if file.kind, err = typeOf(f, j.Path); err != nil {
		return nil, err
	}
	if j.Op == opFrames {
		if file.kind != "image/gif" {
			return nil, ErrNoPicture
		}
		frames, delays, err := film(file, j.Width, j.Height)
		j.delay = delays
		return frames, err
	}
	if j.Op == opPicture {
		drawn, err := j.draw(file, j.Width, j.Height)
		if err != nil {
			return nil, err
		}
		return []*image.NRGBA{drawn.small}, nil
	}
	j.found.File.MIME = file.kind
	known := j.found
	if err := j.describe(file); err != nil {
		j.found = known // half of it would be odder than nothing
		if errors.Is(err, ErrNoPicture) {
			return nil, nil
		}
		return nil, fmt.Errorf("look into %s: %w", file.kind, err)
	}
	return nil, nil
}

// source is the file that is looked into. Reading ends with the job's context.
type source struct {
	ctx  context.Context
	file *os.File
	size int64
	path string
	kind string
}

// reader reads it from the start.
func (s *source) reader() io.ReadSeeker { return io.NewSectionReader(s, 0, s.size) }

// ReadAt implements io.ReaderAt.
func (s *source) ReadAt(p []byte, at int64) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.file.ReadAt(p, at)
}

// describe fills in what a message says of the file.
func (j *job) describe(file *source) error {
	f := &j.found.File
	switch {
	case strings.HasPrefix(file.kind, "audio/") || file.kind == "application/ogg":
		return j.sound(file)
	case strings.HasPrefix(file.kind, "video/"):
		return j.video(file)
	case isText(file.kind):
		return j.text(file)
	case file.kind == "application/pdf":
		f.Pages = pagesOf(file)
	}
	if metadata.Knows(file.kind) {
		facts, err := metadata.Read(file, file.size, file.kind)
		if err == nil {
			j.found.Facts = facts
		}
	}
	drawn, err := j.draw(file, thumbnailSide, thumbnailSide)
	if err != nil {
		if file.kind == "application/pdf" {
			return nil // its pages are something, and it is sent to be read
		}
		return err
	}
	f.Width, f.Height = drawn.width, drawn.height
	return j.thumbnail(drawn.small)
}

// thumbnail fills in the small pictures.
func (j *job) thumbnail(small *image.NRGBA) (err error) {
	f := &j.found.File
	if f.Thumbnail, err = Encode(small); err == nil {
		f.Placeholder = placeholder(small)
	}
	return err
}
