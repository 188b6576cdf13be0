package preview

import (
	"bufio"
	"encoding/json"
	"errors"
	"image"
	"io"
	"time"
)

// What a helper can be asked for.
const (
	opLook = iota
	opPicture
	opFrames
	opSound // has answers of its own: see Samples
)

// request is one line to a helper.
type request struct {
	Op            int
	Path          string
	Width, Height int
	Large         bool
	From          time.Duration // of a sound
}

// answer is one line from it; the pictures' pixels follow.
type answer struct {
	Warming  bool   `json:",omitempty"` // a decoder is made ready; another answer follows
	Error    string `json:",omitempty"`
	Kind     errorKind
	Found    Found
	Images   []dimensions
	Rate     int `json:",omitempty"` // of a sound: moments a second
	Channels int `json:",omitempty"`
	images   []*image.NRGBA
}

type dimensions struct {
	Width, Height int
	Delay         time.Duration
}

type errorKind int

const (
	fine errorKind = iota
	noPicture
	failed
)

func (a *answer) err() error {
	switch a.Kind {
	case fine:
		return nil
	case noPicture:
		return ErrNoPicture
	}
	return errors.Join(ErrFailed, errors.New(a.Error))
}

const maxAnswer = 1 << 20 // bytes of an answer's line

// write sends an answer, and the pixels of its pictures.
func (a *answer) write(w *bufio.Writer) error {
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return err
	}
	for _, img := range a.images {
		for y := range img.Rect.Dy() {
			if _, err := w.Write(img.Pix[y*img.Stride:][:4*img.Rect.Dx()]); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

var errAnswer = errors.New("the helper's answer makes no sense")

// read takes an answer to r. What a helper says was made from a hostile file.
func (a *answer) read(in *bufio.Reader, r *request) error {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) || len(line) > maxAnswer {
			return errors.Join(errAnswer, err)
		}
	}
	if err := json.Unmarshal(line, a); err != nil {
		return errors.Join(errAnswer, err)
	}
	f := &a.Found.File
	if len(f.Thumbnail) > thumbnailSize || len(f.Placeholder) > 64 || f.Width < 0 || f.Height < 0 || f.Duration < 0 || f.Pages < 0 ||
		len(f.Waveform) > waveBars || len(f.Excerpt) > maxExcerpt {
		return errAnswer
	}
	if a.Warming || a.Kind != fine {
		return nil
	}
	if r.Op != opLook && len(a.Images) == 0 || r.Op != opFrames && len(a.Images) > 1 {
		return errAnswer
	}
	total := 0
	for _, d := range a.Images {
		if d.Width < 1 || d.Height < 1 || d.Width > r.Width || d.Height > r.Height {
			return errAnswer
		}
		if total += d.Width * d.Height * 4; total > max(maxFilm, 4*maxSide*maxSide) {
			return errAnswer
		}
	}
	for _, d := range a.Images {
		img := image.NewNRGBA(image.Rect(0, 0, d.Width, d.Height))
		if _, err := io.ReadFull(in, img.Pix); err != nil {
			return errors.Join(errAnswer, err)
		}
		a.images = append(a.images, img)
	}
	return nil
}
