package preview

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"

	"github.com/hajimehoshi/go-mp3"
	"github.com/jfreymuth/oggvorbis"
	"github.com/mewkiz/flac"
)

// decoder gives a sound's samples. In the helper.
type decoder struct {
	rate, channels int
	frames         int64                   // how many moments there are; 0: not known
	next           func() ([]int16, error) // the next samples, valid until the call after; io.EOF with the last
	seek           func(frame int64) int64 // goes to a moment, or before it, and returns how many are still to be dropped; nil: all
	close          func()
}

var errSound = errors.New("a sound that makes no sense")

// openSound opens the sound of a job's file. Somebody else may have sent it, so
// ffmpeg is not asked: see docs/security.md.
func (j *job) openSound() (*decoder, error) {
	f, err := os.Open(j.Path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	file := &source{ctx: j.ctx, file: f, size: info.Size(), path: j.Path}
	if file.kind, err = typeOf(f, j.Path); err != nil {
		f.Close()
		return nil, err
	}
	d, err := decode(file)
	if err == nil && (d.rate < 1 || d.rate > maxRate || d.channels < 1 || d.channels > 32) {
		err = errSound
	}
	if err == nil {
		d.close = func() { f.Close() }
		return d, nil
	}
	f.Close()
	return nil, err
}

// decode opens the kinds that are known here. ErrNoPicture: it is none of them.
func decode(file *source) (*decoder, error) {
	switch file.kind {
	case "audio/wav", "audio/x-wav", "audio/vnd.wave":
		return decodeWAV(file)
	case "audio/mpeg":
		return decodeMP3(file)
	case "audio/ogg", "application/ogg":
		return decodeVorbis(file)
	case "audio/flac":
		return decodeFLAC(file)
	}
	return nil, ErrNoPicture
}

func decodeWAV(file *source) (*decoder, error) {
	w, err := findWAV(file, file.size)
	if err != nil {
		return nil, err
	}
	at, frame := int64(0), make([]byte, w.align*blockFrames)
	out := make([]int16, 0, w.channels*blockFrames)
	width := w.align / w.channels
	d := &decoder{rate: int(w.rate), channels: w.channels, frames: w.frames}
	d.seek = func(to int64) int64 {
		at = min(to, w.frames)
		return 0
	}
	d.next = func() ([]int16, error) {
		n := min(blockFrames, w.frames-at)
		if n <= 0 {
			return nil, io.EOF
		}
		b := frame[:n*int64(w.align)]
		if _, err := file.ReadAt(b, w.at+at*int64(w.align)); err != nil {
			return nil, err
		}
		at, out = at+n, out[:0]
		for i := 0; i < len(b); i += width {
			out = append(out, sample16(w.sample(b[i:i+width])))
		}
		return out, nil
	}
	return d, nil
}

func sample16(v float64) int16 { return int16(math.Round(min(max(v, -1), 1) * math.MaxInt16)) }

func decodeMP3(file *source) (*decoder, error) {
	m, err := mp3.NewDecoder(file.reader())
	if err != nil {
		return nil, err
	}
	const frame = 4 // bytes: it always gives two channels
	d := &decoder{rate: m.SampleRate(), channels: 2, frames: max(0, m.Length()/frame)}
	d.seek = func(to int64) int64 {
		if _, err := m.Seek(min(to, d.frames)*frame, io.SeekStart); err != nil {
			return to
		}
		return 0
	}
	b, out := make([]byte, frame*blockFrames), make([]int16, 0, 2*blockFrames)
	d.next = func() ([]int16, error) {
		n, err := io.ReadFull(m, b)
		out = out[:0]
		for i := 0; i+1 < n; i += 2 {
			out = append(out, int16(binary.LittleEndian.Uint16(b[i:])))
		}
		return out, err
	}
	return d, nil
}

func decodeVorbis(file *source) (*decoder, error) {
	v, err := oggvorbis.NewReader(file.reader())
	if err != nil {
		return nil, err
	}
	d := &decoder{rate: v.SampleRate(), channels: v.Channels(), frames: max(0, v.Length())}
	if d.channels < 1 {
		return nil, errSound
	}
	d.seek = func(to int64) int64 {
		if v.SetPosition(min(to, d.frames)) != nil {
			return to
		}
		return 0
	}
	in, out := make([]float32, d.channels*blockFrames), make([]int16, 0, d.channels*blockFrames)
	d.next = func() ([]int16, error) {
		n, err := v.Read(in)
		out = out[:0]
		for _, s := range in[:n] {
			out = append(out, sample16(float64(s)))
		}
		return out, err
	}
	return d, nil
}

func decodeFLAC(file *source) (*decoder, error) {
	stream, err := flac.New(file.reader())
	if err != nil {
		return nil, err
	}
	info := stream.Info
	d := &decoder{rate: int(info.SampleRate), channels: int(info.NChannels), frames: int64(min(info.NSamples, 1<<40))}
	shift := int(info.BitsPerSample) - 16
	var out []int16
	d.next = func() ([]int16, error) {
		f, err := stream.ParseNext()
		if err != nil {
			return nil, err
		}
		if len(f.Subframes) != d.channels {
			return nil, errSound
		}
		out = out[:0]
		for i := range f.Subframes[0].Samples {
			for _, sub := range f.Subframes {
				if i >= len(sub.Samples) {
					return nil, errSound
				}
				v := sub.Samples[i]
				if shift >= 0 {
					v >>= shift
				} else {
					v <<= -shift
				}
				out = append(out, int16(v))
			}
		}
		return out, nil
	}
	return d, nil
}
